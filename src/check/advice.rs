//! What an operator can do about a Places that does not answer as it should.

use crate::places::{Dialect, Problem, Service, Status};
use crate::transport::{DialStage, Lost};

const NO_KEY: &str = "no key was given: set GOOGLE_PLACES_API_KEY, or give --places-key-file";
const OTHER_KEY: &str = "is that the key that this service demands?";
const WRONG_KEY: &str = "Google does not know this key: copy it anew from the Google Cloud console, \
    APIs & Services, Credentials";
const NOT_ENABLED: &str = "enable \"Places API (New)\" in the Google Cloud console, APIs & Services, \
    Library, for the project that the key belongs to";
const NOT_ENABLED_LEGACY: &str = "Google enables the legacy API for no new project: leave out \
    --places-dialect and --places, and enable \"Places API (New)\" in the Google Cloud console, APIs \
    & Services, Library, for the project that the key belongs to";
const RESTRICTED: &str = "the restrictions of the key must let it use \"Places API (New)\" from this \
    machine's address: see the Google Cloud console, APIs & Services, Credentials";
const NO_BILLING: &str =
    "link the project to a billing account in the Google Cloud console, Billing";
const DENIED: &str = "see in the Google Cloud console, APIs & Services, whether the key is right, \
    \"Places API (New)\" is enabled for its project, and its restrictions allow that API and this \
    machine";
const QUOTA: &str = "the project's quota is used up, or it is not linked to a billing account: see \
    the Google Cloud console, APIs & Services, Quotas";
const PATH: &str =
    "is the path in --places right, and --places-dialect the one that is spoken there?";

/// What messages of Google say, in small letters, and what can be done; the first that fits.
const GOOGLE_SAYS: [(&[&str], &str); 5] = [
    (&["billing"], NO_BILLING),
    (&["key not valid", "key is invalid", "key expired"], WRONG_KEY),
    (&["has not been used", "is disabled", "not enabled", "not activated"], NOT_ENABLED),
    (&["blocked", "restriction", "referer", "ip address"], RESTRICTED),
    (&["not authorized"], DENIED),
];

/// What can be done about a connection that does not come about or breaks.
pub(super) fn on_loss(cause: &Lost, is_stand_in: bool) -> Option<&'static str> {
    let resolves = "is the host's name right, and does this machine resolve names?";
    Some(match (cause, is_stand_in) {
        (Lost::Connect(_), true) => {
            "without a key the stand-in is asked, and it does not run here: start it with `places`, \
             which is built beside herd, or with `make herd`; for Google set GOOGLE_PLACES_API_KEY"
        }
        // The file is not there, and what can be done is said with it.
        (Lost::Tls(why), true) if why.contains("start `places`") => return None,
        (Lost::Tls(_) | Lost::NotTls(_), true) => {
            "its authority is looked for in .herd, where the stand-in that runs on this port was \
             started"
        }
        (Lost::Tls(_), false) => "is --places-ca the authority of that server?",
        (Lost::Resolve(_) | Lost::ConnectTimeout(DialStage::LookUp), _) => resolves,
        (Lost::Connect(_) | Lost::ConnectTimeout(DialStage::Connect(_)), _) => {
            "does it run, and may this machine go there?"
        }
        (Lost::NotTls(_), false) | (Lost::ConnectTimeout(DialStage::Handshake(_)), _) => {
            "is it a server of HTTPS, and is there nothing on the way that holds it up?"
        }
        _ => return None,
    })
}

/// What can be done about an error that Places answered with.
pub(super) fn on_problem(
    problem: &Problem,
    http_status: u16,
    service: &Service,
) -> Option<&'static str> {
    let refuses = matches!(problem.status(), Status::RequestDenied | Status::InvalidRequest);
    if refuses && service.key.is_none() {
        return Some(NO_KEY);
    }
    let is_google = service.endpoint.host.trim_end_matches('.').ends_with(".googleapis.com");
    match problem.status() {
        Status::RequestDenied | Status::InvalidRequest if is_google => {
            let message = problem.message().to_lowercase();
            let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
            let advice = GOOGLE_SAYS.iter().find(|(words, _)| says(words));
            match (advice, problem.status()) {
                (Some(&(_, NOT_ENABLED)), _) if service.dialect == Dialect::Legacy => {
                    Some(NOT_ENABLED_LEGACY)
                }
                (Some(&(_, advice)), _) => Some(advice),
                (None, Status::RequestDenied) => Some(DENIED),
                (None, _) => None,
            }
        }
        Status::RequestDenied => Some(OTHER_KEY),
        Status::OverQueryLimit if is_google => Some(QUOTA),
        _ if http_status == 404 || problem.message().contains("no list of") => Some(PATH),
        _ => None,
    }
}

/// As it is put behind what it is about.
pub(super) fn in_brackets(advice: Option<&str>) -> String {
    advice.map(|advice| format!(" ({advice})")).unwrap_or_default()
}
