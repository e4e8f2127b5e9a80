//! The server's log: what `log` is told, filtered by env_logger (`filter`), gathered
//! and appended to one bounded file.
//!
//! A line is one event, whatever its message holds:
//!
//! ```text
//! 2026-11-21T03:27:58.123456Z INFO  link to Hands is up
//! ```
//!
//! env_logger says what belongs in it; its own way of composing lines costs as much again as all the
//! rest, and there are two lines for each report. The file stamps the time, keeps lines apart and
//! writes them in batches, when enough have gathered or when [`Logs::flush`] is called, which the daemon
//! does whenever it has nothing else to do.

mod clock;
mod file;
mod filter;
mod target;
mod timestamp;

use crate::limits;
use crate::turn_time;
use file::LogFile;
use filter::{Filter, Origin, origin};
use log::{Level, Log, Metadata, Record, SetLoggerError};
use std::cell::Cell;
use std::fmt::{self, Write};
use std::io;
use std::panic::{self, PanicHookInfo};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The log that was set up; clones are the same log.
#[derive(Clone)]
pub struct Logs {
    file: Arc<Mutex<LogFile>>,
    /// What `RUST_LOG` holds, if it keeps out all that the server logs.
    hidden_by: Option<String>,
}

/// Why there is no log.
#[derive(Debug)]
pub enum LogsError {
    /// The file, or the directory for it, cannot be made or opened.
    File(PathBuf, io::Error),
    /// The process has a logger already.
    Logger(SetLoggerError),
}

impl std::error::Error for LogsError {}

impl fmt::Display for LogsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogsError::File(path, error) => {
                write!(f, "the log {} cannot be opened: {error}", path.display())
            }
            LogsError::Logger(error) => write!(f, "{error}"),
        }
    }
}

/// Sends what the process logs, panics included, to `<directory>/<name>.log`. The directory is made
/// if need be.
///
/// # Errors
///
/// When the file cannot be opened for appending, when another process writes to it, or when it is
/// not the first call.
pub fn init(directory: &Path, name: &str) -> Result<Logs, LogsError> {
    let path = file_in(directory, name);
    let file = LogFile::open(path.clone()).map_err(|error| LogsError::File(path, error))?;
    let Filter { filter, hidden_by } = Filter::from_environment();
    let logs = Logs { file: Arc::new(Mutex::new(file)), hidden_by };
    let level = filter.filter();
    log::set_boxed_logger(Box::new(Logger { filter, logs: logs.clone() }))
        .map_err(LogsError::Logger)?;
    log::set_max_level(level);
    logs.record_panics();
    Ok(logs)
}

/// Where the log of that name is.
pub fn file_in(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}.log"))
}

impl Logs {
    /// What `RUST_LOG` holds, if it keeps out all that the server logs and does not say so by `off`:
    /// it is misspelt, and somebody should know.
    pub fn hidden_by(&self) -> Option<&str> {
        self.hidden_by.as_deref()
    }

    /// Writes what has gathered. A failure is noted in the log as soon as it can be written again.
    pub fn flush(&self) {
        lock(&self.file).flush();
    }

    /// Opens the file anew if it was moved or removed. (That is also noticed by itself, within a
    /// second of the next line; whoever moves it may want to know that it is done.)
    ///
    /// # Errors
    ///
    /// When there is a file that cannot be opened; lines are lost, and counted, until it can.
    pub fn reopen(&self) -> io::Result<()> {
        lock(&self.file).reopen()
    }

    /// Panics go to the log first and then wherever they went before.
    fn record_panics(&self) {
        let before = panic::take_hook();
        let logs = self.clone();
        panic::set_hook(Box::new(move |panic| {
            log::error!("{}", Panic(panic));
            logs.flush();
            before(panic);
        }));
    }
}

/// What `log` is told goes through the filter to the file.
struct Logger {
    filter: env_logger::Logger,
    logs: Logs,
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.filter.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if !self.filter.matches(record) {
            return;
        }
        // Composed before the file is locked: what is shown may log, or panic.
        thread_local! {
            static EVENT: Cell<String> = const { Cell::new(String::new()) };
        }
        let mut event = EVENT.try_with(Cell::take).unwrap_or_default();
        event.clear();
        if compose(&mut event, record).is_err() {
            event.push_str(" [it cannot be shown]");
        }
        let Origin { in_turn, is_clean } = origin(record.target());
        let turn = if in_turn { turn_time::nanoseconds() } else { None };
        lock(&self.logs.file).log(turn, event.as_bytes(), is_clean);
        event.shrink_to(limits::LOG_BATCH_BYTES); // one huge event must not hold memory for ever
        // A thread that is ending has no place for it any more.
        let _ = EVENT.try_with(|kept| kept.set(event));
    }

    fn flush(&self) {
        self.logs.flush();
    }
}

fn compose(event: &mut String, record: &Record<'_>) -> fmt::Result {
    event.push_str(match record.level() {
        Level::Error => "ERROR ",
        Level::Warn => "WARN  ",
        Level::Info => "INFO  ",
        Level::Debug => "DEBUG ",
        Level::Trace => "TRACE ",
    });
    if record.level() > Level::Info {
        event.push_str(record.target());
        event.push_str(": ");
    }
    event.write_fmt(*record.args())
}

/// A panic elsewhere is no reason to stop logging: the file is whole between its calls.
fn lock(file: &Mutex<LogFile>) -> std::sync::MutexGuard<'_, LogFile> {
    file.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A panic as a log line.
struct Panic<'a, 'b>(&'a PanicHookInfo<'b>);

impl fmt::Display for Panic<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let payload = self.0.payload();
        let text = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no text");
        match self.0.location() {
            Some(place) => write!(f, "panic at {place}: {text}"),
            None => write!(f, "panic: {text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::file::tests::Directory;
    use super::*;

    /// What a logger with that filter makes of one event for each level and of one of another
    /// target, without their times.
    fn filtered(filter: &str) -> Vec<String> {
        let directory = Directory::new();
        let file = LogFile::open(file_in(directory.path(), "F")).unwrap();
        let logs = Logs { file: Arc::new(Mutex::new(file)), hidden_by: None };
        let filter = Filter::new(Some(filter)).filter;
        let logger = Logger { filter, logs: logs.clone() };
        let log = |level, target, text: fmt::Arguments<'_>| {
            logger.log(&Record::builder().level(level).target(target).args(text).build());
        };
        for level in Level::iter() {
            log(level, "herd::node", format_args!("said at {level}"));
        }
        log(Level::Trace, "mio", format_args!("polled"));
        logs.flush();
        directory.lines("F.log").iter().map(|line| line[28..].to_owned()).collect()
    }

    #[test]
    fn filters_are_env_logger_s() {
        assert_eq!(filtered("off"), Vec::<String>::new());
        assert_eq!(
            filtered("info"),
            ["ERROR said at ERROR", "WARN  said at WARN", "INFO  said at INFO"]
        );
        assert_eq!(filtered("warn,mio=trace")[2..], ["TRACE mio: polled"]);
        assert_eq!(filtered("herd::node=trace/DEBUG"), ["DEBUG herd::node: said at DEBUG"]);
        assert_eq!(filtered("trace").len(), 6);
        assert_eq!(filtered(""), filtered("info"));
    }

    #[test]
    fn panics_and_events_of_the_process_reach_the_file() {
        let directory = Directory::new();
        let logs = init(directory.path(), "P").unwrap();
        assert!(matches!(init(directory.path(), "Q"), Err(LogsError::Logger(_))));
        let said = init(directory.path(), "P").map(|_| ()).unwrap_err().to_string();
        assert!(said.contains("P.log cannot be opened: another process writes to it"), "{said}");
        log::error!("before");
        std::thread::spawn(|| panic!("two\nlines")).join().unwrap_err();
        // The hook has flushed by itself. Other tests of this process may log, too.
        let lines = directory.lines("P.log");
        let has = |start: &str, end: &str| {
            lines.iter().any(|line| line[28..].starts_with(start) && line.ends_with(end))
        };
        assert!(has("ERROR before", ""), "{lines:?}");
        assert!(has("ERROR panic at src/logs/mod.rs:", ": two\\nlines"), "{lines:?}");
        logs.flush();
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_said() {
        let failed = init(Path::new("/dev/null/logs"), "N").map(|_| ()).unwrap_err();
        assert!(
            failed.to_string().starts_with("the log /dev/null/logs/N.log cannot be opened: "),
            "{failed}"
        );
    }
}
