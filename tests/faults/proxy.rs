//! A slow path for kernels that cannot delay by themselves: what neighbours dial is the router,
//! which passes the bytes on later and no faster than so many in a second.

use crate::network::{address, router_address};
use crate::servers::NEIGHBOUR_PORT;
use socket2::SockRef;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Pieces under way in one direction of a connection; more wait at the sender, as on a path whose
/// routers hold little.
const PIECES_MAX: usize = 4;
const PIECE_BYTES: usize = 4_096;
const RECEIVE_BUFFER_BYTES: usize = 16 * 1_024;

/// How slow a path is.
#[derive(Debug, Clone, Copy)]
pub struct Slowness {
    /// Each piece waits between these two.
    pub delay: (Duration, Duration),
    pub bytes_per_second: u32,
}

/// Has all who dial the router in place of server `index` wait, until the scenario ends.
pub fn slow_down(index: usize, slowness: Slowness) {
    let listener = TcpListener::bind((router_address(index), NEIGHBOUR_PORT)).unwrap();
    SockRef::from(&listener).set_recv_buffer_size(RECEIVE_BUFFER_BYTES).unwrap();
    thread::spawn(move || {
        for near in listener.incoming().map(Result::unwrap) {
            thread::spawn(move || pass_on(index, near, slowness));
        }
    });
}

fn pass_on(index: usize, near: TcpStream, slowness: Slowness) {
    // A server that is not there hangs up on those who dialled.
    let Ok(far) = TcpStream::connect((address(index), NEIGHBOUR_PORT)) else { return };
    for (from, to) in [(&near, &far), (&far, &near)] {
        let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        to.set_nodelay(true).unwrap();
        let (sender, receiver) = sync_channel(PIECES_MAX);
        thread::spawn(move || receive(from, &sender, slowness));
        thread::spawn(move || deliver(to, &receiver, slowness));
    }
}

/// Takes pieces and notes when each is due.
fn receive(mut from: TcpStream, sender: &SyncSender<(Instant, Vec<u8>)>, slowness: Slowness) {
    let (shortest, longest) = slowness.delay;
    let mut piece = [0; PIECE_BYTES];
    let mut count = 0;
    while let Ok(bytes) = from.read(&mut piece) {
        // The delays walk up and down between their ends.
        count = (count + 1) % 8;
        let delay = shortest + (longest - shortest) * count / 7;
        if sender.send((Instant::now() + delay, piece[..bytes].to_vec())).is_err() || bytes == 0 {
            return;
        }
    }
}

/// Passes pieces on when they are due; an empty one is the end.
fn deliver(mut to: TcpStream, receiver: &Receiver<(Instant, Vec<u8>)>, slowness: Slowness) {
    for (due, piece) in receiver {
        let length = u32::try_from(piece.len()).unwrap();
        let sending = Duration::from_secs(1) * length / slowness.bytes_per_second;
        thread::sleep(due.saturating_duration_since(Instant::now()) + sending);
        if piece.is_empty() || to.write_all(&piece).is_err() {
            break;
        }
    }
    // The other side may have gone first.
    let _ = to.shutdown(Shutdown::Write);
}
