//! How Places is asked: which service, how long, how often.

use super::Service;
use crate::limits;
use std::time::Duration;

/// How Places is asked.
#[derive(Debug, Clone)]
pub struct PlacesSettings {
    /// Whom to ask.
    pub service: Service,
    /// How long and how often.
    pub limits: AskingLimits,
}

impl PlacesSettings {
    /// That service, asked within the default limits.
    pub fn new(service: Service) -> Self {
        PlacesSettings { service, limits: AskingLimits::default() }
    }
}

/// How long a question may take, how many there may be, and how long an answer is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskingLimits {
    /// For look-up, connect and TLS handshake.
    pub connect_timeout: Duration,
    /// From the question on its connection to the first byte of the answer.
    pub first_byte_timeout: Duration,
    /// Whole query, from the question to the answer.
    pub timeout: Duration,
    /// Most calls in a second; none: no cap.
    pub calls_per_second: Option<u32>,
    /// Most calls in a day (UTC); none: no cap.
    pub calls_per_day: Option<u32>,
    /// How long an answer may be given again; zero: never.
    pub cache: Duration,
}

impl AskingLimits {
    /// The same with a cap where none was given: for asking with a key, where a mistake costs money.
    pub fn capped(self) -> Self {
        let per_second = limits::PLACES_KEY_CALLS_PER_SECOND;
        let per_day = limits::PLACES_KEY_CALLS_PER_DAY;
        AskingLimits {
            calls_per_second: self.calls_per_second.or(Some(per_second)),
            calls_per_day: self.calls_per_day.or(Some(per_day)),
            ..self
        }
    }

    /// The caps, in words.
    pub fn caps(&self) -> String {
        match (self.calls_per_second, self.calls_per_day) {
            (None, None) => "as often as clients ask".to_owned(),
            (Some(second), None) => format!("at most {second} times a second"),
            (None, Some(day)) => format!("at most {day} times a day"),
            (Some(second), Some(day)) => {
                format!("at most {second} times a second and {day} times a day")
            }
        }
    }
}

impl Default for AskingLimits {
    /// The timeouts of [`limits`], no caps, no cache.
    fn default() -> Self {
        AskingLimits {
            connect_timeout: limits::PLACES_CONNECT_TIMEOUT,
            first_byte_timeout: limits::PLACES_FIRST_BYTE_TIMEOUT,
            timeout: limits::PLACES_DEADLINE,
            calls_per_second: None,
            calls_per_day: None,
            cache: Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_goes_before_what_is_put_in_its_place() {
        let given = |calls_per_second, calls_per_day| AskingLimits {
            calls_per_second,
            calls_per_day,
            ..AskingLimits::default()
        };
        let caps = [(None, None), (Some(7), None), (None, Some(9)), (Some(7), Some(9))];
        let told = caps.map(|(second, day)| given(second, day).caps());
        let words =
            ["as often as clients ask", "at most 7 times a second", "at most 9 times a day"];
        assert_eq!(told[..3], words);
        assert_eq!(told[3], "at most 7 times a second and 9 times a day");
        let capped = caps.map(|(second, day)| given(second, day).capped());
        let (a, b) = (limits::PLACES_KEY_CALLS_PER_SECOND, limits::PLACES_KEY_CALLS_PER_DAY);
        let expected = [(a, b), (7, b), (a, 9), (7, 9)];
        assert_eq!(capped, expected.map(|(second, day)| given(Some(second), Some(day))));
    }
}
