//! Man pages and completions, which are made of what the programs say for `--help`.

use super::{dist, good, have};
use crate::harness::Directory;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A command line up to the cursor, and what the shell may go on with, among others or (where it begins
/// with `=`) alone.
const CASES: [(&str, &str); 8] = [
    ("ask -H riley J", "=Jaquez Juzang"),
    ("ask --herd=alford Ha", "=Hamilton"),
    ("herd --herd al", "=alford"),
    ("herd --journal-s", "=--journal-sync"),
    ("herd --journal-sync ", "=always second"),
    ("herdca re", "=revoke"),
    ("herdca token keys --may f", "=forget"),
    ("places --cor", "="),
];

/// Where the package has its files.
fn share() -> PathBuf {
    dist().join("root/usr/share")
}

/// A shell that finds the programs under test, and nothing of whoever runs the tests.
fn shell(name: &str, directory: &Path) -> Command {
    let programs = dist().join("root/usr/bin");
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new(name);
    command.env("PATH", format!("{}:{path}", programs.display()));
    command
        .env("HOME", directory)
        .env("XDG_CONFIG_HOME", directory)
        .env("XDG_DATA_HOME", directory);
    command
}

fn words(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    words.sort_unstable();
    words
}

#[test]
fn each_program_has_a_man_page_that_roff_reads_without_complaint() {
    let pages = share().join("man/man1");
    let directory = Directory::new();
    let mut count = 0;
    for page in fs::read_dir(&pages).unwrap().map(|entry| entry.unwrap().path()) {
        count += 1;
        let name = page.file_name().unwrap().to_str().unwrap().strip_suffix(".1.gz").unwrap();
        let text = good(Command::new("gzip").arg("-cd").arg(&page), directory.path());
        assert!(text.contains(&format!(".SH NAME\n{name} \\- ")), "{text}");
        for section in [".SH SYNOPSIS\n", ".SH DESCRIPTION\n", "\\fB\\-h\\fR, \\fB\\-\\-help\\fR\n"]
        {
            assert!(text.contains(section), "{name}: {section}");
        }
    }
    let programs = fs::read_dir(dist().join("root/usr/bin")).unwrap().count();
    assert!(count == programs && count >= 5, "{count} pages of {programs} programs");
    if have("whether roff reads the man pages", &["groff", "sh"]) {
        let mut groff = Command::new("sh");
        let read = "for page; do gzip -cd \"$page\" | groff -man -ww -Tutf8 -P-bcou 2>&1 >shown; done; cat shown";
        groff.args(["-c", read, "sh"]).arg(pages.join("herd.1.gz"));
        let shown = good(&mut groff, directory.path());
        assert!(shown.contains("--journal-sync") && shown.contains("EXIT STATUS"), "{shown}");
        groff = Command::new("sh");
        groff.args([
            "-c",
            "for page; do gzip -cd \"$page\" | groff -man -ww -Tutf8 -z 2>&1; done",
            "sh",
        ]);
        groff.args(fs::read_dir(&pages).unwrap().map(|entry| entry.unwrap().path()));
        assert_eq!(good(&mut groff, directory.path()), "", "complaints");
    }
}

#[test]
fn bash_completes() {
    if !have("completion by bash", &["bash"]) {
        return;
    }
    let script = r#"
        program=${1%% *}
        . "$2/bash-completion/completions/$program"
        compopt() { :; }
        line=${1//=/ = }
        read -ra COMP_WORDS <<<"$line"
        [[ $line != *' ' ]] || COMP_WORDS+=('')
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        "_$program"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let directory = Directory::new();
    for (line, expected) in CASES {
        let mut bash = shell("bash", directory.path());
        let said = good(bash.args(["-c", script, "bash", line]).arg(share()), directory.path());
        assert_eq!(words(&said), words(&expected[1..]), "{line}");
    }
}

/// A name is nobody's command, whatever is in it.
#[test]
fn what_a_herd_file_calls_a_server_is_not_run_by_bash() {
    if !have("completion by bash", &["bash"]) {
        return;
    }
    let directory = Directory::new();
    let file = r#"{"herd": "x", "servers": [{"name": "$(touch>run)", "host": "h", "port": 1}]}"#;
    fs::write(directory.join("x.json"), file).unwrap();
    let script = r#". "$1"; COMP_WORDS=(ask -H x.json '') COMP_CWORD=3; _ask; printf '%s' "${COMPREPLY[@]}""#;
    let completion = share().join("bash-completion/completions/ask");
    let mut bash = shell("bash", directory.path());
    let said = good(bash.args(["-c", script, "bash"]).arg(completion), directory.path());
    assert_eq!(said, r"\$\(touch\>run\)");
    assert!(!directory.join("run").exists());
}

#[test]
fn fish_completes() {
    if !have("completion by fish", &["fish"]) {
        return;
    }
    let directory = Directory::new();
    for (line, expected) in CASES {
        let program = words(line).into_iter().find(|word| line.starts_with(word)).unwrap();
        let file = share().join(format!("fish/vendor_completions.d/{program}.fish"));
        let mut fish = shell("fish", directory.path());
        fish.args(["--no-config", "-c", "source $argv[1]; complete -C $argv[2]"])
            .arg(file)
            .arg(line);
        let said = good(&mut fish, directory.path());
        // Behind a tab stands what it is.
        let said: Vec<&str> = said.lines().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!(words(&said.join(" ")), words(&expected[1..]), "{line}");
    }
}

/// Its completion runs within its line editor alone, so it gets a terminal; the first of many is taken.
#[test]
fn zsh_completes() {
    if !have("completion by zsh", &["zsh"]) {
        return;
    }
    let directory = Directory::new();
    let script = r#"
        zmodload zsh/zpty
        print -r -- "fpath=($2/zsh/vendor-completions \$fpath)
            autoload -U compinit; compinit -u -D; setopt menucomplete
            probe() { zle complete-word; print -r -- \"\$BUFFER\" >now; mv now shown }
            zle -N probe; bindkey '^I' probe" >setup
        zpty shell "TERM=dumb zsh -f -i"
        zpty -w shell "source ./setup"
        zpty -w -n shell "$1"$'\t'
        for ((i = 0; i < 600; i++)); do
            [[ -s shown ]] && break
            zpty -r -t shell dropped
            sleep 0.05
        done
        zpty -d shell
        cat shown"#;
    for (line, expected) in CASES {
        let _ = fs::remove_file(directory.join("shown"));
        let mut zsh = shell("zsh", directory.path());
        let said = good(zsh.args(["-f", "-c", script, "zsh", line]).arg(share()), directory.path());
        let (before, _) = line.rsplit_once([' ', '=']).unwrap();
        let went_on = said[before.len() + 1..].trim().trim_end_matches('=');
        let expected = words(&expected[1..]);
        let known = expected.is_empty() && line.ends_with(went_on) || expected.contains(&went_on);
        assert!(known, "{line}: {said}");
    }
}
