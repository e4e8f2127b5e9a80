//! Somebody else in a neighbour's name.

use crate::harness::Herd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

#[test]
fn who_greeted_before_the_neighbour_does_not_keep_it_out() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let a = herd.start("A");
    let mut impostor = a.stranger();
    impostor.send("HERD 1 test B A 00000000000000b1\nMARK 0 0000000000000000\n");
    assert!(impostor.line().starts_with("HEARD 1 A "));
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mark = "MARK 0 0000000000000000\n";
            while !is_over.load(Ordering::Relaxed) {
                let _ = std::io::Write::write_all(&mut &impostor.stream, mark.as_bytes());
                thread::sleep(Duration::from_millis(500));
            }
        });
        let b = herd.start("B");
        let at = b.report("kiwi", "1");
        let told = std::panic::catch_unwind(|| a.wait_for(&at));
        is_over.store(true, Ordering::Relaxed);
        assert!(told.is_ok(), "B is kept out:\n{}", a.log());
        a.wait_for_log("link to B is up");
    });
}
