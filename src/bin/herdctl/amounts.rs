//! Amounts as people read them, in few columns.

/// A length of time: `3.2 s`, `12 s`, `5 min`, `3 h`, `9 days`.
pub fn time(seconds: f64) -> String {
    let seconds = seconds.max(0.0);
    match seconds {
        ..9.95 => format!("{seconds:.1} s"),
        ..99.5 => format!("{seconds:.0} s"),
        ..5_970.0 => format!("{:.0} min", seconds / 60.0),
        ..171_000.0 => format!("{:.0} h", seconds / 3_600.0),
        _ => format!("{:.0} days", seconds / 86_400.0),
    }
}

/// A number with a comma between thousands.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|g| str::from_utf8(g).ok()).collect();
    groups.join(",")
}

/// Bytes: `912 B`, `1.2 MB`, `340 MB`.
pub fn bytes(bytes: u64) -> String {
    scaled(bytes as f64, &["B", "kB", "MB", "GB", "TB"])
}

/// So many a second: `0`, `3.2`, `812`, `12.3 k`, `4.9 M`.
pub fn rate(per_second: f64) -> String {
    match per_second {
        ..0.005 => "0".to_owned(),
        ..9.95 => format!("{per_second:.1}"),
        _ => scaled(per_second, &["", "k", "M", "G"]).trim_end().to_owned(),
    }
}

fn scaled(mut amount: f64, units: &[&str]) -> String {
    let mut at = 0;
    while amount >= 999.5 && at + 1 < units.len() {
        amount /= 1_000.0;
        at += 1;
    }
    match at > 0 && amount < 99.95 {
        true => format!("{amount:.1} {}", units[at]),
        false => format!("{amount:.0} {}", units[at]),
    }
}

/// A text in at most so many columns; one that is cut ends in `…`.
pub fn fitted(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(columns.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// Words in lines of at most so many columns, the first of which begins with `first`, the others two columns
/// further right.
pub fn wrapped(text: &str, columns: usize, first: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut is_begun) = (first.to_owned(), false);
    for word in text.split(' ') {
        if is_begun && line.chars().count() + 1 + word.chars().count() > columns {
            lines.push(std::mem::replace(&mut line, format!("{first}  ")));
            is_begun = false;
        }
        if is_begun {
            line.push(' ');
        }
        line.push_str(word);
        is_begun = true;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_counts_bytes_and_rates() {
        let times = [0.04, 9.94, 12.0, 99.4, 100.0, 3_600.0, 7_200.0, 180_000.0, -3.0].map(time);
        assert_eq!(
            times,
            ["0.0 s", "9.9 s", "12 s", "99 s", "2 min", "60 min", "2 h", "2 days", "0.0 s"]
        );
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        let sizes = [0, 999, 1_000, 12_345, 999_499_999, 1 << 40].map(bytes);
        assert_eq!(sizes, ["0 B", "999 B", "1.0 kB", "12.3 kB", "999 MB", "1.1 TB"]);
        let rates = [0.0, 3.21, 812.4, 12_345.0, 4.9e6].map(rate);
        assert_eq!(rates, ["0", "3.2", "812", "12.3 k", "4.9 M"]);
    }

    #[test]
    fn texts_are_cut_and_broken() {
        assert_eq!([fitted("Goloman", 7), fitted("Goloman", 4)], ["Goloman", "Gol…"]);
        assert_eq!(wrapped("one two three", 8, " "), [" one two", "   three"]);
        assert_eq!(wrapped("one", 2, ""), ["one"], "a word is not broken");
        assert_eq!(wrapped("one twothree four", 6, ""), ["one", "  twothree", "  four"]);
    }
}
