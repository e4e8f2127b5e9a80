//! The daemon: arguments -> herd -> node + reactor; the only place that prints and exits.

fn main() {}
