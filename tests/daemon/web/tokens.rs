//! The map in a real browser where tokens are required: who is asked for one, and what it then shows.

use super::browser::Browser;
use crate::harness::herd::bare;
use crate::harness::{Herd, Process, Server};

const STATE: &str = "document.body?.dataset.state";
const SHOWN: &str = "document.body?.dataset.clients";
const IS_ASKED: &str = "document.querySelector('#token').open";
const IS_UNSEEN: &str = "!document.querySelector('#unseen').hidden";

/// A server that requires tokens, who makes them, and one that allows all.
fn guarded() -> (Herd, Server, String) {
    let herd = Herd::of(&[("Solo", &[])]).with_web();
    let file = herd.file().to_str().unwrap().to_owned();
    herdca(&herd, &["new", "keys", "--herd", &file]);
    let keys = herd.directory.join("keys").to_str().unwrap().to_owned();
    let herd = herd.with("--keys").with(&keys).with("--require-tokens");
    let server = herd.start("Solo");
    let all = token(&herd, "report,forget,ask,watch,status");
    (herd, server, all)
}

fn herdca(herd: &Herd, arguments: &[&str]) -> String {
    let mut command = bare(env!("CARGO_BIN_EXE_herdca"));
    let ended = Process::run(command.args(arguments), herd.directory.path());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.output
}

fn token(herd: &Herd, may: &str) -> String {
    let made = ["token", "keys", "--name", "anna", "--clients", "*", "--may", may, "--days", "1"];
    herdca(herd, &made).trim().to_owned()
}

fn report(server: &Server, token: &str, id: &str) {
    let mut client = server.client();
    assert_eq!(client.ask(&format!("AUTH {token}")), "AUTH anna");
    let answer = client.ask(&format!("IAMAT {id} +1+1 1"));
    assert!(answer.starts_with("AT "), "{answer}");
}

fn url(server: &Server, path: &str) -> String {
    server.url(path).replacen("http:", "https:", 1)
}

/// The page anew: what is asked for next is not of the old one.
fn reload(browser: &mut Browser) {
    browser.evaluate("window.isOld = true");
    browser.call("Page.reload", serde_json::json!({}));
    browser.until("window.isOld === undefined && document.readyState", "complete");
}

/// Nothing is wrong but that a request was answered so, which browsers say.
#[track_caller]
fn assert_only_refused(browser: &mut Browser, statuses: &[&str]) {
    let mut problems = browser.take_problems();
    let is_expected =
        |said: &str| statuses.iter().any(|s| said.contains(&format!("status of {s}")));
    problems.retain(|said| !is_expected(said));
    assert_eq!(problems, [""; 0]);
}

#[test]
fn a_token_of_the_address_is_taken_and_kept_in_the_tab_alone() {
    let (herd, server, all) = guarded();
    report(&server, &all, "kiwi");
    let may_watch = token(&herd, "ask,watch");
    let path = format!("/?token={may_watch}#3/1/1");
    let Some(mut browser) = Browser::open_untrusted(&url(&server, &path)) else { return };
    browser.until(STATE, "live");
    browser.until(SHOWN, "1");
    browser.until("location.search", "");
    assert_eq!(browser.evaluate("location.hash").as_str().map(|hash| &hash[..2]), Some("#3"));
    // Clients are shown, and that servers are not is said.
    browser.until(IS_UNSEEN, true);
    assert_eq!(browser.evaluate(IS_ASKED), false);
    reload(&mut browser);
    browser.until(SHOWN, "1");
    assert_only_refused(&mut browser, &["403"]);
    let log = server.log();
    assert!(log.contains("web ") && log.contains("of anna"), "{log}");
    for secret in [&all, &may_watch] {
        let signature = secret.rsplit('.').next().unwrap();
        assert!(!log.contains(signature), "{log}");
    }
}

#[test]
fn who_has_no_token_is_asked_for_one_and_who_has_a_wrong_one_again() {
    let (herd, server, all) = guarded();
    report(&server, &all, "kiwi");
    let Some(mut browser) = Browser::open_untrusted(&url(&server, "/")) else { return };
    browser.until(IS_ASKED, true);
    browser.until(STATE, "shut");
    let wrong = "document.querySelector('#token-wrong').textContent";
    assert_eq!(browser.evaluate(wrong), "");
    browser.press("Escape");
    assert_eq!(browser.evaluate(IS_ASKED), true, "there is nothing behind it");
    // As by hand: the field has the focus.
    browser.write("a.b.c");
    browser.press("Enter");
    browser.until(&format!("{wrong} !== ''"), true);
    browser.write(&all);
    browser.press("Enter");
    browser.until(STATE, "live");
    browser.until(SHOWN, "1");
    browser.until("document.querySelector('#seen').textContent", "seen from Solo");
    assert_eq!(browser.evaluate(IS_ASKED), false);
    assert_eq!(browser.evaluate(IS_UNSEEN), false);
    reload(&mut browser);
    browser.until(STATE, "live");
    // When it counts no more, the stream ends and another one is asked for.
    let listed = std::fs::read_to_string(herd.directory.join("keys/revoked")).unwrap();
    let claims = all.split('.').nth(1).unwrap();
    let claims = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, claims).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    herdca(&herd, &["revoke", "keys", claims["jti"].as_str().unwrap()]);
    assert_eq!(listed, "");
    server.process.signal("HUP");
    browser.until(IS_ASKED, true);
    browser.until(&format!("{wrong} !== ''"), true);
    let may_watch = token(&herd, "watch");
    browser.write(&may_watch);
    browser.press("Enter");
    browser.until(STATE, "live");
    browser.until(IS_UNSEEN, true);
    assert_only_refused(&mut browser, &["401", "403"]);
}
