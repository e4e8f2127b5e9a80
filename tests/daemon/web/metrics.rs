//! What Prometheus's own reader makes of `/metrics`.

use super::curl::curl;
use crate::harness::herd::bare;
use crate::harness::{Herd, Process};
use std::process::{Command, Stdio};

/// Reads the exposition on standard input as a scraper does, and holds what a scraper cannot know: that
/// buckets add up, that everything is said what it is, that nothing is there twice.
const READ: &str = r#"
import sys
from prometheus_client.parser import text_string_to_metric_families

seen = set()
for family in text_string_to_metric_families(sys.stdin.read()):
    assert family.name.startswith("herd_"), family.name
    assert family.documentation, family.name
    assert family.type in ("counter", "gauge", "histogram", "summary"), (family.name, family.type)
    buckets = {}
    for sample in family.samples:
        key = (sample.name, tuple(sorted(sample.labels.items())))
        assert key not in seen, key
        seen.add(key)
        assert sample.value == sample.value, key
        assert family.type != "counter" or sample.value >= 0, key
        if family.type == "histogram":
            labels = tuple(sorted((k, v) for k, v in sample.labels.items() if k != "le"))
            if sample.name.endswith("_bucket"):
                buckets.setdefault(labels, []).append((float(sample.labels["le"]), sample.value))
            elif sample.name.endswith("_count"):
                assert buckets[labels][-1] == (float("inf"), sample.value), key
    for labels, each in buckets.items():
        assert each == sorted(each) and len(each) > 2, (family.name, labels)
        assert [count for _, count in each] == sorted(count for _, count in each), family.name
print(len(seen))
"#;

/// A Python that has Prometheus's reader, if there is one.
fn python() -> Option<&'static str> {
    ["python3", "/usr/bin/python3"].into_iter().find(|python| {
        let mut command = Command::new(python);
        command.args(["-c", "import prometheus_client.parser"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    })
}

#[test]
fn prometheus_s_own_reader_takes_the_metrics() {
    let Some(python) = python() else {
        let why =
            "LEFT OUT: no python3 here has prometheus_client (Debian: python3-prometheus-client)";
        return super::tell(why);
    };
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_web();
    let servers = herd.start_all();
    servers[1].wait_for(&servers[0].report("a-client-of-ours", "1"));
    for server in &servers {
        let metrics = curl(&herd, &[&server.url("/metrics")]);
        assert!(!metrics.contains("a-client-of-ours"), "{metrics}");
        let read = "exec \"$0\" -c \"$1\" < metrics";
        std::fs::write(herd.directory.join("metrics"), &metrics).unwrap();
        let mut command = bare("sh");
        command.args(["-c", read, python, READ]);
        let ended = Process::run(&mut command, herd.directory.path());
        assert_eq!(ended.code, Some(0), "{}\n{metrics}", ended.errors);
        let samples: usize = ended.output.trim().parse().unwrap();
        let lines = metrics.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(samples, lines, "each line is a sample");
    }
}
