//! Questions as the web port's queries have them: what comes out is what a line of the same fields says.

use herd::limits;
use herd::wire::ingest::{QuestionLine, Unfit};
use herd::wire::{Command, Watch, uri};

/// The first byte chooses the question; what is before a zero byte in the rest is the client it is about,
/// what is behind it the query.
pub fn question(input: &[u8]) {
    let [form, rest @ ..] = input else { return };
    let cut = rest.iter().position(|&byte| byte == 0).unwrap_or(rest.len());
    let (client, query) = (&rest[..cut], rest.get(cut + 1..).unwrap_or_default());
    let mut line = QuestionLine::new();
    match form % 3 {
        0 => {
            let Some(near) = judge(line.near(query)) else { return };
            assert!(near.bound <= limits::NEAR_RESULTS_MAX);
            assert!(near.radius_micrometres <= 20_040_000_000_000);
            assert!(uri::value(query, "near").is_ok_and(|value| value.is_some()));
        }
        1 => {
            let Some(asked) = judge(line.places(client, query)) else { return };
            assert_eq!(asked.client, client);
            assert!(u64::from(asked.bound) <= u64::from(limits::RESULTS_MAX));
            assert!(is_client(client));
        }
        _ => {
            let Some(watch) = judge(line.watch(query)) else { return };
            let mut fields = Vec::new();
            watch.write(&mut fields);
            let said = [b"WATCH ", &fields[..]].concat();
            match watch {
                Watch::Client(client) => {
                    assert!(is_client(client));
                    assert_eq!(uri::value(query, "client"), Ok(Some(client.into())));
                }
                _ => assert_eq!(Command::parse(&said), Ok(Some(Command::Watch(watch)))),
            }
        }
    }
}

/// What is asked, if anything is; why not is a clause that can be shown.
fn judge<T>(asked: Result<T, Unfit<'_>>) -> Option<T> {
    asked
        .map_err(|unfit| {
            let why = unfit.to_string();
            assert!(!why.is_empty() && !why.contains(char::is_control), "{why:?}");
        })
        .ok()
}

/// Whether it can be one on the line.
fn is_client(client: &[u8]) -> bool {
    let said = [b"IAMAT ", client, b" +1+1 1"].concat();
    matches!(Command::parse(&said), Ok(Some(Command::IamAt(report))) if report.client == client)
}
