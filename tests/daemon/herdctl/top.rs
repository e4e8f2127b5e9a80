//! `herdctl top` on a terminal: one that `script` makes, which passes on what is shown and what is typed.

use crate::harness::{Directory, Herd, until};
use std::fs::{self, File};
use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};

/// What a terminal is told when the usual screen is left, and when it is shown again.
const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";
const ROWS: usize = 24;
const COLUMNS: usize = 80;
const SHOW_CURSOR: &str = "\x1b[?25h";

/// `herdctl top` on a terminal of 24 lines of 80 columns.
struct Terminal {
    child: Child,
    keys: ChildStdin,
    directory: Directory,
}

impl Terminal {
    fn start(herd: &Herd) -> Terminal {
        let directory = Directory::new();
        let program = env!("CARGO_BIN_EXE_herdctl");
        let (file, pid) = (herd.file(), directory.join("pid"));
        let [file, pid] = [&file, &pid].map(|path| path.to_str().unwrap());
        let line = format!(
            "stty rows {ROWS} cols {COLUMNS}; echo $$ > {pid}; exec '{program}' -H '{file}' top"
        );
        let mut child = Command::new("script")
            .args(["-qefc", &line, "/dev/null"])
            .env("TERM", "xterm")
            .env("SHELL", "/bin/sh")
            .current_dir(directory.path())
            .stdin(Stdio::piped())
            .stdout(File::create(directory.join("shown")).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .expect("`script` of util-linux is there");
        let keys = child.stdin.take().unwrap();
        Terminal { child, keys, directory }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.directory.join("shown")).unwrap()).into_owned()
    }

    /// What is seen: what has been written, put where it belongs.
    fn screen(&self) -> String {
        let shown = self.shown();
        let mut rows = vec![vec![' '; COLUMNS]; ROWS];
        let (mut x, mut y) = (0, 0);
        let (_, drawn) = shown.split_once(ENTER).unwrap_or_default();
        let mut rest = drawn.chars();
        while let Some(character) = rest.next() {
            if character != '\x1b' {
                if let Some(cell) = rows.get_mut(y).and_then(|row: &mut Vec<char>| row.get_mut(x)) {
                    *cell = character;
                }
                x += 1;
                continue;
            }
            let sequence: String = rest.by_ref().take_while(|c| !c.is_ascii_alphabetic()).collect();
            if let Some((row, column)) = sequence.trim_start_matches('[').split_once(';')
                && let (Ok(row), Ok(column)) = (row.parse::<usize>(), column.parse::<usize>())
            {
                (y, x) = (row - 1, column - 1);
            }
        }
        rows.into_iter().map(|row| row.into_iter().collect::<String>() + "\n").collect()
    }

    #[track_caller]
    fn wait_for(&self, words: &str) {
        until(&format!("{words:?} is shown"), || self.screen().contains(words).then_some(()));
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits for its end: the exit status, and that the terminal is left as it was.
    #[track_caller]
    fn end(mut self) -> Option<i32> {
        let status = until("it ends", || self.child.try_wait().unwrap());
        let shown = self.shown();
        let (_, behind) = shown.rsplit_once(ENTER).expect("it was drawn");
        assert!(
            behind.contains(LEAVE) && behind.contains(SHOW_CURSOR),
            "the terminal is as it was"
        );
        status.code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It has ended, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_shows_the_herd_looks_at_one_server_and_ends_with_q() {
    let herd = Herd::of(&[("Alpha", &["Beta"]), ("Beta", &[])]).with_web();
    let mut servers = herd.start_all();
    let mut terminal = Terminal::start(&herd);
    terminal.wait_for("2 servers, all is well");
    terminal.wait_for("Alpha");
    servers[0].report("kiwi", "1000");
    terminal.press("s");
    terminal.wait_for("order: reports");
    terminal.press("\r");
    terminal.wait_for(" of test  ready");
    terminal.wait_for("NEIGHBOUR");
    terminal.press("\x1b");
    terminal.wait_for("Enter one server   order: reports");
    servers[1].process.kill();
    terminal.wait_for("Beta is away");
    terminal.press("q");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn control_c_and_a_signal_leave_the_terminal_as_it_was() {
    let herd = Herd::of(&[("Alpha", &[])]).with_web();
    let _alpha = herd.start("Alpha");
    let mut terminal = Terminal::start(&herd);
    terminal.wait_for("all is well");
    terminal.press("\x03");
    assert_eq!(terminal.end(), Some(0));
    let terminal = Terminal::start(&herd);
    terminal.wait_for("all is well");
    let pid = fs::read_to_string(terminal.directory.join("pid")).unwrap();
    let killed = Command::new("sh").args(["-c", &format!("kill -TERM {pid}")]).status();
    assert!(killed.unwrap().success());
    assert_eq!(terminal.end(), Some(0));
}
