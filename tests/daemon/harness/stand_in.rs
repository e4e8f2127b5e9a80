//! The stand-in for Places.

use super::herd::bare;
use super::{Directory, Process, free_port, until};
use std::path::PathBuf;

/// A stand-in, which may be stopped and started again at the same place.
#[derive(Debug)]
pub struct StandIn {
    directory: Directory,
    port: u16,
    process: Option<Process>,
}

impl StandIn {
    /// Starts one with these arguments besides port and directory.
    pub fn start(arguments: &[&str]) -> StandIn {
        let mut places = StandIn { directory: Directory::new(), port: free_port(), process: None };
        places.start_again(arguments);
        places
    }

    /// Starts it again, with the authority that it had.
    pub fn start_again(&mut self, arguments: &[&str]) {
        let mut command = bare(env!("CARGO_BIN_EXE_places"));
        command.args(["--port", &self.port.to_string(), "--dir", "."]).args(arguments);
        self.process = Some(serve(Process::start(&mut command, self.directory.path())));
    }

    pub fn stop(&mut self) {
        self.process = None;
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}/maps/api/place/nearbysearch/json", self.port)
    }

    /// The certificate to trust.
    pub fn authority(&self) -> PathBuf {
        self.directory.join("places-ca.pem")
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.process.as_ref().unwrap().errors()
    }
}

/// Waits until a stand-in listens.
pub fn serve(mut process: Process) -> Process {
    until("the stand-in listens", || {
        assert!(process.ended().is_none(), "the stand-in has ended: {}", process.errors());
        process.errors().contains("listening on").then_some(())
    });
    process
}
