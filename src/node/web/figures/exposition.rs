//! The text in which figures are told to machines: Prometheus's exposition format 0.0.4, by
//! <https://github.com/prometheus/docs/blob/main/docs/instrumenting/exposition_formats.md>.

use crate::node::histogram::Histogram;
use std::fmt::Display;
use std::io::Write;

/// Names and values that tell the samples of a family apart.
pub(super) type Labels<'l> = &'l [(&'l str, &'l str)];

/// What a family's samples are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Type {
    Counter,
    Gauge,
    Histogram,
    Summary,
}

/// One family of samples. Another may begin when it is done.
pub(super) struct Family<'o> {
    out: &'o mut Vec<u8>,
    name: &'static str,
}

impl<'o> Family<'o> {
    /// Begins a family: that name, what it is, and what it means, on one line.
    pub fn new(out: &'o mut Vec<u8>, name: &'static str, kind: Type, help: &str) -> Self {
        let kind = match kind {
            Type::Counter => "counter",
            Type::Gauge => "gauge",
            Type::Histogram => "histogram",
            Type::Summary => "summary",
        };
        append(out, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        Family { out, name }
    }

    /// A sample of a gauge or counter.
    pub fn sample(&mut self, labels: Labels<'_>, value: impl Display) {
        self.line("", labels, None, &value);
    }

    /// All samples of a histogram, in seconds.
    pub fn histogram(&mut self, labels: Labels<'_>, histogram: &Histogram) {
        for (bound, count) in histogram.cumulative() {
            let bound = match bound {
                Some(bound) => bound.as_secs_f64().to_string(),
                None => "+Inf".to_owned(),
            };
            self.line("_bucket", labels, Some(("le", &bound)), &count);
        }
        self.sum_and_count(labels, histogram.sum().as_secs_f64(), histogram.count());
    }

    /// The sum and the count of a histogram or summary.
    pub fn sum_and_count(&mut self, labels: Labels<'_>, sum: f64, count: u64) {
        self.line("_sum", labels, None, &sum);
        self.line("_count", labels, None, &count);
    }

    fn line(
        &mut self,
        suffix: &str,
        labels: Labels<'_>,
        last: Option<(&str, &str)>,
        value: &dyn Display,
    ) {
        append(self.out, format_args!("{}{suffix}", self.name));
        let mut before = '{';
        for &(name, text) in labels.iter().chain(&last) {
            append(self.out, format_args!("{before}{name}=\""));
            write_escaped(self.out, text);
            self.out.push(b'"');
            before = ',';
        }
        if before == ',' {
            self.out.push(b'}');
        }
        append(self.out, format_args!(" {value}\n"));
    }
}

fn append(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Memory takes all that is written to it.
    let _ = out.write_fmt(text);
}

fn write_escaped(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'"' => out.extend_from_slice(b"\\\""),
            b'\n' => out.extend_from_slice(b"\\n"),
            _ => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn samples_are_written_as_the_format_has_them() {
        let mut out = Vec::new();
        let mut family = Family::new(&mut out, "herd_ready", Type::Gauge, "Whether it is.");
        family.sample(&[], 1);
        family.sample(&[("name", "a\\b\"c\nd"), ("kind", "e,}")], 0.000_012_5);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "# HELP herd_ready Whether it is.\n# TYPE herd_ready gauge\nherd_ready 1\n\
             herd_ready{name=\"a\\\\b\\\"c\\nd\",kind=\"e,}\"} 0.0000125\n"
        );
    }

    #[test]
    fn a_histogram_ends_with_all_that_there_were() {
        let mut histogram = Histogram::default();
        histogram.add(Duration::from_millis(3));
        histogram.add(Duration::from_secs(30));
        let mut out = Vec::new();
        let mut family = Family::new(&mut out, "h", Type::Histogram, "H.");
        family.histogram(&[("a", "b")], &histogram);
        let text = String::from_utf8(out).unwrap();
        for line in [
            "h_bucket{a=\"b\",le=\"0.00001\"} 0",
            "h_bucket{a=\"b\",le=\"0.002\"} 0",
            "h_bucket{a=\"b\",le=\"0.005\"} 1",
            "h_bucket{a=\"b\",le=\"10\"} 1",
            "h_bucket{a=\"b\",le=\"+Inf\"} 2",
            "h_sum{a=\"b\"} 30.003",
            "h_count{a=\"b\"} 2",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}\n{text}");
        }
    }
}
