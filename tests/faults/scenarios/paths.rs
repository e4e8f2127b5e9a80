//! Paths that are slow, narrow and lossy, but there.

use super::{EVERYBODY, SLACK, Stage, lasting};
use crate::network::Network;
use crate::proxy::{Slowness, slow_down};
use crate::servers::{GOLOMAN, HANDS, HOLIDAY, NAMES, WELSH, WILKES};
use std::time::{Duration, Instant};

/// Dialled by way of the proxy where the kernel cannot delay.
const SLOW: [usize; 2] = [HOLIDAY, WELSH];
/// Paths that lose everything for a moment, again and again, where the kernel cannot lose some.
const LOSSY: [(usize, usize); 2] = [(GOLOMAN, HANDS), (HANDS, WILKES)];
const SLOWNESS: Slowness = Slowness {
    delay: (Duration::from_millis(60), Duration::from_millis(100)),
    bytes_per_second: 64 * 1_024,
};
const NETEM: &str = "netem delay 40ms 10ms loss 2% rate 1mbit";
const NARROW: &str = "tbf rate 2mbit burst 16kb latency 200ms";
/// How long paths are poor.
const POOR: Duration = Duration::from_secs(8);
/// Of each period, the part in which all is lost.
const LOSS: Duration = Duration::from_millis(15);
const PERIOD: Duration = Duration::from_millis(100);
/// TCP's retransmissions over a few poor links.
const LAG_MAX: Duration = SLACK.saturating_add(Duration::from_secs(4));

/// Delayed, limited and lossy all at once, and nobody is refused.
pub fn slow_and_lossy_paths() {
    let network = Network::new(NAMES.len());
    let netem = network.queue(HOLIDAY, NETEM);
    let proxied: &[usize] = if netem { &[] } else { &SLOW };
    proxied.iter().for_each(|&index| slow_down(index, SLOWNESS));
    let mut stage = Stage::on(network, proxied);
    let slow = if netem {
        [GOLOMAN, HANDS, WELSH, WILKES].iter().for_each(|&index| {
            assert!(stage.network.queue(index, NETEM), "netem is there for one cable only");
        });
        lasting(POOR);
        format!("all by tc {NETEM}")
    } else {
        let narrow = stage.network.queue(WILKES, NARROW);
        let narrow = if narrow { NARROW } else { "(tbf is missing)" };
        lose_for(&mut stage, POOR);
        format!("no netem: {SLOWNESS:?} by proxy; {LOSS:?} of {PERIOD:?} lost; {narrow} to one")
    };
    println!("  {slow}");
    // The paths are poor still, but for the moments of loss.
    println!("  all know all {:.2?} later, over poor paths", stage.agree(LAG_MAX));
    lasting(Duration::from_secs(1));
    if netem {
        EVERYBODY.iter().for_each(|&index| stage.network.unqueue(index));
    }
    stage.finish(&EVERYBODY, |_| true);
}

fn lose_for(stage: &mut Stage, time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        stage.network.cut(&LOSSY);
        lasting(LOSS);
        stage.network.heal(&LOSSY);
        lasting(PERIOD - LOSS);
    }
}
