//! Hands what libFuzzer invents to the target that `FUZZ_TARGET` names.
#![no_main]

#[path = "../../fuzzing/targets/mod.rs"]
mod targets;

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use targets::Target;

static TARGET: LazyLock<&'static Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    targets::find(&name).unwrap_or_else(|| {
        let names: Vec<_> = targets::TARGETS.iter().map(|target| target.name).collect();
        panic!("FUZZ_TARGET is {name:?}, not one of {}", names.join(", "))
    })
});

fuzz_target!(|input: &[u8]| (TARGET.run)(input));
