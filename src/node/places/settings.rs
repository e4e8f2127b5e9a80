//! How Places is asked: by whom, how long, how often.

use crate::limits;
use crate::places::Service;
use std::time::Duration;

/// How Places is asked.
#[derive(Debug, Clone)]
pub struct PlacesSettings {
    /// Whom to ask.
    pub service: Service,
    /// For look-up, connect and TLS handshake.
    pub connect_timeout: Duration,
    /// From the request to the first byte of the response.
    pub first_byte_timeout: Duration,
    /// From the question to the answer.
    pub timeout: Duration,
    /// Most calls in a second; none: no cap.
    pub calls_per_second: Option<u32>,
    /// Most calls in a day (UTC); none: no cap.
    pub calls_per_day: Option<u32>,
    /// How long an answer may be given again; zero: never.
    pub cache: Duration,
}

impl PlacesSettings {
    /// The sound defaults: the timeouts of [`limits`], no caps, no cache.
    pub fn new(service: Service) -> Self {
        PlacesSettings {
            service,
            connect_timeout: limits::PLACES_CONNECT_TIMEOUT,
            first_byte_timeout: limits::PLACES_FIRST_BYTE_TIMEOUT,
            timeout: limits::PLACES_DEADLINE,
            calls_per_second: None,
            calls_per_day: None,
            cache: Duration::ZERO,
        }
    }
}
