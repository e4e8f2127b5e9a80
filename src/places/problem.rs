//! Why there is nothing from Places to pass on, and our own answer that says so.

use super::{Answer, Key};
use crate::limits;
use crate::wire::Printable;
use crate::wire::http::HttpError;
use serde_json::json;
use std::fmt;

/// A status of the Places service other than `OK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nothing is there.
    ZeroResults,
    /// The question is wrong.
    InvalidRequest,
    /// Asked too often.
    OverQueryLimit,
    /// The key is wrong or missing.
    RequestDenied,
    /// What was asked for is not there any more.
    NotFound,
    /// Anything else.
    UnknownError,
}

impl Status {
    /// As the service writes it.
    pub fn name(self) -> &'static str {
        match self {
            Status::ZeroResults => "ZERO_RESULTS",
            Status::InvalidRequest => "INVALID_REQUEST",
            Status::OverQueryLimit => "OVER_QUERY_LIMIT",
            Status::RequestDenied => "REQUEST_DENIED",
            Status::NotFound => "NOT_FOUND",
            Status::UnknownError => "UNKNOWN_ERROR",
        }
    }

    /// The status of that name; none for `OK`.
    pub(super) fn from_name(name: &str) -> Option<Status> {
        const ALL: [Status; 6] = [
            Status::ZeroResults,
            Status::InvalidRequest,
            Status::OverQueryLimit,
            Status::RequestDenied,
            Status::NotFound,
            Status::UnknownError,
        ];
        ALL.into_iter().find(|status| status.name() == name)
    }

    /// The status nearest to a canonical error code of Google's interfaces.
    pub(super) fn from_code(code: &str) -> Status {
        match code {
            "INVALID_ARGUMENT" => Status::InvalidRequest,
            "PERMISSION_DENIED" | "UNAUTHENTICATED" => Status::RequestDenied,
            "RESOURCE_EXHAUSTED" => Status::OverQueryLimit,
            _ => Status::UnknownError,
        }
    }
}

/// Why there is nothing from Places to pass on. It can be displayed and logged: the key is not in
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: Status,
    message: String,
}

impl Problem {
    /// A problem in plain words, which may come from Places: the key is taken out of them, and
    /// they are cut to [`PLACES_MESSAGE_CHARS_MAX`](limits::PLACES_MESSAGE_CHARS_MAX).
    pub fn new(status: Status, message: &str, key: Option<&Key>) -> Self {
        let mut message = key.map_or_else(|| message.to_owned(), |key| key.redact(message));
        if let Some((at, _)) = message.char_indices().nth(limits::PLACES_MESSAGE_CHARS_MAX) {
            message.truncate(at);
        }
        Problem { status, message }
    }

    /// The status that clients are told.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The message that clients are told.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether any other question would be told the same: the key or the quota is at fault. A wrong
    /// key is an invalid argument to the new dialect, and only its message tells.
    pub fn concerns_all(&self) -> bool {
        match self.status {
            Status::RequestDenied | Status::OverQueryLimit => true,
            Status::InvalidRequest => self.message.contains("API key"),
            Status::ZeroResults | Status::NotFound | Status::UnknownError => false,
        }
    }

    /// What clients get: an answer of the service in the legacy shape, without results.
    pub fn answer(&self) -> Answer {
        let document = json!({
            "error_message": self.message,
            "html_attributions": [],
            "results": [],
            "status": self.status.name(),
        });
        Answer::without_results(format!("{document:#}"))
    }
}

impl From<HttpError> for Problem {
    fn from(error: HttpError) -> Self {
        Problem::new(Status::UnknownError, &format!("Places sent {error}"), None)
    }
}

impl fmt::Display for Problem {
    /// On one line, fit for a log or a terminal: the message may be a stranger's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status.name(), Printable(self.message.as_bytes()))
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_answer_has_the_legacy_shape() {
        let problem = Problem::new(Status::UnknownError, "no \"way\"\n\nthere", None);
        assert_eq!(
            String::from_utf8(problem.answer().cut(20)).unwrap(),
            "{\n  \"error_message\": \"no \\\"way\\\"\\n\\nthere\",\n  \
             \"html_attributions\": [],\n  \
             \"results\": [],\n  \"status\": \"UNKNOWN_ERROR\"\n}"
        );
        assert_eq!(problem.answer().cut(0), problem.answer().cut(20));
    }

    #[test]
    fn a_message_is_shown_fit_for_a_terminal_and_told_as_it_came() {
        let message = "no\n\u{1b}[2J\u{202e}way\u{200b} là";
        let problem = Problem::new(Status::UnknownError, message, None);
        let shown = r"UNKNOWN_ERROR: no\x0a\x1b[2J\u{202e}way\u{200b} là";
        assert_eq!(problem.to_string(), shown);
        assert_eq!(problem.message(), message);
    }

    #[test]
    fn a_message_is_redacted_before_it_is_cut() {
        let key = Key::new("AIzaSecret").unwrap();
        let max = limits::PLACES_MESSAGE_CHARS_MAX;
        let long = format!("{}AIzaSecret{}", "é".repeat(max - 4), "x".repeat(max));
        let problem = Problem::new(Status::RequestDenied, &long, Some(&key));
        assert_eq!(problem.message().chars().count(), max);
        assert!(problem.message().ends_with("é***x"), "{}", problem.message());
    }

    #[test]
    fn a_wrong_key_concerns_all_questions_and_a_wrong_radius_one() {
        let wrong_key = "API key not valid. Please pass a valid API key.";
        for (status, message, concerns_all) in [
            (Status::RequestDenied, "The provided API key is invalid.", true),
            (Status::OverQueryLimit, "", true),
            (Status::InvalidRequest, wrong_key, true),
            (Status::InvalidRequest, "Invalid radius", false),
            (Status::NotFound, "", false),
            (Status::UnknownError, "Places answered with HTTP status 500", false),
        ] {
            assert_eq!(Problem::new(status, message, None).concerns_all(), concerns_all);
        }
    }

    #[test]
    fn a_fault_is_said_in_plain_words() {
        let problem = Problem::from(HttpError::ChunkSize);
        assert_eq!(problem.message(), "Places sent a chunk size that is no number");
        assert_eq!(problem.status(), Status::UnknownError);
    }
}
