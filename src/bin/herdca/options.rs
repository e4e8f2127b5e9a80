//! The command line.

use crate::token::Wish;
use getopts::{Matches, Options};
use herd::tokens::Rights;
use std::ffi::OsStr;
use std::path::PathBuf;

/// For how long a token is good unless told otherwise.
const DAYS_DEFAULT: u64 = 365;
/// Most days of a token: a hundred years.
const DAYS_MAX: u64 = 36_525;

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Make a folder for a herd.
    New { folder: PathBuf, herd: String },
    /// Make a server's certificate anew.
    Server { folder: PathBuf, name: String },
    /// Make a token.
    Token { folder: PathBuf, wish: Wish },
    /// Have a token count no more.
    Revoke { folder: PathBuf, id: String },
    /// Say what a folder holds.
    Show { folder: PathBuf },
    /// Say how it is used.
    Help,
    /// Say which version it is.
    Version,
}

/// How it is used.
pub fn usage() -> String {
    "\
Usage: herdca new DIR --herd NAME|FILE
       herdca server DIR NAME
       herdca token DIR --name N --clients PATTERN... --may RIGHTS [--days D]
       herdca revoke DIR ID
       herdca show DIR

Makes and keeps what the servers and clients of a herd trust each other by, in the folder DIR.

  new     makes DIR for a built-in herd or a herd file: an authority (ten years), a certificate
          for each server (a year), a key for tokens. Writes over nothing: DIR must not be there.
          Says what to copy where.
  server  makes the key and the certificate of one server anew: copy both, and send it SIGHUP.
  token   prints a token, and its id on standard error.
  revoke  adds the id of a token to DIR/revoked: copy that to every server, and send it SIGHUP.
  show    says what DIR holds, also where DIR is a server's: names, until when, whether keys fit.
          What is over or wrong, and what ends within 30 days, comes first behind an exclamation
          mark.

Options of new:
    --herd NAME|FILE    the herd: goloman, alford, riley, or a herd file. Its name and those of
                        its servers must be labels of DNS (letters, digits, hyphens)

Options of token:
    --name N            whose it is, for the servers' logs
    --clients PATTERN   the clients that it is about; * stands for any bytes. May be given more
                        than once
    --may RIGHTS        what it allows: some of report,forget,ask,watch,status
    --days D            for how many days (default 365)

    -h, --help          print this help
    -V, --version       print the version

Exit status:
    0   done; show: all is well
    1   it failed; show: something is over or wrong
    2   wrong usage, or a herd that cannot be used
"
    .to_owned()
}

/// Reads the arguments, without the program's name.
///
/// # Errors
///
/// What is wrong with them, in one line.
pub fn read<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Command, String> {
    let given = declared().parse(arguments).map_err(|fail| fail.to_string())?;
    if given.opt_present("help") {
        return Ok(Command::Help);
    }
    if given.opt_present("version") {
        return Ok(Command::Version);
    }
    let words: Vec<&str> = given.free.iter().map(String::as_str).collect();
    let command = words.first().ok_or("what is to be done? Nothing is said")?;
    let (words, options): (&[&str], &[&str]) = match *command {
        "new" => (&["DIR"], &["herd"]),
        "server" => (&["DIR", "NAME"], &[]),
        "token" => (&["DIR"], &["name", "clients", "may", "days"]),
        "revoke" => (&["DIR", "ID"], &[]),
        "show" => (&["DIR"], &[]),
        other => return Err(format!("there is no command {other:?}")),
    };
    if let Some(extra) = OPTIONS.iter().find(|o| given.opt_present(o) && !options.contains(o)) {
        return Err(format!("{command} has no option --{extra}"));
    }
    if let Some(missing) = words.get(given.free.len() - 1) {
        return Err(format!("{command}: {missing} is missing"));
    }
    if let Some(extra) = given.free.get(words.len() + 1) {
        return Err(format!("{command}: unexpected argument {extra:?}"));
    }
    let folder = PathBuf::from(&given.free[1]);
    let last = given.free[words.len()].clone();
    Ok(match *command {
        "new" => Command::New { folder, herd: needed(&given, "herd")? },
        "server" => Command::Server { folder, name: last },
        "revoke" => Command::Revoke { folder, id: last },
        "token" => Command::Token { folder, wish: wish(&given)? },
        _ => Command::Show { folder },
    })
}

/// Options that belong to some commands only.
const OPTIONS: [&str; 5] = ["herd", "name", "clients", "may", "days"];

fn declared() -> Options {
    let mut declared = Options::new();
    for name in ["herd", "name", "may", "days"] {
        declared.optopt("", name, "", "");
    }
    declared.optmulti("", "clients", "", "").optflag("h", "help", "").optflag("V", "version", "");
    declared
}

fn wish(given: &Matches) -> Result<Wish, String> {
    let name = needed(given, "name")?;
    let clients = given.opt_strs("clients");
    if clients.is_empty() {
        return Err("token: --clients is missing ('*' is every client)".to_owned());
    }
    let may = needed(given, "may")?;
    let may = Rights::parse(&may).map_err(|unknown| format!("--may: {unknown}"))?;
    let days = match given.opt_str("days") {
        None => DAYS_DEFAULT,
        Some(text) => match text.parse() {
            Ok(days @ 1..=DAYS_MAX) => days,
            _ => return Err(format!("--days {text:?}: give 1 to {DAYS_MAX}")),
        },
    };
    Ok(Wish { name, clients, may, days })
}

fn needed(given: &Matches, name: &str) -> Result<String, String> {
    given.opt_str(name).ok_or_else(|| format!("{}: --{name} is missing", given.free[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Result<Command, String> {
        read(line.split_whitespace())
    }

    #[test]
    fn each_command_has_its_words() {
        let folder = PathBuf::from("d/e");
        let of = |command| Ok(command);
        let herd = "goloman".to_owned();
        assert_eq!(
            words("new d/e --herd goloman"),
            of(Command::New { folder: folder.clone(), herd })
        );
        let server = Command::Server { folder: folder.clone(), name: "Hands".to_owned() };
        assert_eq!(words("server d/e Hands"), of(server));
        let revoke = Command::Revoke { folder: folder.clone(), id: "-x".to_owned() };
        assert_eq!(words("revoke d/e -- -x"), of(revoke));
        let wish = Wish {
            name: "fleet".to_owned(),
            clients: vec!["truck-*".to_owned(), "van,7".to_owned()],
            may: Rights::parse("ask,report").unwrap(),
            days: DAYS_DEFAULT,
        };
        let line = "token d/e --name fleet --clients truck-* --clients van,7 --may report,ask";
        assert_eq!(words(line), of(Command::Token { folder: folder.clone(), wish }));
        assert_eq!(words("show d/e"), of(Command::Show { folder }));
        assert_eq!(words("token --help"), of(Command::Help));
        assert_eq!(words("-V"), of(Command::Version));
    }

    #[test]
    fn wrong_usage_is_said_in_one_line() {
        for (line, word) in [
            ("", "Nothing"),
            ("sign d", "sign"),
            ("new", "DIR"),
            ("new d", "--herd"),
            ("new d e --herd goloman", "\"e\""),
            ("new d --herd", "herd"),
            ("new d --herd a --herd b", "herd"),
            ("new d --herd goloman --days 1", "--days"),
            ("server d", "NAME"),
            ("revoke d", "ID"),
            ("show", "DIR"),
            ("show d --name x", "--name"),
            ("token d --clients * --may ask", "--name"),
            ("token d --name n --may ask", "--clients"),
            ("token d --name n --clients *", "--may"),
            ("token d --name n --clients * --may write", "write"),
            ("token d --name n --clients * --may ask --days 0", "--days"),
            ("token d --name n --clients * --may ask --days 36526", "36525"),
            ("token d --name n --clients * --may ask --nonsense", "nonsense"),
        ] {
            let why = words(line).expect_err(line);
            assert!(why.contains(word) && !why.contains('\n'), "{line}: {why}");
        }
    }

    #[test]
    fn usage_names_every_option() {
        for name in OPTIONS.iter().chain(&["help", "version"]) {
            assert!(usage().contains(&format!("--{name}")), "{name}");
        }
    }
}
