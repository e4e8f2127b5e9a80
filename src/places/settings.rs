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
