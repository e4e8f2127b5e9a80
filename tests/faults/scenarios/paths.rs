//! Paths that are slow, narrow and lossy, but there.

use super::{EVERYBODY, SLACK, Stage, lasting};
use crate::load::{line, near};
use crate::network::Network;
use crate::proxy::{Slowness, slow_down};
use crate::servers::{GOLOMAN, HANDS, HOLIDAY, NAMES, WELSH, WILKES, client_address};
use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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

/// A path that is narrower than what moves: 300 KB of positions a second for 64 of them.
const NARROWNESS: Slowness = Slowness {
    delay: (Duration::from_millis(10), Duration::from_millis(20)),
    bytes_per_second: 64 * 1_024,
};
const MOVING_CLIENTS: usize = 500;
const MOVES_AT_ONCE: usize = 100;
const MOVE_PAUSE: Duration = Duration::from_millis(30);
/// How long they move, and after which part of it ages count.
const MOVING: Duration = Duration::from_secs(24);
const SETTLING: Duration = Duration::from_secs(3);
/// What waits unsent and what is under way are some seconds at the path's rate, and with four times
/// as many moves as it carries a client may miss several rounds: 5 to 9 s were seen. A queue that
/// grows is three seconds older after every four.
const AGE_MAX: f64 = 13.0;

/// What moves all the time is known behind a narrow path by its last position but for a moment, and
/// not as it was before a queue that grows.
pub fn a_path_narrower_than_what_moves() {
    let network = Network::new(NAMES.len());
    slow_down(WELSH, NARROWNESS);
    let stage = Stage::on(network, &[WELSH]);
    let mut moves = connect(HOLIDAY);
    let mut questions = connect(WELSH);
    let start = Instant::now();
    let (mut oldest, mut moved, mut last) = (0.0f64, 0, String::new());
    while start.elapsed() < MOVING {
        let mut reports = String::new();
        for _ in 0..MOVES_AT_ONCE {
            moved += 1;
            last = format!("mover-{} +34.068930-118.445127 {:.6}", moved % MOVING_CLIENTS, posix());
            reports.push_str(&format!("IAMAT {last}\n"));
        }
        moves.get_mut().write_all(reports.as_bytes()).unwrap();
        for _ in 0..MOVES_AT_ONCE {
            assert!(line(&mut moves).unwrap().starts_with("AT Holiday "));
        }
        if start.elapsed() > SETTLING {
            oldest = oldest.max(age_of(moved % MOVING_CLIENTS, &mut questions));
        }
        lasting(MOVE_PAUSE);
    }
    let kilobytes = moved * last.len() / 1_000;
    println!("  {moved} moves, {kilobytes} KB in {MOVING:?}, over {NARROWNESS:?}");
    println!("  the oldest position at its end was of {oldest:.2} s ago");
    assert!(oldest <= AGE_MAX, "a position is known {oldest:.2} s late");
    while !ask(moved % MOVING_CLIENTS, &mut questions).ends_with(&last) {
        let late = start.elapsed() - MOVING;
        assert!(late.as_secs_f64() <= AGE_MAX, "the last one is not known {late:.2?} later");
        lasting(MOVE_PAUSE);
    }
    stage.finish(&EVERYBODY, |_| true);
}

fn connect(server: usize) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(client_address(server)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(SLACK)).unwrap();
    BufReader::new(stream)
}

/// What a server answers about a client that moves.
fn ask(client: usize, stream: &mut BufReader<TcpStream>) -> String {
    stream.get_mut().write_all(format!("WHATSAT mover-{client} 1 0\n").as_bytes()).unwrap();
    near(stream).unwrap()
}

/// How many seconds ago a client was where a server knows it.
fn age_of(client: usize, stream: &mut BufReader<TcpStream>) -> f64 {
    let answer = ask(client, stream);
    posix() - answer.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
}

fn posix() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}
