//! Questions as the web port has them, in a query: read by the very parsers of the lines.

use super::{Fields, Unfit};
use crate::fault::fault;
use crate::limits;
use crate::wire::ascii::is_white_space;
use crate::wire::command::{Command, Near, Place, Reason, Watch, WhatsAt};
use crate::wire::name::is_client_id;
use crate::wire::uri;
use memchr::memchr;
use std::borrow::Cow;

/// How many are asked for where nothing is said.
const LIMIT_DEFAULT: &[u8] = b"20";

/// Where a question is written as a line. Made once and used for one after the other, it allocates nothing
/// but for what is escaped.
#[derive(Debug, Default)]
pub struct QuestionLine {
    line: Vec<u8>,
}

impl QuestionLine {
    /// A line with nothing on it.
    pub const fn new() -> Self {
        QuestionLine { line: Vec::new() }
    }

    /// `near=LAT,LNG`, `km=R` and, if it is not to be 20, `limit=N`: a `NEAR`.
    pub fn near(&mut self, query: &[u8]) -> Result<Near<'static>, Unfit<'_>> {
        let near = value(query, "near")?.ok_or(Unfit::Missing("near"))?;
        self.begin(b"NEAR ").pair(&near)?;
        self.radius(query)?;
        self.limit(query)?;
        match self.read()? {
            Command::Near(Near { place, radius_micrometres, bound }) => match place {
                Place::Location(location) => {
                    Ok(Near { place: Place::Location(location), radius_micrometres, bound })
                }
                // What is on no place of the Earth is an id, on the line.
                Place::Client(_) => Err(Unfit::Beyond("near")),
            },
            other => unexpected(&other),
        }
    }

    /// `km=R` and, if it is not to be 20, `limit=N`, about that client: a `WHATSAT`.
    pub fn places(&mut self, client: &[u8], query: &[u8]) -> Result<WhatsAt<'_>, Unfit<'_>> {
        let mut fields = self.begin(b"WHATSAT ");
        fields.client(client)?;
        fields.line.pop();
        self.radius(query)?;
        self.limit(query)?;
        match self.read()? {
            Command::WhatsAt(whats_at) => Ok(whats_at),
            other => unexpected(&other),
        }
    }

    /// `client=ID`, or `near=LAT,LNG` and `km=R`, or neither of these: a `WATCH`. An id is one, also if it
    /// could be read as a location.
    pub fn watch(&mut self, query: &[u8]) -> Result<Watch<'_>, Unfit<'_>> {
        match (value(query, "client")?, value(query, "near")?) {
            (Some(_), Some(_)) => Err(Unfit::Both("client", "near")),
            (Some(client), None) => {
                if !is_client_id(&client) {
                    let reason = Reason::of_client(&client).unwrap_or(Reason::Nothing);
                    return Err(Unfit::Line(reason));
                }
                self.line.clear();
                self.line.extend_from_slice(&client);
                Ok(Watch::Client(&self.line))
            }
            (None, Some(near)) => {
                self.begin(b"WATCH ").pair(&near)?;
                self.radius(query)?;
                match self.read()? {
                    Command::Watch(watch) => Ok(watch),
                    other => unexpected(&other),
                }
            }
            (None, None) => Ok(Watch::All),
        }
    }

    fn begin(&mut self, command: &[u8]) -> Fields<'_> {
        self.line.clear();
        self.line.extend_from_slice(command);
        Fields { line: &mut self.line }
    }

    fn radius(&mut self, query: &[u8]) -> Result<(), Unfit<'static>> {
        let radius = value(query, "km")?.ok_or(Unfit::Missing("km"))?;
        self.field("km", &radius)
    }

    fn limit(&mut self, query: &[u8]) -> Result<(), Unfit<'static>> {
        let limit = value(query, "limit")?;
        self.field("limit", limit.as_deref().unwrap_or(LIMIT_DEFAULT))
    }

    /// Another field, which is one: not none, and not several.
    fn field(&mut self, name: &'static str, field: &[u8]) -> Result<(), Unfit<'static>> {
        if field.is_empty() || field.iter().any(|&byte| is_white_space(byte)) {
            return Err(Unfit::Kind(name, "a number"));
        }
        self.line.push(b' ');
        self.line.extend_from_slice(field);
        Ok(())
    }

    fn read(&self) -> Result<Command<'_>, Unfit<'_>> {
        if self.line.len() > limits::CLIENT_LINE_BYTES_MAX {
            return Err(Unfit::TooLong(self.line.len()));
        }
        match Command::parse(&self.line) {
            Ok(Some(command)) => Ok(command),
            Ok(None) => Err(Unfit::Line(Reason::Nothing)),
            Err(malformed) => Err(Unfit::Line(malformed.reason().0)),
        }
    }
}

impl Fields<'_> {
    /// Latitude and longitude with a comma between, as a location.
    fn pair(&mut self, pair: &[u8]) -> Result<(), Unfit<'static>> {
        let comma = memchr(b',', pair).ok_or(Unfit::NoPair("near"))?;
        self.location(&pair[..comma], &pair[comma + 1..])?;
        self.line.pop();
        Ok(())
    }
}

fn value<'q>(query: &'q [u8], name: &'static str) -> Result<Option<Cow<'q, [u8]>>, Unfit<'static>> {
    uri::value(query, name).map_err(|misescaped| Unfit::Escape(name, misescaped))
}

fn unexpected<T>(command: &Command<'_>) -> Result<T, Unfit<'static>> {
    fault!("a question was written as {command:?}");
    Err(Unfit::Line(Reason::Nothing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(query: &str) -> Result<(String, u64, u16), String> {
        let mut line = QuestionLine::new();
        let near = line.near(query.as_bytes()).map_err(|unfit| unfit.to_string())?;
        let Place::Location(location) = near.place else { panic!("{near:?}") };
        let place = format!("{} {}", location.latitude_nanodegrees, location.longitude_nanodegrees);
        Ok((place, near.radius_micrometres, near.bound))
    }

    #[test]
    fn a_place_its_surroundings_and_how_many() {
        let expected = |bound| Ok(("34500000000 -118000000000".to_owned(), 1_500_000_000, bound));
        assert_eq!(near("near=34.5,-118&km=1.5"), expected(20));
        assert_eq!(near("limit=7&near=34.5%2C-118.0&km=1.5&else=1"), expected(7));
        assert_eq!(near("near=%2B34.5,-118&km=1.5&limit=0"), expected(0));
    }

    #[test]
    fn what_is_no_question() {
        for (query, why) in [
            ("", "the near is missing"),
            ("near=1,2", "the km is missing"),
            ("near=1&km=5", "the near is not two numbers with a comma between"),
            ("near=kiwi&km=5", "the near is not two numbers with a comma between"),
            ("near=1,2&km=", "the km is not a number"),
            ("near=1,2&km=1+2", "the km is not a number"),
            ("near=1,2&km=1&limit=1%0a2", "the limit is not a number"),
            ("near=1,2&km=%", "in the km no two hexadecimal digits follow the % behind 0 bytes"),
        ] {
            assert_eq!(near(query), Err(why.to_owned()), "{query}");
        }
        for query in ["near=91,2&km=5", "near=1,2&km=20041", "near=1,2&km=5&limit=1001"] {
            assert!(near(query).is_err(), "{query}");
        }
    }

    #[test]
    fn what_may_be_watched() {
        let mut line = QuestionLine::new();
        assert_eq!(line.watch(b""), Ok(Watch::All));
        assert_eq!(line.watch(b"token=x"), Ok(Watch::All));
        assert_eq!(line.watch(b"client=a%2Fb"), Ok(Watch::Client(b"a/b")));
        assert_eq!(line.watch(b"client=*"), Ok(Watch::Client(b"*")), "an id as any other");
        assert_eq!(line.watch(b"client=%2B1-2"), Ok(Watch::Client(b"+1-2")), "and no location");
        let Ok(Watch::Area { centre, radius, .. }) = line.watch(b"near=1,-2.50&km=10") else {
            panic!("that is an area")
        };
        assert_eq!((centre, radius), (&b"+1-2.50"[..], &b"10"[..]));
        let mut why = |query: &[u8]| line.watch(query).unwrap_err().to_string();
        assert_eq!(why(b"client=a&near=1,2&km=3"), "there is both client and near");
        assert_eq!(why(b"client="), "the client's id is empty");
        assert_eq!(why(b"client=a%20b"), "the client's id has white space in it");
        assert_eq!(why(b"near=1,2"), "the km is missing");
    }

    #[test]
    fn what_is_asked_of_places() {
        let mut line = QuestionLine::new();
        let asked = line.places(b"kiwi", b"km=10&limit=5").unwrap();
        let expected = WhatsAt { client: b"kiwi", radius_micrometres: 10_000_000_000, bound: 5 };
        assert_eq!(asked, expected);
        assert_eq!(line.places(b"kiwi", b"km=10").unwrap().bound, 20);
        for query in ["", "km=51", "km=10&limit=21"] {
            assert!(line.places(b"kiwi", query.as_bytes()).is_err(), "{query}");
        }
        assert!(line.places(b"a b", b"km=1").is_err());
    }

    proptest! {
        #[test]
        fn any_query_is_a_question_or_none(query: Vec<u8>, near in "[-+.,0-9%e]{0,12}", km in "\\PC{0,5}") {
            let mut line = QuestionLine::new();
            let named = format!("near={near}&km={km}&limit={km}&client={km}");
            for query in [&query[..], named.as_bytes()] {
                let _ = (line.near(query).is_ok(), line.watch(query).is_ok());
                let _ = line.places(b"kiwi", query).is_ok();
            }
        }
    }
}
