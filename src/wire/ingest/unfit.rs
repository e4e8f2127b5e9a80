//! Why what came over HTTP is no report, or no question.

use crate::limits;
use crate::wire::command::Reason;
use crate::wire::misnumbered::Misnumbered;
use crate::wire::uri::Misescaped;
use std::fmt;

/// What is wrong with a report or a question. Its `Display` is a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit<'a> {
    /// The part that is called so is missing.
    Missing(&'static str),
    /// The part that is called so has an escape that is none.
    Escape(&'static str, Misescaped),
    /// These two go not together.
    Both(&'static str, &'static str),
    /// The body is no JSON.
    NoJson,
    /// The part that is called so is of another kind than it is to be.
    Kind(&'static str, &'static str),
    /// What is wrong with the number that is called so.
    Number(&'static str, Misnumbered),
    /// The number that is called so has an exponent beyond
    /// [`EXPONENT_DIGITS_MAX`](limits::EXPONENT_DIGITS_MAX).
    Exponent(&'static str),
    /// The angle that is called so has more degrees than there are.
    Beyond(&'static str),
    /// The part that is called so is not two numbers with a comma between.
    NoPair(&'static str),
    /// The time is neither a number nor ISO 8601.
    NoTime,
    /// There is no such day, or no such time of day.
    NoMoment,
    /// The time is before 1970.
    BeforeEpoch,
    /// Written as a line it has so many bytes.
    TooLong(usize),
    /// What is wrong with it as a line.
    Line(Reason<'a>),
}

impl fmt::Display for Unfit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfit::Missing(name) => write!(f, "the {name} is missing"),
            Unfit::Escape(name, misescaped) => write!(f, "in the {name} {misescaped}"),
            Unfit::Both(one, other) => write!(f, "there is both {one} and {other}"),
            Unfit::NoJson => f.write_str("the body is no JSON"),
            Unfit::Kind(name, kind) => write!(f, "the {name} is not {kind}"),
            Unfit::Number(name, misnumbered) => write!(f, "the {name} {misnumbered}"),
            Unfit::Exponent(name) => {
                let most = limits::EXPONENT_DIGITS_MAX;
                write!(f, "the {name} has an exponent beyond {most}")
            }
            Unfit::Beyond(name) => write!(f, "the {name} has more degrees than there are"),
            Unfit::NoPair(name) => write!(f, "the {name} is not two numbers with a comma between"),
            Unfit::NoTime => f.write_str("the time is neither a number nor ISO 8601"),
            Unfit::NoMoment => f.write_str("the time is on no day, or at no time of it"),
            Unfit::BeforeEpoch => f.write_str("the time is before 1970"),
            Unfit::TooLong(bytes) => {
                let most = limits::CLIENT_LINE_BYTES_MAX;
                write!(f, "it has {bytes} bytes as a line, of {most} at most")
            }
            Unfit::Line(reason) => reason.fmt(f),
        }
    }
}
