//! What `make dist` makes, made of the programs under test: the Debian package in a fresh root, the
//! units, the container's files, man pages and completions.

mod container;
mod debian;
mod shells;
mod units;

use crate::harness::Process;
use crate::harness::process::Ended;
use std::fs;
use std::io::{Write, stderr};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The top level.
const TOP: &str = env!("CARGO_MANIFEST_DIR");

/// What `.dist/dist.sh` makes of the programs under test, once for all tests; there until it is made again.
fn dist() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dist");
        let programs = Path::new(env!("CARGO_BIN_EXE_herd")).parent().unwrap();
        let mut make = Command::new("sh");
        make.args([".dist/dist.sh".as_ref(), programs.as_os_str(), out.as_os_str()]);
        make.env("DEB_COMPRESSION", "none").current_dir(TOP);
        let made = make.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        out
    })
}

/// Tells that a test is left out, and why.
fn leave_out(what: &str, why: &str) {
    // Test programs keep what is printed to themselves, but not what is written to the stream.
    let _ = writeln!(stderr(), "  left out: {what}: {why}");
}

/// Where programs are looked for: also where those of administrators are.
fn path() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}

/// Whether the programs can be found; if not, tells that `what` is left out.
fn have(what: &str, programs: &[&str]) -> bool {
    let path = path();
    let found = |name: &str| path.split(':').any(|folder| Path::new(folder).join(name).exists());
    let missing: Vec<&str> = programs.iter().copied().filter(|name| !found(name)).collect();
    if !missing.is_empty() {
        leave_out(what, &format!("{} is missing", missing.join(", ")));
    }
    missing.is_empty()
}

/// Whether this is root, who alone may change roots and users; if not, tells that `what` is left out.
fn is_root(what: &str) -> bool {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if !is_root {
        leave_out(what, "it needs root");
    }
    is_root
}

/// Runs a command to its end, which is to be good; what it printed.
#[track_caller]
fn good(command: &mut Command, directory: &Path) -> String {
    let Ended { code, output, errors } = Process::run(command, directory);
    assert_eq!(code, Some(0), "{command:?}: {output}{errors}");
    output
}

/// Copies programs of this machine to the same places in another root, with the libraries that they need,
/// and those that are under test.
fn copy_programs(root: &Path, programs: &[&str]) {
    for program in programs {
        let copy = root.join(program.trim_start_matches('/'));
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(program, copy).unwrap();
    }
    let mut libraries = Command::new("sh");
    libraries.arg(Path::new(TOP).join(".dist/libraries.sh")).arg(root).args(programs);
    libraries.arg(env!("CARGO_BIN_EXE_herd"));
    good(&mut libraries, root);
}

/// A command in another root, as a user and group of those numbers.
fn within(root: &Path, user: &str) -> Command {
    let mut command = Command::new("chroot");
    command.arg(format!("--userspec={user}")).arg(root).env("PATH", path());
    command.env_remove("RUST_LOG").env_remove("GOOGLE_PLACES_API_KEY").env_remove("HERD_TOKEN");
    command
}
