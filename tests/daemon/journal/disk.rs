//! A disk of a test's own: small, and mounted where nobody else sees it.

use crate::harness::herd::bare;
use crate::harness::{Herd, Process, Server, until};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Set where there can be no namespaces.
const SKIP: &str = "HERD_SKIP_NAMESPACES";

/// A file system in memory, mounted at a folder for those who are in its namespace.
pub struct Disk {
    /// Keeps the namespace.
    keeper: Process,
    at: PathBuf,
}

impl Disk {
    /// One of so many KiB, at a folder that is made; none where namespaces are left out.
    pub fn mount(herd: &Herd, at: &Path, kibibytes: u32) -> Option<Disk> {
        if std::env::var_os(SKIP).is_some() {
            return None;
        }
        fs::create_dir(at).unwrap();
        let script = format!(
            "mount -t tmpfs -o size={kibibytes}k,mode=700 none \"$0\" && echo mounted && exec sleep 600"
        );
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", &script]).arg(at);
        let keeper = Process::start(&mut command, herd.directory.path());
        until("the disk is mounted", || keeper.output().contains("mounted").then_some(()));
        Some(Disk { keeper, at: at.to_owned() })
    }

    /// What is at a path of the disk, for who is not in the namespace.
    pub fn path(&self, name: &str) -> PathBuf {
        let root = format!("/proc/{}/root", self.keeper.id());
        Path::new(&root).join(self.at.strip_prefix("/").unwrap()).join(name)
    }

    /// Fills it to the last byte.
    pub fn fill(&self) {
        let mut filler = File::create(self.path("filler")).unwrap();
        // What is too much is taken as far as there is room.
        let full = until("the disk is full", || filler.write_all(&[0; 64 * 1_024]).err());
        assert_eq!(full.kind(), ErrorKind::StorageFull);
        let full = filler.write_all(&[0]).err();
        assert_eq!(full.map(|full| full.kind()), Some(ErrorKind::StorageFull));
    }

    /// There is room again.
    pub fn make_room(&self) {
        fs::remove_file(self.path("filler")).unwrap();
    }

    /// Starts a server that sees it.
    pub fn start(&self, herd: &Herd, name: &str) -> Server {
        let mut command = bare("nsenter");
        let keeper = self.keeper.id().to_string();
        command.args(["--target", &keeper, "--user", "--mount", "--preserve-credentials"]);
        command.args(["sh", "-c", "cd \"$0\" && exec \"$@\""]).arg(herd.directory.path());
        command.arg(env!("CARGO_BIN_EXE_herd")).args(herd.arguments(name));
        herd.start_by(name, command)
    }
}
