//! The Debian package: installed into a fresh root, a herd started from it as its units say, removed.

use super::{copy_programs, dist, good, have, is_root, path, within};
use crate::harness::{Directory, Herd, Process, until};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the package needs of others, which a fresh root is told that it has.
const NEEDED: [&str; 4] = ["libc6", "libgcc-s1", "procps", "systemd"];

/// A root in which nothing is but what maintainer scripts use.
struct Root(Directory);

impl Root {
    fn new() -> Root {
        let root = Root(Directory::new());
        copy_programs(
            root.path(),
            &["/bin/sh", "/usr/bin/install", "/bin/rm", "/bin/systemd-sysusers"],
        );
        for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "etc", "tmp"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        let entry = "Package: ${Package}\nStatus: install ok installed\nArchitecture: ${Architecture}\n\
                     Maintainer: ${Maintainer}\nVersion: ${Version}\nDescription: here\n\n";
        let mut query = Command::new("dpkg-query");
        let installed = good(query.args(["-W", "-f", entry]).args(NEEDED), root.path());
        fs::write(root.path().join("var/lib/dpkg/status"), installed).unwrap();
        root
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.file(path)).unwrap()
    }

    fn dpkg(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("dpkg");
        command.arg(format!("--root={}", self.path().display())).arg("--force-unsafe-io");
        good(command.args(arguments).env("PATH", path()), self.path())
    }

    /// The package, installed.
    fn install(&self) {
        let mut found = fs::read_dir(dist()).unwrap().map(|entry| entry.unwrap().path());
        let package = found.find(|path| path.extension().is_some_and(|is| is == "deb")).unwrap();
        self.dpkg(&["-i", package.to_str().unwrap()]);
    }

    /// The user and group whose the servers are, as numbers.
    fn user(&self) -> (u32, u32) {
        let users = self.read("etc/passwd");
        let user = users.lines().find(|line| line.starts_with("herd:")).expect("the user is made");
        let fields: Vec<&str> = user.split(':').collect();
        assert_eq!(fields[5..], ["/var/lib/herd", "/usr/sbin/nologin"]);
        (fields[2].parse().unwrap(), fields[3].parse().unwrap())
    }

    /// Does what systemd does to start `herd@NAME.service`.
    fn start(&self, unit: &Unit, name: &str) -> Process {
        let (user, group) = self.user();
        for kind in ["Logs", "State"] {
            let under = if kind == "Logs" { "var/log" } else { "var/lib" };
            let folder = unit.says(&format!("{kind}Directory")).replace("%i", name);
            let folder = self.file(under).join(folder);
            fs::create_dir_all(&folder).unwrap();
            let mode = u32::from_str_radix(unit.says(&format!("{kind}DirectoryMode")), 8).unwrap();
            fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
            chown(&folder, Some(user), Some(group)).unwrap();
        }
        let line = unit.says("ExecStart").replace("%i", name).replace("$HERD_OPTIONS", "");
        let mut command = within(self.path(), &format!("{user}:{group}"));
        let process = Process::start(command.args(line.split_whitespace()), self.path());
        until("the server listens", || process.output().contains(" neighbours ").then_some(()));
        process
    }

    /// Asks a server by the package's own client.
    fn ask(&self, question: &[&str]) -> String {
        let mut command = within(self.path(), "0:0");
        command.args(["/usr/bin/ask", "--herd", "/etc/herd/herd.json"]).args(question);
        Process::run(&mut command, self.path()).output
    }
}

/// The unit of a server, as it is installed.
struct Unit(String);

impl Unit {
    /// The one value of a setting.
    #[track_caller]
    fn says(&self, setting: &str) -> &str {
        let values =
            |line| str::strip_prefix(line, setting).and_then(|line| line.strip_prefix('='));
        self.0.lines().find_map(values).unwrap()
    }
}

fn owner_and_mode(path: &Path) -> (u32, u32) {
    let metadata = fs::metadata(path).unwrap();
    (metadata.uid(), metadata.mode() & 0o7777)
}

#[test]
fn a_herd_is_started_from_the_package_in_a_fresh_root_and_a_purge_leaves_nothing() {
    let what = "the package in a fresh root";
    if !is_root(what) || !have(what, &["dpkg", "chroot", "systemd-sysusers", "ps"]) {
        return;
    }
    let root = Root::new();
    root.install();
    let (user, _) = root.user();
    assert_eq!(owner_and_mode(&root.file("etc/herd/keys")), (user, 0o700));
    assert_eq!(root.ask(&["--list"]), "Goloman 127.0.0.1:11645\n", "the example");

    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_web();
    fs::copy(herd.file(), root.file("etc/herd/herd.json")).unwrap();
    let unit = Unit(root.read("usr/lib/systemd/system/herd@.service"));
    let [mut a, mut b] = ["A", "B"].map(|name| root.start(&unit, name));
    let at = root.ask(&["A", "IAMAT", "kiwi", "+34.068930-118.445127", "now"]);
    assert!(at.starts_with("AT A "), "{at}");
    until("B knows what A was told", || {
        root.ask(&["B", "WHATSAT", "kiwi", "1", "0"]).starts_with(&at).then_some(())
    });
    for process in [&a, &b] {
        process.signal("TERM");
    }
    for process in [&mut a, &mut b] {
        assert_eq!(process.wait().code(), Some(0));
    }
    assert_eq!(owner_and_mode(&root.file("var/log/herd")), (user, 0o750));
    assert_eq!(owner_and_mode(&root.file("var/log/herd/A.log")), (user, 0o640));
    let journal = within(root.path(), "0:0")
        .args(["/usr/bin/herd", "--check-journal", "/var/lib/herd/B"])
        .output()
        .unwrap();
    let journal = String::from_utf8(journal.stdout).unwrap();
    assert_eq!(journal, "1 positions, 0 tombstones in 1 files\n");

    // What was changed stays what it is in an upgrade, and goes with the rest in a purge.
    root.install();
    assert_eq!(root.read("etc/herd/herd.json"), fs::read_to_string(herd.file()).unwrap());
    root.dpkg(&["--remove", "herd"]);
    assert!(!root.file("usr/bin/herd").exists() && root.file("etc/herd/herd.json").exists());
    root.dpkg(&["--purge", "herd"]);
    for gone in ["etc/herd", "etc/default/herd", "var/log/herd", "var/lib/herd", "usr/share"] {
        assert!(!root.file(gone).exists(), "{gone} is left");
    }
}

#[test]
fn the_sockets_of_a_server_are_those_of_the_herd_file_in_their_order() {
    let what = "the generator of sockets";
    if !is_root(what) || !have(what, &["chroot"]) {
        return;
    }
    let root = Directory::new();
    copy_programs(root.path(), &["/bin/sh", "/bin/mkdir"]);
    let run = Command::new("cp").arg("-a").arg(dist().join("root/.")).arg(root.path()).status();
    assert!(run.unwrap().success());
    let file = r#"{"herd": "test", "servers": [
        {"name": "A", "host": "a.example", "listen": "10.0.0.1", "port": 1, "web_port": 80,
         "web_listen": "::", "tls_port": 3, "neighbour_port": 4},
        {"name": "B-2", "host": "::1", "port": 0, "tls_port": 2},
        {"name": "C", "host": "c.example", "port": 3, "web_port": 8080, "web_listen": "127.0.0.1"},
        {"name": "\u00c9", "host": "::2", "port": 3}
    ]}"#;
    fs::write(root.join("etc/herd/herd.json"), file).unwrap();
    let mut command = within(root.path(), "0:0");
    command.args(["/usr/lib/systemd/system-generators/herd-sockets", "/run/generator"]);
    let ended = Process::run(&mut command, root.path());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let said: Vec<&str> = ended.errors.lines().collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("herd-sockets: C: c.example:3 is no address"), "{said:?}");
    assert!(said[1].starts_with("herd-sockets: \u{c9}: "), "{said:?}");
    let made = |name: &str| {
        let path = format!("run/generator/herd@{name}.socket.d/ports.conf");
        fs::read_to_string(root.join(&path)).ok()
    };
    let [clients, neighbours] = ["10.0.0.1:1", "10.0.0.1:4"];
    let listens = |addresses: &[&str]| {
        let lines = addresses.iter().map(|address| format!("ListenStream={address}\n"));
        Some(format!("[Socket]\n{}", lines.collect::<String>()))
    };
    assert_eq!(made("A"), listens(&[clients, neighbours, "[::]:80", "10.0.0.1:3"]));
    assert_eq!(made("B-2"), listens(&["[::1]:1002", "[::1]:2"]));
    assert_eq!((made("C"), made("\u{c9}")), (None, None));
}
