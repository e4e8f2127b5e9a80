//! The model of an answer to `NEAR`: brute force over all that the server may know just then.

use super::super::report::Report;
use super::super::scope::{BORDER_METRES, metres_between};
use herd::wire::Location;
use std::collections::BTreeSet;

/// Who may be near in the callback that is about to be called.
#[derive(Debug)]
pub struct WhoIsNear {
    /// Where the centre may be; nowhere, if nobody may know the client that is asked about.
    centres: Vec<Option<Location>>,
    radius_metres: f64,
    bound: usize,
    /// All but the one that is asked about, each with all that may be known of it.
    clients: Vec<(Vec<u8>, Vec<Option<Report>>)>,
}

impl WhoIsNear {
    pub fn new(
        centres: Vec<Option<Location>>,
        radius_metres: f64,
        bound: usize,
        clients: Vec<(Vec<u8>, Vec<Option<Report>>)>,
    ) -> Self {
        WhoIsNear { centres, radius_metres, bound, clients }
    }

    /// Whether the question may be refused.
    pub fn may_be_unknown(&self) -> bool {
        self.centres.contains(&None)
    }

    /// The length of the answer that `bytes` begin with, if it is right.
    pub fn length(&self, bytes: &[u8]) -> Result<usize, String> {
        let (mut lines, mut length) = (Vec::new(), 0);
        loop {
            let rest = &bytes[length..];
            let end = rest.iter().position(|&byte| byte == b'\n').ok_or("it has no end")?;
            length += end + 1;
            if end == 0 {
                break;
            }
            lines.push(&rest[..=end]);
        }
        let mut why = "it is not known where that client is".to_owned();
        for centre in self.centres.iter().flatten() {
            match self.judge(centre, &lines) {
                Ok(()) => return Ok(length),
                Err(wrong) => why = wrong,
            }
        }
        Err(why)
    }

    fn judge(&self, centre: &Location, lines: &[&[u8]]) -> Result<(), String> {
        if lines.len() > self.bound {
            return Err(format!("{} instead of at most {}", lines.len(), self.bound));
        }
        let away = |report: &Report| {
            let place = Location::parse(report.location());
            place.map_or(f64::MAX, |place| metres_between(centre, &place))
        };
        let (mut told, mut last) = (BTreeSet::new(), None);
        for line in lines {
            let wrong = |why: &str| format!("{}: {why}", line.escape_ascii());
            let (metres, at) = metres_and_line(line).ok_or_else(|| wrong("no distance"))?;
            let mut all = self.clients.iter().flat_map(|(_, known)| known.iter().flatten());
            let report = all.find(|report| report.line() == at);
            let report = report.ok_or_else(|| wrong("nothing that is known"))?;
            let distance = away(report);
            if (distance - metres).abs() > BORDER_METRES {
                return Err(wrong(&format!("{distance} m away")));
            }
            if distance > self.radius_metres + BORDER_METRES {
                return Err(wrong("beyond the radius"));
            }
            let place = (metres, report.client());
            if last.is_some_and(|last| last >= place) || !told.insert(report.client()) {
                return Err(wrong("out of order, or once more"));
            }
            last = Some(place);
        }
        let may_lack = |known: &Option<Report>| {
            known.as_ref().is_none_or(|report| {
                let distance = away(report);
                let is_cut = lines.len() == self.bound
                    && last.is_none_or(|(metres, _)| distance + BORDER_METRES >= metres);
                is_cut || distance > self.radius_metres - BORDER_METRES
            })
        };
        let mut untold = self.clients.iter().filter(|(client, _)| !told.contains(&client[..]));
        match untold.find(|(_, known)| !known.iter().any(may_lack)) {
            Some((client, _)) => Err(format!("{} is left out", client.escape_ascii())),
            None => Ok(()),
        }
    }
}

/// Of kilometres with three decimals, a space and the rest.
fn metres_and_line(line: &[u8]) -> Option<(f64, &[u8])> {
    let space = line.iter().position(|&byte| byte == b' ')?;
    let (kilometres, rest) = (std::str::from_utf8(&line[..space]).ok()?, &line[space + 1..]);
    let (whole, decimals) = kilometres.split_once('.')?;
    let digits = decimals.len() == 3 && !whole.is_empty();
    let metres: u64 = format!("{whole}{decimals}").parse().ok().filter(|_| digits)?;
    Some((metres as f64, rest))
}

#[test]
fn who_is_near_is_told_in_order_and_with_the_distance() {
    let report = |client: &str, place: &str| {
        Report::new(format!("AT S +0.000000000 {client} {place} 1\n").into_bytes(), 0)
    };
    let known = [("a", "+0+1"), ("b", "+0-1"), ("c", "+0+3"), ("d", "+0+9")];
    let clients = known.map(|(client, place)| (client.into(), vec![Some(report(client, place))]));
    let centre = Location::parse(b"+0+0");
    let model = |bound| WhoIsNear::new(vec![centre], 400_000.0, bound, clients.to_vec());
    let line = |distance: &str, client: &str, place: &str| {
        format!("{distance} AT S +0.000000000 {client} {place} 1\n")
    };
    let (a, b) = (line("111.195", "a", "+0+1"), line("111.195", "b", "+0-1"));
    let (c, d) = (line("333.585", "c", "+0+3"), line("1000.756", "d", "+0+9"));
    let right = format!("{a}{b}{c}\n");
    let answers = |bound, lines: &[&String]| {
        let answer = lines.iter().map(|line| line.as_str()).collect::<String>() + "\n";
        model(bound).length(answer.as_bytes())
    };
    assert_eq!(answers(20, &[&a, &b, &c]), Ok(right.len()));
    assert!(answers(2, &[&a, &b]).is_ok() && answers(0, &[]).is_ok());
    let far = line("111.199", "a", "+0+1");
    let other = line("111.195", "a", "+0-1");
    for wrong in [
        &[&a, &b][..],
        &[&b, &a, &c],
        &[&a, &a, &b, &c],
        &[&a, &b, &c, &d],
        &[&far, &b, &c],
        &[&other, &b, &c],
    ] {
        assert!(answers(20, wrong).is_err(), "{wrong:?}");
    }
    assert!(answers(2, &[&a, &b, &c]).is_err(), "too many");
    assert!(answers(2, &[&a, &c]).is_err(), "not the nearest");
    assert!(!model(1).may_be_unknown() && model(1).length(b"1").is_err());
}
