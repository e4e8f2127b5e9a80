//! A headless Chromium, driven by the DevTools protocol over a pipe: JSON objects with a zero byte behind
//! each (<https://chromedevtools.github.io/devtools-protocol/>, `--remote-debugging-pipe`). A WebSocket
//! would need a package; a pipe needs nothing, and a browser whose pipe is closed ends by itself, even if
//! the test was killed.

use super::tell;
use crate::harness::{DEADLINE, Directory, Waiting, until};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

const PROGRAMS: [&str; 2] = ["chromium", "chromium-browser"];
/// It reads the pipe's commands from descriptor 3 and writes to 4; a shell moves them there.
const MOVE_PIPES: &str = r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null"#;
const ARGUMENTS: [&str; 16] = [
    "--headless",
    // Its sandbox takes rights that are not given in a container, nor to the superuser.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--no-proxy-server",
    "--window-size=1280,800",
    "about:blank",
];
/// How long it has for a clean end.
const END_MAX: Duration = Duration::from_secs(5);

/// A browser with one page.
pub struct Browser {
    child: Child,
    /// None when it was closed.
    commands: Option<ChildStdin>,
    messages: Receiver<Value>,
    last_id: u64,
    session: String,
    /// The address whose parts may be asked for.
    origin: String,
    problems: Vec<String>,
    /// Where it keeps what it keeps, and its errors. Gone after the browser.
    profile: Directory,
}

impl Browser {
    /// Opens the page at `url`, which may ask for more from there and from nowhere else. None, said
    /// clearly, where there is no Chromium.
    pub fn open(url: &str) -> Option<Browser> {
        Browser::start()?.go(url)
    }

    /// The same, whoever has signed the server's certificate.
    pub fn open_untrusted(url: &str) -> Option<Browser> {
        let mut browser = Browser::start()?;
        browser.call("Security.setIgnoreCertificateErrors", json!({ "ignore": true }));
        browser.go(url)
    }

    fn go(mut self, url: &str) -> Option<Browser> {
        let scheme = url.find("://").unwrap() + "://".len();
        let path = url[scheme..].find('/').unwrap();
        self.origin = url[..=scheme + path].to_owned();
        let opened = self.call("Page.navigate", json!({ "url": url }));
        assert_eq!(opened["errorText"], Value::Null, "{url}");
        self.until("document.URL !== 'about:blank' && document.readyState", "complete");
        Some(self)
    }

    /// With an empty page.
    fn start() -> Option<Browser> {
        let Some(program) = PROGRAMS.into_iter().find(|program| is_there(program)) else {
            tell("LEFT OUT: there is no chromium (Debian: chromium), so no browser was asked");
            return None;
        };
        let profile = Directory::new();
        let errors = File::create(profile.join("errors")).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", MOVE_PIPES, "sh", program]);
        command.arg(format!("--user-data-dir={}", profile.join("profile").display()));
        // A group of its own, so that all of its processes can be ended.
        let mut child = command
            .args(ARGUMENTS)
            .env("HOME", profile.path())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .unwrap();
        let commands = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = mpsc::channel();
        thread::spawn(move || {
            let mut message = Vec::new();
            while output.read_until(0, &mut message).is_ok_and(|read| read > 0) {
                message.pop();
                let Ok(value) = serde_json::from_slice(&message) else { return };
                if sender.send(value).is_err() {
                    return;
                }
                message.clear();
            }
        });
        let mut browser = Browser {
            child,
            commands,
            messages,
            last_id: 0,
            session: String::new(),
            origin: String::new(),
            problems: Vec::new(),
            profile,
        };
        browser.attach();
        Some(browser)
    }

    fn attach(&mut self) {
        let targets = self.call("Target.getTargets", json!({}));
        let targets = targets["targetInfos"].as_array().unwrap();
        let page = targets.iter().find(|target| target["type"] == "page").unwrap();
        let page = json!({ "targetId": page["targetId"], "flatten": true });
        let attached = self.call("Target.attachToTarget", page);
        self.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.call(&format!("{domain}.enable"), json!({}));
        }
    }

    /// Has it do something; its result.
    #[track_caller]
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.last_id += 1;
        let mut message = json!({ "id": self.last_id, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = self.session.as_str().into();
        }
        let mut message = serde_json::to_vec(&message).unwrap();
        message.push(0);
        self.commands.as_mut().unwrap().write_all(&message).unwrap();
        let deadline = Instant::now() + DEADLINE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let message = self.messages.recv_timeout(left);
            let mut message = message.unwrap_or_else(|error| panic!("{method}: {error}"));
            if message["id"] == self.last_id {
                assert_eq!(message["error"], Value::Null, "{method}");
                return message["result"].take();
            }
            self.note(&message);
        }
    }

    /// Remembers what should not happen on a page.
    fn note(&mut self, message: &Value) {
        let said = &message["params"];
        match message["method"].as_str() {
            Some("Runtime.exceptionThrown") => {
                self.problems.push(format!("exception: {}", said["exceptionDetails"]));
            }
            Some("Runtime.consoleAPICalled")
                if matches!(said["type"].as_str(), Some("error" | "warning" | "assert")) =>
            {
                self.problems.push(format!("console: {}", said["args"]));
            }
            Some("Log.entryAdded")
                if matches!(said["entry"]["level"].as_str(), Some("error" | "warning")) =>
            {
                self.problems.push(format!("log: {}", said["entry"]));
            }
            Some("Network.requestWillBeSent") => {
                let url = said["request"]["url"].as_str().unwrap();
                if !url.starts_with(&self.origin) && !url.starts_with("data:") {
                    self.problems.push(format!("a request to elsewhere: {url}"));
                }
            }
            _ => {}
        }
    }

    /// What an expression of JavaScript is, on the page; a promise is waited for.
    #[track_caller]
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let asked =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut result = self.call("Runtime.evaluate", asked);
        assert_eq!(result["exceptionDetails"], Value::Null, "{expression}");
        result["result"]["value"].take()
    }

    /// Waits until an expression is that.
    #[track_caller]
    pub fn until(&mut self, expression: &str, expected: impl Into<Value>) {
        let expected = expected.into();
        let waiting = Waiting::at_most(DEADLINE);
        loop {
            let found = self.evaluate(expression);
            if found == expected {
                return;
            }
            assert!(waiting.again(), "{expression} is {found} and not {expected}");
        }
    }

    /// Presses a key, as a user does.
    pub fn press(&mut self, key: &str) {
        let (text, code) = match key {
            "Enter" => ("\r", 13),
            "Escape" => ("", 27),
            letter => (letter, 0),
        };
        let kind = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        let mut down = json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code });
        if !text.is_empty() {
            down["text"] = text.into();
        }
        self.call("Input.dispatchKeyEvent", down);
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key }));
    }

    /// Types text.
    pub fn write(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// What has happened since it was asked last that should not happen on a page.
    pub fn take_problems(&mut self) -> Vec<String> {
        // What was said before is told before the answer.
        self.evaluate("0");
        std::mem::take(&mut self.problems)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.commands = None;
        let waiting = Waiting::at_most(END_MAX);
        while matches!(self.child.try_wait(), Ok(None)) && waiting.again() {}
        // Whoever is left of its group would go on writing into the profile.
        let group = self.child.id();
        let kill = format!("kill -KILL -- -{group} 2>/dev/null");
        let _ = Command::new("sh").args(["-c", &kill]).status();
        let _ = self.child.wait();
        let waiting = Waiting::at_most(END_MAX);
        while !is_gone(group) && waiting.again() {}
        if thread::panicking() {
            let errors = fs::read_to_string(self.profile.join("errors")).unwrap_or_default();
            // That there is no message bus is no news.
            let errors = errors.lines().filter(|line| !line.contains(":dbus/"));
            let errors: Vec<&str> = errors.collect();
            eprintln!(
                "--- what happened on the page: {:#?}\n--- the browser says: {errors:#?}",
                self.problems
            );
        }
        // The directory itself stays behind a test that failed; its pages are of no use to anybody.
        let _ = fs::remove_dir_all(self.profile.join("profile"));
    }
}

fn is_there(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Whether no process is alive in a group. Who is dead and not yet waited for is gone.
fn is_gone(group: u32) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let stats = processes.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    let mut left = stats.filter(|stat| {
        let (_, behind) = stat.rsplit_once(')').unwrap();
        // State, parent, group.
        let fields: Vec<&str> = behind.split_whitespace().take(3).collect();
        fields[0] != "Z" && fields[2] == group.to_string()
    });
    left.next().is_none()
}

/// Nobody is left of a browser that a failing test used, and nothing of its profile.
#[test]
fn a_browser_is_gone_when_its_test_fails() {
    let (sender, receiver) = mpsc::channel();
    let failed = thread::spawn(move || {
        // What a failing thread says is kept from the output, as that of a test is.
        let Some(browser) = Browser::start() else { return };
        sender.send((browser.child.id(), browser.profile.join("profile"))).unwrap();
        std::panic::resume_unwind(Box::new("the test fails"));
    });
    if failed.join().is_ok() {
        return;
    }
    let (group, profile) = receiver.recv().unwrap();
    assert!(!profile.exists());
    fs::remove_dir_all(profile.parent().unwrap()).unwrap();
    until("all its processes are gone", || is_gone(group).then_some(()));
}
