//! The steps of scenarios about how links are protected.

use super::super::links::Links;
use super::Scenario;
use herd::wire::neighbour::Version;

impl Scenario {
    /// Servers that are started from now on protect their links so.
    pub fn protect(&mut self, links: Links) {
        self.world.mix.links = links;
    }

    /// Stops a server in order, and has it protect its links so when it comes back.
    pub fn come_back_with(&mut self, server: &str, links: Links) {
        self.protect(links);
        self.replace(server, Version::HIGHEST);
    }

    /// When a server is started next it shows the certificate for that name.
    pub fn show(&mut self, server: &str, name: &str) {
        let server = self.server(server);
        self.world.machines[server].shows = name.to_owned();
    }
}
