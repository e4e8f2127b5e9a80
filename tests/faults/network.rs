//! The network of a scenario: a namespace for each server, each with one cable to a router, which
//! is the namespace that the scenario itself is in. Faults are made at the router.

use std::fs;
use std::io::Write;
use std::process::{Child, Command, Stdio};

/// Where server `index` is.
pub fn address(index: usize) -> String {
    format!("10.77.{}.2", index + 1)
}

/// The router's end of the cable of server `index`.
pub fn router_address(index: usize) -> String {
    format!("10.77.{}.1", index + 1)
}

/// What runs a program in the namespace of server `index`.
pub fn command_at(index: usize, program: &str) -> Command {
    let mut command = Command::new("nsenter");
    command.arg(format!("--net=/run/netns/{}", namespace(index))).arg(program);
    command
}

/// The router.
pub struct Network {
    /// Does what is written to it, line by line.
    ip: Child,
}

impl Network {
    /// Lays the cables of `servers` servers.
    pub fn new(servers: usize) -> Network {
        // Names of namespaces live there; ours are for nobody else to see.
        run("mount", &["-t", "tmpfs", "none", "/run"]);
        let mut lines = "link set lo up\n".to_owned();
        for index in 0..servers {
            let (namespace, cable, router) =
                (namespace(index), cable(index), router_address(index));
            lines.push_str(&format!(
                "netns add {namespace}\n\
                 link add {cable} type veth peer name cable netns {namespace}\n\
                 addr add {router}/24 dev {cable}\n\
                 link set {cable} up\n"
            ));
        }
        batch(&["-batch", "-"], &lines);
        for index in 0..servers {
            let (address, router) = (address(index), router_address(index));
            let lines = format!(
                "link set lo up\naddr add {address}/24 dev cable\nlink set cable up\n\
                 route add default via {router}\n"
            );
            batch(&["-n", &namespace(index), "-batch", "-"], &lines);
        }
        fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap();
        let mut ip = Command::new("ip");
        let ip = ip.args(["-force", "-batch", "-"]).stdin(Stdio::piped()).spawn().unwrap();
        Network { ip }
    }

    /// What goes from one to the other vanishes: no error, no reset.
    pub fn silence(&mut self, from: usize, to: usize) {
        self.rule("add", from, to);
    }

    /// Ends [`silence`](Self::silence).
    pub fn hear(&mut self, from: usize, to: usize) {
        self.rule("del", from, to);
    }

    /// Cuts the paths of these pairs, both ways, without a word.
    pub fn cut(&mut self, pairs: &[(usize, usize)]) {
        for &(one, other) in pairs {
            self.silence(one, other);
            self.silence(other, one);
        }
    }

    /// Ends [`cut`](Self::cut).
    pub fn heal(&mut self, pairs: &[(usize, usize)]) {
        for &(one, other) in pairs {
            self.hear(one, other);
            self.hear(other, one);
        }
    }

    /// Pulls the cable of a server.
    pub fn unplug(&mut self, index: usize) {
        self.order(&format!("link set {} down", cable(index)));
    }

    /// Plugs it in again.
    pub fn plug(&mut self, index: usize) {
        self.order(&format!("link set {} up", cable(index)));
    }

    /// Has all that goes to a server wait in a queue of that kind (see tc-netem(8), tc-tbf(8));
    /// false where the kernel or the tools have none.
    pub fn queue(&self, index: usize, kind: &str) -> bool {
        let cable = cable(index);
        let mut command = Command::new("tc");
        command.args(["qdisc", "add", "dev", &cable, "root"]).args(kind.split(' '));
        command.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    /// Takes the queue away again.
    pub fn unqueue(&self, index: usize) {
        run("tc", &["qdisc", "del", "dev", &cable(index), "root"]);
    }

    fn rule(&mut self, action: &str, from: usize, to: usize) {
        let (from, to) = (address(from), address(to));
        self.order(&format!("rule {action} from {from} to {to} blackhole"));
    }

    fn order(&mut self, line: &str) {
        let orders = self.ip.stdin.as_mut().unwrap();
        orders.write_all(format!("{line}\n").as_bytes()).unwrap();
        orders.flush().unwrap();
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        drop(self.ip.stdin.take());
        let _ = self.ip.wait();
    }
}

fn namespace(index: usize) -> String {
    format!("server{index}")
}

fn cable(index: usize) -> String {
    format!("cable{index}")
}

/// Runs a program that must succeed.
pub fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status().unwrap();
    assert!(status.success(), "{program} {arguments:?}: {status}");
}

/// Has `ip` do all of `lines`.
fn batch(arguments: &[&str], lines: &str) {
    let mut ip = Command::new("ip").args(arguments).stdin(Stdio::piped()).spawn().unwrap();
    ip.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let status = ip.wait().unwrap();
    assert!(status.success(), "ip: {status} for\n{lines}");
}
