//! Scripted transcripts: `<` is said, `>` is read, and the last line is what must not come.

use super::*;

const C1: &str = "AT S +0.000000001 c1 +1+1 5";
const C1_LATER: &str = "AT S +0.000000001 c1 +1+1 6";
const C1_FAR: &str = "AT S +0.000000001 c1 +40+40 7";
const C2: &str = "AT S +0.000000001 c2 +1+2 5";

/// Goes through a transcript; what is said of its end.
fn play(lines: &[&str]) -> (Notebook, Result<(), String>) {
    let mut notebook = Notebook::default();
    let mut result = Ok(());
    for line in lines {
        assert_eq!(result, Ok(()), "before {line}");
        match line.split_once(' ') {
            Some(("<", said)) => notebook.asks(said.as_bytes()),
            Some((">", read)) => {
                // In two pieces, as it may be.
                let bytes = format!("{read}\n").into_bytes();
                let (one, other) = bytes.split_at(bytes.len() / 2);
                result = notebook.reads(one).and_then(|()| notebook.reads(other));
            }
            _ => unreachable!("{line}"),
        }
    }
    (notebook, result)
}

fn is_well(lines: &[&str]) -> Notebook {
    let (notebook, result) = play(lines);
    assert_eq!(result, Ok(()), "{lines:?}");
    notebook
}

fn is_wrong(why: &str, lines: &[&str]) {
    let (_, result) = play(lines);
    assert!(result.as_ref().is_err_and(|said| said.starts_with(why)), "{result:?}: {lines:?}");
}

fn event(line: &str) -> String {
    format!("> ~ {line}")
}

fn report(line: &str) -> Report {
    Report::read(line.as_bytes()).expect("an AT line")
}

#[test]
fn what_is_told_is_kept_and_compared_with_what_is_so() {
    let (c1, later, c2) = (event(C1), event(C1_LATER), event(C2));
    let notebook = is_well(&[
        "< WATCH *",
        "> WATCH *",
        &c1,
        &c2,
        &later,
        "> ~ NOW *",
        "< UNWATCH x",
        "> ? UNWATCH x",
    ]);
    assert!(notebook.is_settled());
    assert_eq!(notebook.watches(), 1);
    assert_eq!(notebook.clients().collect::<Vec<_>>(), [b"c1", b"c2"]);
    assert_eq!(notebook.agrees(b"c1", Some(&report(C1_LATER))), Ok(()));
    assert!(notebook.agrees(b"c1", Some(&report(C1))).is_err(), "it was told of something later");
    assert!(notebook.agrees(b"c1", None).is_err());
    assert!(notebook.agrees(b"c3", Some(&report("AT S +0.1 c3 +1+1 5"))).is_err(), "untold");
    assert_eq!(notebook.agrees(b"c3", None), Ok(()));
}

#[test]
fn an_area_is_left_and_entered() {
    let (c1, back) = (event(C1), event("AT S +0.000000001 c1 +1+1 8"));
    let area = ["< WATCH  +1+1  10", "> WATCH  +1+1  10", &c1, "> ~ NOW +1+1 10", "> ~ OUT c1"];
    let notebook = is_well(&area);
    assert_eq!(notebook.agrees(b"c1", Some(&report(C1_FAR))), Ok(()));
    assert!(notebook.agrees(b"c1", Some(&report(C1))).is_err(), "it is there");
    is_well(&[&area[..], &[&back]].concat());
    is_wrong("back where it was", &[&area[..], &[&c1]].concat());
    is_wrong("about a client", &[&area[..], &["> ~ OUT c1"]].concat());
    is_wrong("nobody watches", &[&area[..3], &[&event(C2)]].concat());
    is_wrong("nobody watches", &[&area[..3], &[&event(C1_FAR)]].concat());
}

#[test]
fn positions_never_go_back_and_are_told_twice_only_for_a_new_watch() {
    let (c1, later) = (event(C1), event(C1_LATER));
    let told = ["< WATCH c1", "> WATCH c1", &later, "> ~ NOW c1"];
    is_wrong("goes back", &[&told[..], &[&c1]].concat());
    is_wrong("told twice", &[&told[..], &[&later]].concat());
    let again = [&told[..], &["< WATCH c1", "> WATCH c1", &later]].concat();
    is_well(&[&again[..], &["> ~ NOW c1"]].concat());
    is_wrong("told twice", &[&again[..], &[&later]].concat());
    let two = [&told[..], &["< WATCH *", "> WATCH *", "< WATCH c1", "> WATCH c1", &later, &later]];
    is_well(&two.concat());
    let both = ["< WATCH *", "> WATCH *", "< WATCH c1", "> WATCH c1", &later, "> ~ NOW c1"];
    is_well(&[&told[..], &both, &[&later]].concat());
    is_wrong("told twice", &[&told[..], &both, &[&later, &later]].concat());
    // It changed just when the second watch began.
    let begun =
        ["< WATCH *", "> WATCH *", "> ~ NOW *", "< WATCH c1", "> WATCH c1", &c1, "> ~ NOW c1"];
    is_well(&[&begun[..], &[&c1]].concat());
    is_wrong("told twice", &[&begun[..], &[&c1, &c1]].concat());
    is_wrong("it cannot leave", &[&told[..], &["> ~ OUT c1"]].concat());
}

#[test]
fn all_that_is_so_ends_once_for_each_watch() {
    let now = "all that is so";
    is_wrong(now, &["> ~ NOW *"]);
    is_wrong(now, &["< WATCH *", "> ~ NOW *"]);
    is_wrong(now, &["< WATCH *", "> WATCH *", "> ~ NOW *", "> ~ NOW *"]);
    is_wrong(now, &["< WATCH *", "> WATCH *", "> ~ NOW c1"]);
    is_wrong(now, &["< WATCH *", "> WATCH *", "< UNWATCH *", "> UNWATCH *", "> ~ NOW *"]);
    assert!(!is_well(&["< WATCH *", "> WATCH *"]).is_settled());
    assert!(!is_well(&["< WATCH *"]).is_settled());
}

#[test]
fn answers_are_whole_and_in_order() {
    let c1 = event(C1);
    let asks = ["< WATCH *", "> WATCH *", "< WHATSAT c1 10 5", "< IAMAT me +1+1 9"];
    let answer = ["> AT S +0.000000001 c1 +1+1 5", "> {", "> }", "> ", "> AT T +0.5 me +1+1 9"];
    is_well(&[&asks[..], &[&c1], &answer].concat());
    is_wrong("an event inside", &[&asks[..], &answer[..2], &[&c1]].concat());
    let near = ["< WATCH *", "> WATCH *", "< NEAR me 1 9", "> 0.000 AT S +0.1 c1 +1+1 5"];
    is_well(&[&near[..], &["> ", &c1]].concat());
    is_wrong("an event inside", &[&near[..], &[&c1]].concat());
    is_wrong("no answer", &[&near[..3], &["> AT S +0.1 c1 +1+1 5"]].concat());
    is_wrong("no answer", &[&asks[..], &["> AT T +0.5 me +1+1 9"]].concat());
    is_wrong("an answer to nothing", &["> AT T +0.5 me +1+1 9"]);
    is_wrong("no answer", &["< WATCH *", "> WATCH  *"]);
    is_wrong("no event", &["< WATCH *", "> WATCH *", "> ~ HERE c1"]);
    let own = event("AT T +0.500000000 me +1+1 9");
    is_wrong("an own report", &[&asks[..], &[&own]].concat());
    is_well(&[&asks[..], &answer, &[&own]].concat());
}

#[test]
fn what_is_taken_back_is_not_told_of() {
    let c1 = event(C1);
    let told = ["< WATCH *", "> WATCH *", &c1, "> ~ NOW *", "< UNWATCH *", "> UNWATCH *"];
    let notebook = is_well(&told);
    assert_eq!(notebook.agrees(b"c1", Some(&report(C1))), Ok(()));
    let later = event(C1_LATER);
    is_wrong("nobody watches", &[&told[..], &[&later]].concat());
    is_wrong("about a client", &[&told[..], &["> ~ EXPIRED c1"]].concat());
    is_wrong("no answer", &[&told[..], &["< UNWATCH *", "> UNWATCH *"]].concat());
    is_wrong("no answer", &["< WATCH *", "> WATCH *", "< UNWATCH *", "> ? UNWATCH *"]);
    is_well(&[&told[..], &["< WATCH c1", "> WATCH c1", &c1, "> ~ NOW c1"]].concat());
}

#[test]
fn who_is_forgotten_comes_back_with_later_reports_alone() {
    let (c1, later) = (event(C1), event(C1_LATER));
    let told = ["< WATCH *", "> WATCH *", &c1];
    is_wrong("forgotten before", &[&told[..], &["> ~ GONE S +0.1 c1 4.9"]].concat());
    let gone = [&told[..], &["> ~ GONE S +0.1 c1 5.5"]].concat();
    is_well(&[&gone[..], &[&later]].concat());
    is_wrong("goes back", &[&gone[..], &[&event("AT S +0.1 c1 +1+1 5.5")]].concat());
    is_well(&[&gone[..], &["> ~ GONE T +0.0 c1 5.5"]].concat());
    is_wrong("about a client", &[&gone[..], &["> ~ GONE S +0.1 c1 5.4"]].concat());
    is_well(&[&told[..], &["> ~ GONE S +0.1 c2 5.4"]].concat());
    let of_one = ["< WATCH c1", "> WATCH c1", &c1, "> ~ GONE S +0.1 c1 5.5"];
    is_wrong("about a client", &[&of_one[..], &["> ~ GONE T +0.0 c1 5.5"]].concat());
    is_wrong("about a client", &[&of_one[..], &["> ~ GONE S +0.1 c2 5.5"]].concat());
    is_well(&[&told[..], &["> ~ EXPIRED c1", &later]].concat());
}
