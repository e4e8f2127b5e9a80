//! Operation lists as bytes: what peers send stands for itself, so that files of a corpus can be
//! read; a byte 0xFF, which no line needs, begins an operation.

use std::time::Duration;

/// One step of a script.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// The peer of the chosen conversation sends this, in one piece.
    Data(&'a [u8]),
    /// It sends the last piece so many times more, each after the pause.
    Repeat(u8),
    /// The pause between repeated pieces.
    Pause(Duration),
    /// It will send no more.
    End,
    /// It breaks the connection.
    Lose,
    /// It takes so many bytes of output and then no more.
    Take(usize),
    /// It takes all output from now on.
    TakeAll,
    /// Time passes.
    Wait(Duration),
    /// A client connects, and is chosen.
    Client,
    /// Somebody connects to the neighbours' port, and is chosen.
    Neighbour,
    /// Somebody connects to the web port, and is chosen.
    Visitor,
    /// The oldest dial succeeds; the connection is chosen.
    Connect,
    /// The oldest dial fails.
    Refuse,
    /// Another conversation is chosen: the one with this number, counted round.
    Choose(u8),
    /// The disk fails from now on, or does so no more.
    Disk,
    /// The server stops.
    Stop,
}

/// The steps of a script. Any bytes are one.
pub fn steps(input: &[u8]) -> impl Iterator<Item = Step<'_>> {
    let mut rest = input;
    std::iter::from_fn(move || {
        let escape = rest.iter().position(|&byte| byte == 0xff).unwrap_or(rest.len());
        if escape > 0 {
            let (data, behind) = rest.split_at(escape);
            rest = behind;
            return Some(Step::Data(data));
        }
        let [_, operation, behind @ ..] = rest else { return None };
        rest = behind;
        let mut argument = || {
            let (&first, behind) = rest.split_first().unwrap_or((&0, &[]));
            rest = behind;
            first
        };
        Some(match operation {
            b'R' => Step::Repeat(argument()),
            b'P' => Step::Pause(time(argument())),
            b'E' => Step::End,
            b'L' => Step::Lose,
            b'T' => Step::Take(usize::from(argument()).pow(2)),
            b'A' => Step::TakeAll,
            b'W' => Step::Wait(time(argument())),
            b'C' => Step::Client,
            b'N' => Step::Neighbour,
            b'V' => Step::Visitor,
            b'D' => Step::Connect,
            b'F' => Step::Refuse,
            b'X' => Step::Disk,
            b'S' => Step::Stop,
            // Also what only ends a piece: nothing is done to a conversation that was chosen.
            choice => Step::Choose(*choice),
        })
    })
}

/// From a nanosecond to a minute, finely enough to meet every limit from both sides.
fn time(argument: u8) -> Duration {
    Duration::from_nanos(1 << (argument / 7).min(36)) * (u32::from(argument % 7) + 1)
}
