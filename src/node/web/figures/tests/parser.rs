//! The rules of Prometheus's text format 0.0.4, and of names by its guide, as strict as a reader may be.

use std::collections::{BTreeMap, BTreeSet};

/// A sample without its value: its name and its labels.
pub type Series = (String, BTreeMap<String, String>);

/// All samples of a text, and the names of its families.
#[derive(Debug, Default)]
pub struct Parsed {
    pub samples: BTreeMap<Series, f64>,
    pub families: BTreeMap<String, String>,
}

impl Parsed {
    /// The value of the sample of that name with these labels and no others.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter().map(|&(name, value)| (name.into(), value.into())).collect();
        self.samples.get(&(name.to_owned(), labels)).copied()
    }

    /// The names of all samples.
    pub fn names(&self) -> BTreeSet<&str> {
        self.samples.keys().map(|(name, _)| name.as_str()).collect()
    }

    /// The names of all labels.
    pub fn labels(&self) -> BTreeSet<&str> {
        self.samples.keys().flat_map(|(_, labels)| labels.keys().map(String::as_str)).collect()
    }
}

/// Reads a text, or says what is wrong with it.
pub fn parse(text: &str) -> Result<Parsed, String> {
    let text = text.strip_suffix('\n').ok_or("it does not end with a line end")?;
    let mut parsed = Parsed::default();
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        let said = |why: &str| format!("{why}: {line}");
        let help = line.strip_prefix("# HELP ").ok_or(said("a family begins with its help"))?;
        let (name, words) = help.split_once(' ').ok_or(said("there is no help"))?;
        let is_plain = !words.trim().is_empty() && !words.contains(['\\', '\r']);
        if !is_name(name) || !name.starts_with("herd_") || !is_plain {
            return Err(said("that is no name, not ours, or no help"));
        }
        let line = lines.next().unwrap_or_default();
        let kind = line.strip_prefix(&format!("# TYPE {name} ")).ok_or("a type follows")?;
        if parsed.families.insert(name.into(), kind.into()).is_some() {
            return Err(said("that family was there before"));
        }
        let mut family = BTreeMap::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let (series, value) = sample(line).map_err(|why| format!("{why}: {line}"))?;
            if family.insert(series, value).is_some() {
                return Err(format!("that series was there before: {line}"));
            }
        }
        judge(name, kind, &family).map_err(|why| format!("{name}: {why}"))?;
        parsed.samples.extend(family);
    }
    Ok(parsed)
}

/// What is wrong with a family.
fn judge(name: &str, kind: &str, family: &BTreeMap<Series, f64>) -> Result<(), String> {
    let suffixes: &[&str] = match kind {
        "counter" | "gauge" => &[""],
        "histogram" => &["_bucket", "_sum", "_count"],
        "summary" => &["_sum", "_count"],
        _ => return Err(format!("there is no type {kind}")),
    };
    if (kind == "counter") != name.ends_with("_total") {
        return Err("counters end in _total, and nothing else does".into());
    }
    for unit in ["milli", "micro", "nano", "kilo", "mega", "minutes", "_ms", "_mb"] {
        if name.contains(unit) {
            return Err(format!("{unit} is no base unit"));
        }
    }
    for ((sample, labels), value) in family {
        if !sample.strip_prefix(name).is_some_and(|suffix| suffixes.contains(&suffix)) {
            return Err(format!("{sample} is none of its samples"));
        }
        if kind != "gauge" && (value.is_nan() || *value < 0.0) {
            return Err(format!("{sample} is {value}"));
        }
        if labels.contains_key("le") != sample.ends_with("_bucket") {
            return Err(format!("{sample} and le do not go together"));
        }
    }
    if kind == "histogram" { judge_histogram(name, family) } else { Ok(()) }
}

fn judge_histogram(name: &str, family: &BTreeMap<Series, f64>) -> Result<(), String> {
    let mut buckets: BTreeMap<BTreeMap<String, String>, Vec<(f64, f64)>> = BTreeMap::new();
    for ((sample, labels), &count) in family {
        let mut labels = labels.clone();
        let le = labels.remove("le");
        let buckets = buckets.entry(labels).or_default();
        if sample.ends_with("_bucket") {
            let bound = number(&le.unwrap_or_default()).ok_or("le is no number")?;
            buckets.push((bound, count));
        }
    }
    for (labels, mut buckets) in buckets {
        buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
        if !buckets.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1) {
            return Err(format!("buckets do not grow: {buckets:?}"));
        }
        let of = |suffix| family.get(&(format!("{name}{suffix}"), labels.clone())).copied();
        let count = of("_count").ok_or("there is no count")?;
        of("_sum").ok_or("there is no sum")?;
        if buckets.last() != Some(&(f64::INFINITY, count)) {
            return Err(format!("{count} are not what the last bucket holds: {buckets:?}"));
        }
    }
    Ok(())
}

/// `<name> <value>` or `<name>{<label>="<text>",...} <value>`.
fn sample(line: &str) -> Result<(Series, f64), String> {
    let end = line.find(['{', ' ']).ok_or("there is no value")?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, behind) = rest.split_once("=\"").ok_or("there is no label")?;
            if !is_name(label) || label.contains(':') || label.starts_with("__") {
                return Err(format!("{label} is no label"));
            }
            let (text, behind) = quoted(behind)?;
            if labels.insert(label.to_owned(), text).is_some() {
                return Err(format!("{label} is there twice"));
            }
            match behind.split_at_checked(1) {
                Some((",", behind)) => rest = behind,
                Some(("}", behind)) => {
                    rest = behind;
                    break;
                }
                _ => return Err("labels do not end".into()),
            }
        }
    }
    let value = rest.strip_prefix(' ').and_then(number).ok_or("that is no value")?;
    if !is_name(name) {
        return Err(format!("{name} is no name"));
    }
    Ok(((name.to_owned(), labels), value))
}

/// A label's text up to its quote, and what is behind that.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut unescaped = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((unescaped, &text[at + 1..])),
            '\\' => unescaped.push(match characters.next() {
                Some((_, '\\')) => '\\',
                Some((_, '"')) => '"',
                Some((_, 'n')) => '\n',
                other => return Err(format!("{other:?} is not escaped so")),
            }),
            other => unescaped.push(other),
        }
    }
    Err("a label's text does not end".into())
}

fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        _ if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => text.parse().ok(),
        _ => None,
    }
}

fn is_name(name: &str) -> bool {
    let may_be = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    name.chars().all(may_be) && name.starts_with(|c: char| !c.is_ascii_digit())
}

#[test]
fn what_breaks_the_format_is_refused() {
    let head = "# HELP herd_a_total A.\n# TYPE herd_a_total counter\n";
    let histogram = "# HELP herd_b B.\n# TYPE herd_b histogram\n";
    let full =
        "herd_b_bucket{le=\"1\"} 1\nherd_b_bucket{le=\"+Inf\"} 2\nherd_b_sum 3\nherd_b_count 2\n";
    let good = [
        format!("{head}herd_a_total{{a=\"}} \\\"\",b=\"\\\\\"}} 3\nherd_a_total 0.5\n"),
        format!("{histogram}{full}"),
    ];
    for text in &good {
        assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
    }
    let bad = [
        format!("{head}herd_a_total 1"),
        "herd_a_total 1\n".into(),
        format!("{head}herd_a_total 1\n{head}herd_a_total 2\n"),
        format!("{head}herd_a_total 1\nherd_a_total 2\n"),
        format!("{head}herd_a_total -1\n"),
        format!("{head}herd_a_total one\n"),
        format!("{head}herd_a_total 1 2\n"),
        format!("{head}herd_a_total {{}} 1\n"),
        format!("{head}herd_a_total{{a=\"b\"c=\"d\"}} 1\n"),
        format!("{head}herd_a_total{{a=\"\\t\"}} 1\n"),
        format!("{head}herd_a_total{{1=\"b\"}} 1\n"),
        format!("{head}herd_b_total 1\n"),
        head.replace("counter", "gauge"),
        head.replace("_total", "_milliseconds_total"),
        format!("{histogram}{}", full.replace("count 2", "count 3")),
        format!("{histogram}{}", full.replace("\"1\"} 1", "\"1\"} 3")),
        format!("{histogram}{}", full.replace("herd_b_sum 3\n", "")),
        format!("{histogram}{}", full.replace("+Inf", "2")),
    ];
    for text in &bad {
        assert!(parse(text).is_err(), "{text}");
    }
}
