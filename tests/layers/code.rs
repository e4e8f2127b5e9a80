//! Just enough of Rust's grammar to see what a source file names: words and marks with their lines,
//! without comments, literals and test code.

/// A word (identifier or key word), or one other character that is not white space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    pub text: &'a str,
    /// Counted from 1.
    pub line: usize,
}

/// The tokens of `source` outside comments, literals and items for tests.
pub fn tokens(source: &str) -> Vec<Token<'_>> {
    without_tests(&Scanner { source, at: 0, line: 1 }.collect::<Vec<_>>())
}

struct Scanner<'a> {
    source: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Iterator for Scanner<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let rest = &self.source[self.at..];
            let first = rest.chars().next()?;
            let skipped = match first {
                _ if first.is_whitespace() => first.len_utf8(),
                _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
                _ if rest.starts_with("/*") => block_comment(rest),
                _ => literal(rest),
            };
            if skipped == 0 {
                let length = word(rest).max(first.len_utf8());
                let token = Token { text: &rest[..length], line: self.line };
                self.at += length;
                return Some(token);
            }
            self.line += rest[..skipped].matches('\n').count();
            self.at += skipped;
        }
    }
}

fn word(rest: &str) -> usize {
    rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
}

/// The length of the block comment that `rest` begins with; they nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The length of the string or character that `rest` begins with, 0 if it begins with neither.
fn literal(rest: &str) -> usize {
    let prefix = ["br", "cr", "b", "c", "r"].into_iter().find(|prefix| {
        rest.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(['"', '#', '\'']))
    });
    let prefix = prefix.unwrap_or("");
    let body = &rest[prefix.len()..];
    let hashes = body.len() - body.trim_start_matches('#').len();
    if prefix.ends_with('r') && body[hashes..].starts_with('"') {
        let end = format!("\"{}", "#".repeat(hashes));
        let inside = prefix.len() + hashes + 1;
        return rest[inside..].find(&end).map_or(rest.len(), |found| inside + found + end.len());
    }
    match body.as_bytes() {
        [b'"', ..] => prefix.len() + quoted(body, '"'),
        // A lifetime has no second quote behind its first character.
        [b'\'', b'\\', ..] => prefix.len() + quoted(body, '\''),
        [b'\'', ..] if body.chars().nth(2) == Some('\'') => prefix.len() + quoted(body, '\''),
        _ => 0,
    }
}

fn quoted(body: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in body.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    body.len()
}

/// Leaves out each item that follows `#[cfg(test)]`.
fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    const CFG_TEST: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::with_capacity(tokens.len());
    let mut rest = tokens;
    while let [first, behind @ ..] = rest {
        if rest.len() >= 7 && rest.iter().zip(CFG_TEST).all(|(token, text)| token.text == text) {
            rest = &rest[7 + item(&rest[7..])..];
        } else {
            kept.push(*first);
            rest = behind;
        }
    }
    kept
}

/// How many tokens the item takes that `tokens` begin with: to its `;` or its closing brace.
fn item(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => {
                depth = depth.saturating_sub(1);
                if depth == 0 && token.text == "}" {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::tokens;

    fn words(source: &str) -> String {
        tokens(source).iter().map(|token| token.text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_and_literals_are_left_out() {
        assert_eq!(words("a // b\nc /* d /* e */ f */ g"), "a c g");
        assert_eq!(words(r##"a "b \" c" d b"e" f r#"g " h"# i br"j" k"##), "a d f i k");
        assert_eq!(
            words(r"a 'b' c '\'' d '\u{1}' e b'f' <'g> 'h: loop"),
            "a c d e < ' g > ' h : loop"
        );
        assert_eq!(words("a(\"é\").b r#type"), "a ( ) . b r # type");
        assert_eq!(words("a \"never closed"), "a");
    }

    #[test]
    fn lines_are_counted_through_all_that() {
        let lines: Vec<usize> =
            tokens("a\n/*\n*/ b \"\n\" c\n// d\ne").iter().map(|token| token.line).collect();
        assert_eq!(lines, [1, 3, 4, 6]);
    }

    #[test]
    fn items_for_tests_are_left_out_and_no_more() {
        assert_eq!(words("a; #[cfg(test)] mod tests; b;"), "a ; b ;");
        assert_eq!(words("a; #[cfg(test)] mod tests { fn c() { [1; 2]; } } b"), "a ; b");
        assert_eq!(
            words("#[cfg(test)] fn c([a; 1]: d) { e } f #[cfg(g)] h"),
            "f # [ cfg ( g ) ] h"
        );
    }
}
