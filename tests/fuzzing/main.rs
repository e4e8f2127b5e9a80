//! Every target of `targets` with its corpus and with inputs drawn from seeds: the same ones in
//! every run, or for `HERD_FUZZ_SECONDS` each where that is set. `make fuzz` looks for inputs guided
//! by coverage; what it finds is kept in `corpus`, in a folder for each target.

#![allow(clippy::expect_used, reason = "an expectation that fails is a test that fails")]

mod draw;
mod targets;

use draw::Draw;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use targets::Target;

/// All inputs of the corpus, in order.
fn corpus(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzzing/corpus");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder.join(target.name))
        .expect("each target has a corpus")
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    paths.sort();
    let read = |path: PathBuf| (fs::read(&path).expect("it can be read"), path);
    paths.into_iter().map(read).map(|(input, path)| (path, input)).collect()
}

fn run(name: &str) {
    let target = targets::find(name).expect("it is in the list");
    let corpus = corpus(target);
    for (path, input) in &corpus {
        assert!(catch_unwind(|| (target.run)(input)).is_ok(), "{} fails", path.display());
    }
    let inputs: Vec<Vec<u8>> = corpus.into_iter().map(|(_, input)| input).collect();
    assert!(!inputs.is_empty(), "there is nothing to begin with");
    let seconds = std::env::var("HERD_FUZZ_SECONDS").ok();
    let seconds = seconds.map(|seconds| seconds.parse().expect("HERD_FUZZ_SECONDS is a number"));
    let until = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut seed = 0;
    while until.map_or(seed < target.inputs, |until| Instant::now() < until) {
        let input = Draw::new(seed).input(&inputs);
        if catch_unwind(|| (target.run)(&input)).is_err() {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{seed}"));
            fs::write(&path, &input).expect("the input can be kept");
            panic!(
                "seed {seed} fails with {:?}; it is in {}: make it small and add it to \
                 tests/fuzzing/corpus/{name}",
                String::from_utf8_lossy(&input),
                path.display()
            );
        }
        seed += 1;
    }
}

macro_rules! tests {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            run(stringify!($name));
        })*

        #[test]
        fn every_target_is_run() {
            let names = [$(stringify!($name)),*];
            assert!(targets::TARGETS.iter().map(|target| target.name).eq(names));
        }
    };
}

tests! {
    lines command neighbour_line numbers response request ingest question places herd journal nats nats_words
    tokens store client classic neighbour fetch web bus
}
