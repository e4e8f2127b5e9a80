//! Figures by name: several values each, of which the median and the spread are printed.
//!
//! Arguments are those of the harness: positional ones keep the figures whose name contains one of
//! them; `--json` prints one object a line.

/// Prints figures as the command line asks.
pub struct Figures {
    filters: Vec<String>,
    json: bool,
}

impl Figures {
    /// Follows the program's arguments.
    pub fn from_arguments() -> Self {
        let (options, filters) =
            std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
        let options: Vec<String> = options;
        Figures { filters, json: options.iter().any(|option| option == "--json") }
    }

    /// Whether somebody wants to see the figure.
    pub fn wants(&self, name: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| name.contains(filter.as_str()))
    }

    /// Whether they are printed for programs.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Prints median and quartiles of the values, if the figure is wanted and there are values.
    #[expect(clippy::print_stdout, reason = "the figures are what a benchmark is run for")]
    pub fn print(&self, name: &str, unit: &str, values: &[f64]) {
        if values.is_empty() || !self.wants(name) {
            return;
        }
        let [lower, median, upper] = quartiles(values);
        if self.json {
            println!(
                "{{\"name\":\"{name}\",\"unit\":\"{unit}\",\"median\":{median:.4},\
                 \"lower_quartile\":{lower:.4},\"upper_quartile\":{upper:.4}}}"
            );
        } else {
            let shown = |value: f64| {
                let decimals = match value.abs() {
                    0.0..10.0 => 3,
                    10.0..1_000.0 => 1,
                    _ => 0,
                };
                format!("{value:.decimals$}")
            };
            println!(
                "{name:<56} {:>12} {unit:<12} [{}, {}]",
                shown(median),
                shown(lower),
                shown(upper)
            );
        }
    }

    /// Prints a remark, such as why a figure is missing.
    #[expect(clippy::print_stderr, reason = "figures and remarks are told apart")]
    pub fn remark(&self, text: &str) {
        eprintln!("{text}");
    }
}

/// The lower quartile, the median and the upper quartile of values that are not empty.
pub fn quartiles(values: &[f64]) -> [f64; 3] {
    [0.25, 0.5, 0.75].map(|share| quantile(values, share))
}

/// The value that the given share of the values (not empty) does not exceed.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * (sorted.len() - 1) as f64).round() as usize;
    sorted[rank]
}
