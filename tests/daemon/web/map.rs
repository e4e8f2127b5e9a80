//! The map in a real browser: what people see.

use super::browser::Browser;
use crate::harness::{Client, Herd, Server};

const CLIENTS: usize = 60;

fn solo() -> (Herd, Server) {
    let herd = Herd::of(&[("Solo", &[])]).with_web();
    let server = herd.start("Solo");
    (herd, server)
}

/// Nothing was loaded from elsewhere, forbidden by the page's policy, or said to be wrong.
#[track_caller]
fn assert_no_problems(browser: &mut Browser) {
    assert_eq!(browser.take_problems(), [""; 0]);
}

fn report(client: &mut Client, id: &str, place: &str, time: u32) {
    let answer = client.ask(&format!("IAMAT {id} {place} {time}"));
    assert!(answer.starts_with("AT "), "{answer}");
}

const SHOWN: &str = "document.body.dataset.clients";
const STATE: &str = "document.body.dataset.state";

#[test]
fn the_page_shows_who_is_where_and_who_moves() {
    let (_herd, server) = solo();
    let mut client = server.client();
    for number in 0..CLIENTS - 1 {
        report(&mut client, &format!("c{number}"), &format!("+{}+{number}", number % 60), 1);
    }
    report(&mut client, "<b>kiwi</b>", "+34.068930-118.445127", 1);
    let Some(mut browser) = Browser::open(&server.url("/")) else { return };
    browser.until(STATE, "live");
    browser.until(SHOWN, CLIENTS.to_string());

    // Found by a part of its id, as by hand: its id is text and no markup.
    browser.press("/");
    browser.write("kiwi");
    browser.press("Enter");
    let field =
        |name: &str| format!("document.querySelector('#client [data-field={name}]').textContent");
    browser.until(&field("id"), "<b>kiwi</b>");
    browser.until(&field("degrees"), "34.06893° N, 118.44513° W");
    report(&mut client, "<b>kiwi</b>", "-33.868820+151.209290", 2);
    browser.until(&field("degrees"), "33.86882° S, 151.20929° E");
    assert!(browser.evaluate(&field("server")).as_str().unwrap().starts_with("Solo"));
    report(&mut client, "another", "+1+1", 1);
    browser.until(SHOWN, (CLIENTS + 1).to_string());
    browser.until("document.querySelectorAll('#client b, #choices b').length", 0);

    // A circle in the middle asks who is near: there is one, as large as the world.
    browser.press("Escape");
    browser.press("c");
    browser.press("Enter");
    browser.until("document.querySelector('#near').hidden", false);
    let radius = "document.querySelector('#near input[type=number]')";
    let set = "=> { it.value = '20000'; it.dispatchEvent(new Event('change', { bubbles: true })) }";
    browser.evaluate(&format!("((it) {set})({radius})"));
    browser.until("document.querySelectorAll('#near ol li').length >= 20", true);
    // And there is something to be seen when all are.
    browser.press("a");
    let drawn = "(() => { const [dots, copy] = [document.querySelector('#dots'), document.createElement('canvas')];
        [copy.width, copy.height] = [dots.width, dots.height];
        const context = copy.getContext('2d', { willReadFrequently: true });
        context.drawImage(dots, 0, 0);
        const { data } = context.getImageData(0, 0, copy.width, copy.height);
        return data.some((value) => value > 0) })()";
    browser.until(drawn, true);
    assert_no_problems(&mut browser);
    // Were anything asked of elsewhere, that would be noticed.
    browser.evaluate("fetch('http://127.0.0.1:1/').catch(() => 0)");
    let problems = browser.take_problems();
    assert!(problems.iter().any(|said| said.contains("Content Security Policy")), "{problems:#?}");
}

#[test]
fn the_page_says_when_it_has_lost_the_server_and_when_it_is_back() {
    let (herd, mut server) = solo();
    let mut client = server.client();
    report(&mut client, "kiwi", "+1+1", 1);
    report(&mut client, "lemon", "+1+1", 1);
    let Some(mut browser) = Browser::open(&server.url("/")) else { return };
    browser.until(STATE, "live");
    browser.until(SHOWN, "2");
    // The status has come, which is why it has a name.
    browser.until("document.querySelector('#seen').textContent", "seen from Solo");
    assert_no_problems(&mut browser);

    server.process.kill();
    browser.until(STATE, "lost");
    let banner = "document.querySelector('#banner').textContent";
    let said = browser.evaluate(banner);
    assert!(said.as_str().unwrap().starts_with("Lost Solo."), "{said}");
    assert_eq!(browser.evaluate(SHOWN), "2", "what was so is still shown");

    let server = herd.start("Solo");
    browser.until(STATE, "live");
    report(&mut server.client(), "fig", "+1+1", 1);
    browser.until(SHOWN, "1");
    // Meanwhile it could not be reached, which a browser says by itself: that is all it has said.
    let problems = browser.take_problems();
    assert!(problems.iter().all(|problem| problem.contains("net::ERR_")), "{problems:#?}");
}

#[test]
fn the_herd_s_graph_turns_a_link_red_and_green_again() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_web();
    let mut servers = herd.start_all();
    let Some(mut browser) = Browser::open(&servers[0].url("/")) else { return };
    let links = "[...document.querySelectorAll('#graph .link, #graph .mark')]
        .map((part) => part.getAttribute('class')).join()";
    let colour = "getComputedStyle(document.querySelector('#graph .link')).stroke";
    browser.until(links, "link up,link up,mark up");
    let green = browser.evaluate(colour);
    let names = "[...document.querySelectorAll('#graph .name')].map((it) => it.textContent).join()";
    assert_eq!(browser.evaluate(names), "A,B");

    servers[1].process.kill();
    browser.until(links, "link down,link down,mark down");
    let red = browser.evaluate(colour);
    assert_ne!(red, green);
    let words = "document.querySelector('#links').textContent";
    assert!(browser.evaluate(words).as_str().unwrap().starts_with("B no link"));
    assert_eq!(browser.evaluate(STATE), "live", "our own server is there");

    servers[1] = herd.start("B");
    browser.until(links, "link up,link up,mark up");
    // The style sheet lets it take a moment.
    browser.until(colour, green);
    assert_no_problems(&mut browser);
}
