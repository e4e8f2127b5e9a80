//! Changes of a herd file while servers run: each reads it when it is told to.

use super::super::free_port;
use super::{Herd, Member};

impl Herd {
    /// Adds a server to the file, with those that it talks with.
    pub fn add(&mut self, name: &str, talks_with: &[&str]) {
        self.members.push(Member::new(name, talks_with));
        self.write_file();
    }

    /// Takes a server out of the file, and out of what others say of it.
    pub fn remove(&mut self, name: &str) {
        self.members.retain(|member| member.name != name);
        self.members.iter_mut().for_each(|member| member.talks_with.retain(|t| t != name));
        self.write_file();
    }

    /// Gives a server another port for neighbours.
    pub fn move_neighbour_port(&mut self, name: &str) {
        for member in self.members.iter_mut().filter(|member| member.name == name) {
            member.neighbour_port = free_port();
        }
        self.write_file();
    }

    /// Says in the file with whom a server talks, as far as it is its own entry that says so.
    pub fn link(&mut self, name: &str, talks_with: &[&str]) {
        for member in self.members.iter_mut().filter(|member| member.name == name) {
            member.talks_with = talks_with.iter().map(|name| (*name).to_owned()).collect();
        }
        self.write_file();
    }
}
