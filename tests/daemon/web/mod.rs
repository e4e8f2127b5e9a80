//! The web port of the real daemon, asked by the programs that ask it: curl, a browser, a scraper, and
//! whoever means no good.

mod apps;
mod curl;
mod questions;
