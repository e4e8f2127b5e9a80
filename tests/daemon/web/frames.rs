//! How many frames a second the map draws with ten thousand clients under way. A measurement of the
//! machine, too, so it is not among the tests that always run: `make frames`.

use super::browser::Browser;
use super::tell;
use crate::harness::herd::bare;
use crate::harness::{Herd, Process};

const CLIENTS: &str = "10000";
/// Fast enough for each to be seen to move.
const SPEED_UP: &str = "100";
const FRAMES_MIN: f64 = 30.0;

/// Frames that the browser shows in five seconds, one a second.
const COUNT: &str = "new Promise((done) => {
    const start = performance.now();
    let frames = 0;
    const frame = (now) => {
        const seconds = (now - start) / 1000;
        if (seconds >= 5) return done(frames / seconds);
        frames += 1;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
})";

#[test]
#[ignore = "a measurement, by make frames"]
fn ten_thousand_clients_move_at_thirty_frames_a_second() {
    let herd = Herd::of(&[("Solo", &[])]).with_web();
    let mut command = herd.command("Solo");
    command.env("RUST_LOG", "info,traffic=warn");
    let server = herd.start_by("Solo", command);
    let mut walk = bare(env!("CARGO_BIN_EXE_load"));
    walk.arg("-H").arg(herd.file()).args(["--walk", CLIENTS, "--speed-up", SPEED_UP]);
    let _walk = Process::start(&mut walk, herd.directory.path());
    let Some(mut browser) = Browser::open(&server.url("/")) else { return };
    browser.until("document.body.dataset.clients", CLIENTS);
    browser.until("document.body.dataset.state", "live");
    // All have reported again, so all glide; the page's own count is of frames in which somebody did.
    let rate = "Number(document.querySelector('#rate').textContent.replaceAll(',', ''))";
    browser
        .until(&format!("{rate} >= {CLIENTS} / 2 && Number(document.body.dataset.fps) > 0"), true);
    let frames = browser.evaluate(COUNT).as_f64().unwrap();
    let own = browser.evaluate("Number(document.body.dataset.fps)").as_f64().unwrap();
    let rate = browser.evaluate(rate);
    tell(&format!(
        "{CLIENTS} clients, {rate} reports a second: {frames:.1} frames a second, {own} by the page"
    ));
    assert!(frames >= FRAMES_MIN && own >= FRAMES_MIN, "{frames:.1} and {own} frames a second");
    assert_eq!(browser.take_problems(), [""; 0]);
}
