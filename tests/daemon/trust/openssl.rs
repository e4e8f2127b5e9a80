//! OpenSSL's own client.

use super::Shown;
use crate::harness::{Herd, until};
use std::fs::{self, File};
use std::io::{Write, stderr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// `openssl s_client`, which ends with the test.
#[derive(Debug)]
pub struct OpenSsl {
    child: Child,
    said: PathBuf,
}

/// Whether there is one; if not, that is said.
pub fn is_there() -> bool {
    let is_there = Command::new("openssl").arg("version").output().is_ok();
    if !is_there {
        // Test programs keep what is printed to themselves, but not what is written to the stream.
        let _ = writeln!(stderr(), "  LEFT OUT: there is no openssl, so it did not try");
    }
    is_there
}

impl OpenSsl {
    /// Connects to a port of the server `name` of the herd, and shows that; None without OpenSSL.
    pub fn connect(
        herd: &Herd,
        (name, port): (&str, u16),
        shown: Option<&Shown>,
        options: &str,
    ) -> Option<OpenSsl> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        if !is_there() {
            return None;
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let said = herd.directory.join(&format!("openssl-{number}"));
        let file = File::create(&said).unwrap();
        let host = format!("{}.test", name.to_lowercase());
        let mut command = Command::new("openssl");
        command.args(["s_client", "-connect", &format!("127.0.0.1:{port}"), "-servername", &host]);
        command.args(["-verify_hostname", &host, "-verify_return_error", "-CAfile"]);
        command.arg(herd.keys().join("ca.pem")).args(options.split_whitespace());
        if let Some(Shown { certificate, key }) = shown {
            command.arg("-cert").arg(certificate).arg("-key").arg(key);
        }
        let child = command
            .current_dir(herd.directory.path())
            .stdin(Stdio::piped())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        Some(OpenSsl { child, said })
    }

    /// Sends that; whoever has hung up already does not hear it.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.child.stdin.as_mut().unwrap().write_all(bytes.as_ref());
    }

    /// All that it has written.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.said).unwrap()).into_owned()
    }

    /// Waits until it has written that.
    #[track_caller]
    pub fn wait_for(&self, words: &str) {
        until(&format!("{words:?} in {}", self.said()), || {
            self.said().contains(words).then_some(())
        });
    }

    /// Waits until it has ended by itself; all that it has written.
    #[track_caller]
    pub fn end(mut self) -> String {
        until("openssl ends", || self.child.try_wait().unwrap());
        self.said()
    }

    /// The same, with nothing more to be sent.
    pub fn hang_up(mut self) -> String {
        drop(self.child.stdin.take());
        self.end()
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
