//! The README's clients that find another server when theirs goes away, as they stand there.

use crate::harness::{Herd, Process, until};
use std::fs;
use std::process::Command;

/// Asks again and again by one of these clients, whose code the README has in a block of that language and
/// to which this is added, while the first server is killed and then the second has come and the third gone.
fn goes_on(program: &str, language: &str, file: &str, driver: &str) {
    if Command::new(program).arg("--version").output().is_err() {
        eprintln!("{program} is not there: the README's client in {language} is not tried");
        return;
    }
    let readme = include_str!("../../README.md");
    let (_, block) = readme.split_once(&format!("```{language}\n")).unwrap();
    let (code, _) = block.split_once("```\n").unwrap();
    let herd = Herd::of(&[("A", &["B"]), ("B", &["C"]), ("C", &[])]);
    let path = herd.directory.join(file);
    fs::write(&path, format!("{code}\n{driver}")).unwrap();
    let (a, c) = (herd.start("A"), herd.start("C"));
    let mut command = Command::new(program);
    command.arg(path).arg(herd.port("A").to_string());
    let mut client = Process::start(&mut command, herd.directory.path());
    until("A answers", || client.output().contains("AT A +").then_some(()));
    drop(a);
    until("C answers", || client.output().contains("AT C +").then_some(()));
    let _b = herd.start("B");
    drop(c);
    until("B answers", || client.output().contains("AT B +").then_some(()));
    assert!(client.ended().is_none(), "{}", client.errors());
    client.kill();
    // Each was answered once, in their order.
    let output = client.output();
    let times = output.lines().map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap());
    assert!(times.enumerate().all(|(at, time)| at as u64 == time), "{output}");
}

#[test]
fn the_client_in_python_goes_on_with_another_server() {
    let driver = "import itertools, sys\n\
        herd = Herd(\"127.0.0.1\", int(sys.argv[1]))\n\
        for time_ in itertools.count():\n    \
            print(herd.ask(f\"IAMAT kiwi +34.0-118.0 {time_}\"), flush=True)\n    \
            time.sleep(0.01)\n";
    goes_on("python3", "python", "client.py", driver);
}

#[test]
fn the_client_in_javascript_goes_on_with_another_server() {
    let driver = "const herd = new Herd(\"127.0.0.1\", Number(process.argv[2]));\n\
        (async () => {\n\
            for (let time = 0; ; time++) {\n\
                console.log(await herd.ask(`IAMAT kiwi +34.0-118.0 ${time}`));\n\
                await new Promise((wake) => setTimeout(wake, 10));\n\
            }\n\
        })();\n";
    goes_on("node", "js", "client.js", driver);
}
