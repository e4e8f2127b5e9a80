//! Which paths a source file names, from the library's root down.

use crate::code::Token;

/// A path that was named by `crate::` or `super::`, perhaps in braces; each member of those is one.
#[derive(Debug, PartialEq, Eq)]
pub struct NamedPath<'a> {
    /// From the root down, without `crate`; never empty.
    pub segments: Vec<&'a str>,
    /// Where its last segment is, counted from 1.
    pub line: usize,
}

/// All such paths in the file of that module; those that lead up to a module of its own alone are
/// given as they are, too.
pub fn named_paths<'a>(tokens: &[Token<'a>], module: &[&'a str]) -> Vec<NamedPath<'a>> {
    let mut named = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let mut base = None;
        if text(tokens, at) == "crate" && is_path(tokens, at + 1) {
            base = Some(Vec::new());
            at += 3;
        }
        let mut up = module.len();
        while text(tokens, at) == "super" && is_path(tokens, at + 1) {
            up = up.saturating_sub(1);
            base = Some(module[..up].to_vec());
            at += 3;
        }
        at = match base {
            Some(base) => tree(tokens, at, base, &mut named),
            None => at + 1,
        };
    }
    named
}

/// Notes what is named from `at` on below `base`; where that ends.
fn tree<'a>(
    tokens: &[Token<'a>],
    mut at: usize,
    mut base: Vec<&'a str>,
    named: &mut Vec<NamedPath<'a>>,
) -> usize {
    while let Some(token) = tokens.get(at) {
        if token.text == "{" {
            return members(tokens, at + 1, &base, named);
        }
        base.push(token.text);
        if !is_path(tokens, at + 1) {
            named.push(NamedPath { segments: base, line: token.line });
            return at + 1;
        }
        at += 3;
    }
    at
}

/// Notes each member of braces, the first of which is at `at`; where they end.
fn members<'a>(
    tokens: &[Token<'a>],
    mut at: usize,
    base: &[&'a str],
    named: &mut Vec<NamedPath<'a>>,
) -> usize {
    while at < tokens.len() && text(tokens, at) != "}" {
        at = tree(tokens, at, base.to_vec(), named);
        // A member may have another name here.
        while at < tokens.len() && !matches!(text(tokens, at), "," | "}") {
            at += 1;
        }
        at += usize::from(text(tokens, at) == ",");
    }
    at + 1
}

fn text<'a>(tokens: &[Token<'a>], at: usize) -> &'a str {
    tokens.get(at).map_or("", |token| token.text)
}

fn is_path(tokens: &[Token<'_>], at: usize) -> bool {
    text(tokens, at) == ":" && text(tokens, at + 1) == ":"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::tokens;

    fn named(source: &str, module: &[&str]) -> Vec<String> {
        let tokens = tokens(source);
        let named = named_paths(&tokens, module);
        named.iter().map(|named| format!("{} {}", named.line, named.segments.join("::"))).collect()
    }

    #[test]
    fn paths_are_named_from_the_root_down() {
        assert_eq!(named("use crate::a::b;\nfn f() { crate::c(d::e) }", &["x"]), ["1 a::b", "2 c"]);
        let up = "use super::a; use super::super::b::C; use self::d; use std::e;";
        assert_eq!(named(up, &["x", "y"]), ["1 x::a", "1 b::C"]);
        assert_eq!(named("use super::super::super::a;", &["x"]), ["1 a"], "there is nothing above");
    }

    #[test]
    fn each_member_of_braces_is_a_path_of_its_own() {
        let source = "use crate::{\n a::{self, b as c, d::{E, *}},\n f,\n};\nuse super::g;";
        let expected = ["2 a::self", "2 a::b", "2 a::d::E", "2 a::d::*", "3 f", "5 x::g"];
        assert_eq!(named(source, &["x", "y"]), expected);
        assert_eq!(named("use crate::{a, b", &["x"]), ["1 a", "1 b"], "never closed");
        assert_eq!(named("use crate::", &["x"]), [""; 0]);
    }
}
