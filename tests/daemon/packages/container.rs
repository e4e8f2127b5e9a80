//! The container: what its recipe says, done step by step in a fresh root.

use super::{dist, good, have, is_root, within};
use crate::harness::{Client, Directory, Herd, Process, until};
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

/// Steps of a recipe: those of an image, and how it is run.
#[derive(Default)]
struct Recipe {
    copies: Vec<Copied>,
    user: String,
    entrypoint: Vec<String>,
    health: Vec<String>,
}

/// What is copied where, and whose it is to be.
struct Copied {
    owner: Option<(u32, u32)>,
    from: String,
    to: String,
}

impl Recipe {
    /// # Panics
    /// At a step that is not known here: what is not done is not tested.
    fn read(text: &str) -> Recipe {
        let mut recipe = Recipe::default();
        let steps = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        for (number, step) in steps.enumerate() {
            let (word, rest) = step.split_once(' ').unwrap();
            assert_eq!(number == 0, word == "FROM", "{step}");
            match word {
                "FROM" => assert_eq!(rest, "scratch"),
                "COPY" => recipe.copies.push(copy(rest)),
                "USER" => recipe.user = rest.to_owned(),
                "ENTRYPOINT" => recipe.entrypoint = words(rest),
                "HEALTHCHECK" => recipe.health = words(rest.split_once(" CMD ").unwrap().1),
                "WORKDIR" | "ENV" | "EXPOSE" | "VOLUME" | "CMD" => {}
                _ => panic!("{step}"),
            }
        }
        recipe
    }

    /// The image's files.
    fn build(&self, context: &Path) -> Directory {
        let root = Directory::new();
        for Copied { owner, from, to } in &self.copies {
            let to = root.path().join(to.trim_start_matches('/'));
            fs::create_dir_all(&to).unwrap();
            let mut copy = Command::new("cp");
            good(copy.arg("-R").arg(context.join(from).join(".")).arg(&to), root.path());
            if let Some((user, group)) = owner {
                own(&to, *user, *group);
            }
        }
        root
    }
}

fn copy(step: &str) -> Copied {
    let mut fields: Vec<&str> = step.split(' ').collect();
    let owner = fields[0].strip_prefix("--chown=").map(|owner| {
        let (user, group) = owner.split_once(':').unwrap();
        (user.parse().unwrap(), group.parse().unwrap())
    });
    if owner.is_some() {
        fields.remove(0);
    }
    Copied { owner, from: fields[0].to_owned(), to: fields[1].to_owned() }
}

/// The exec form is JSON.
fn words(list: &str) -> Vec<String> {
    serde_json::from_str(list).unwrap()
}

fn own(folder: &Path, user: u32, group: u32) {
    for entry in fs::read_dir(folder).unwrap() {
        own(&entry.unwrap().path(), user, group);
    }
    chown(folder, Some(user), Some(group)).unwrap();
}

#[test]
fn a_server_runs_as_nobody_from_the_recipe_and_its_health_is_seen() {
    let what = "the container in a fresh root";
    if !is_root(what) || !have(what, &["chroot"]) {
        return;
    }
    let context = dist().join("container");
    let recipe = Recipe::read(&fs::read_to_string(context.join("Containerfile")).unwrap());
    assert_eq!(recipe.user, "65534:65534");
    let image = recipe.build(&context);
    let programs: Vec<_> = fs::read_dir(image.join("usr/bin")).unwrap().collect();
    assert_eq!(programs.len(), 1);
    let example = fs::read_to_string(image.join("etc/herd/herd.json")).unwrap();
    assert!(recipe.health.iter().any(|word| word == "http://127.0.0.1:13645/healthz"));
    assert!(example.contains("\"web_port\": 13645") && example.contains("\"listen\": \"0.0.0.0\""));

    // Ports of our own, as all containers of this machine have one network here.
    let herd = Herd::of(&[("A", &[])]).with_web();
    fs::copy(herd.file(), image.join("etc/herd/herd.json")).unwrap();
    let file: serde_json::Value = serde_json::from_slice(&fs::read(herd.file()).unwrap()).unwrap();
    let web_port = file["servers"][0]["web_port"].to_string();
    let health = || {
        let words = recipe.health.iter().map(|word| word.replace("13645", &web_port));
        Process::run(within(image.path(), &recipe.user).args(words), image.path())
    };
    let ended = health();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.errors.contains("onnection refused"), "{ended:?}");
    let mut command = within(image.path(), &recipe.user);
    let mut server = Process::start(command.args(&recipe.entrypoint).arg("A"), image.path());
    until("the server listens", || server.output().contains(" neighbours ").then_some(()));
    let ended = health();
    assert_eq!((ended.code, ended.errors.as_str()), (Some(0), ""));
    let mut client = Client::connect((Ipv4Addr::LOCALHOST, herd.port("A")).into());
    assert!(client.ask("IAMAT kiwi +34-118 1").starts_with("AT A "));
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    assert!(
        image.join("var/log/herd/A.log").exists() && image.join("var/lib/herd/journal").exists()
    );
}
