//! Keeps the sources as the design wants them: layers that point one way, effects where they
//! belong, files of a readable size, a tidy top level.

mod code;
mod node;
mod paths;
mod rules;

use rules::{Offence, dependency_offences, file_offences};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const TOP_LEVEL: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "tests",
    "benches",
    "README.md",
    "Makefile",
    "LICENSE-MIT",
    "LICENSE-APACHE",
];

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn assert_none(offences: &[Offence]) {
    let list: Vec<String> = offences.iter().map(Offence::to_string).collect();
    assert!(list.is_empty(), "{} offences:\n{}\n", list.len(), list.join("\n"));
}

/// All Rust files below the folder, which may be missing, in order.
fn sources(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !folder.exists() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[test]
fn every_source_file_keeps_the_rules() {
    let mut offences = Vec::new();
    let mut files = 0;
    let folders = ["src", "tests", "benches"];
    for path in folders.iter().flat_map(|folder| sources(&top().join(folder)).unwrap()) {
        let name = path.strip_prefix(top()).unwrap().to_str().unwrap().to_owned();
        offences.extend(file_offences(&name, &fs::read_to_string(&path).unwrap()));
        files += 1;
    }
    assert!(files > 10, "only {files} files were found");
    assert_none(&offences);
}

#[test]
fn no_runtime_or_framework_is_depended_on() {
    assert_none(&dependency_offences(&fs::read_to_string(top().join("Cargo.toml")).unwrap()));
}

/// What `make fuzz` builds has a lock file of its own, and refuses one that is out of date.
#[test]
fn the_fuzzing_is_locked_to_what_the_daemon_depends_on() {
    let read = |file: &str| fs::read_to_string(top().join(file)).unwrap();
    let names = |toml: &str, section: &str| -> Vec<String> {
        let lines = toml.lines().skip_while(|line| *line != section).skip(1);
        let entries = lines.take_while(|line| !line.starts_with('['));
        let mut names: Vec<String> = entries
            .filter_map(|line| Some(line.split_once(" = ")?.0.to_owned()))
            .filter(|name| !name.starts_with('#'))
            .collect();
        names.sort();
        names
    };
    let needed = names(&read("Cargo.toml"), "[dependencies]");
    let lock = read("tests/fuzz/Cargo.lock");
    let (_, herd) = lock.split_once("\nname = \"herd\"\n").expect("the daemon is in it");
    let (_, herd) = herd.split_once("dependencies = [\n").expect("it depends on something");
    let (herd, _) = herd.split_once("\n]").expect("the list ends");
    let locked: Vec<&str> = herd.lines().map(|line| line.trim_matches([' ', '"', ','])).collect();
    assert_eq!(locked, needed, "cargo update -w --manifest-path tests/fuzz/Cargo.toml mends it");
}

#[test]
fn the_top_level_holds_only_what_belongs_there() {
    let ignored = fs::read_to_string(top().join(".gitignore")).unwrap();
    let mut offences = Vec::new();
    for entry in fs::read_dir(top()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let belongs = name.starts_with('.')
            || TOP_LEVEL.contains(&name.as_str())
            || ignored.lines().any(|line| line.trim_matches('/') == name);
        if !belongs {
            let what = "does not belong at the top level".to_owned();
            offences.push(Offence { file: name, line: 0, what });
        }
    }
    assert_none(&offences);
}
