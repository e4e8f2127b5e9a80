//! Cutting and squeezing, by example and by property against a document whose parts are known.

use super::*;
use crate::places::judge;
use crate::wire::http::Response;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

fn answer(body: &str) -> Answer {
    let body = body.as_bytes().to_vec();
    judge(Response { status: 200, keep_alive: true, identity: true, body }, None).unwrap()
}

fn cut(body: &str, bound: u8) -> String {
    String::from_utf8(answer(body).cut(bound)).unwrap()
}

fn squeezed(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    squeeze_line_ends(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

#[test]
fn runs_of_line_ends_are_squeezed_to_their_first() {
    for (text, expected) in [
        ("", ""),
        ("a", "a"),
        ("\n", ""),
        ("\r\n\r\na", "a"),
        ("a\n", "a"),
        ("a\r\n\r\n", "a"),
        ("a\n\nb", "a\nb"),
        ("a\r\n\r\nb", "a\r\nb"),
        ("a\r\rb", "a\rb"),
        ("a\r\n\nb\n\r\nc\n\rd\r\r\ne", "a\r\nb\nc\nd\re"),
        ("a\n \nb", "a\n \nb"),
        ("a\n \n", "a\n "),
        ("\n a", " a"),
    ] {
        assert_eq!(squeezed(text), expected, "{text:?}");
    }
}

#[test]
fn cutting_keeps_the_rest_as_it_is() {
    let body = "{\n   \"html_attributions\" : [],\n   \"results\" : [\n      { \"a\" : 1 },\n      \
                { \"b\" : [ 2, 3 ] }  ,\n\n      4\n   ],\n\n   \"status\" : \"OK\"\n}\n";
    let with = |results: &str| {
        format!(
            "{{\n   \"html_attributions\" : [],\n   \"results\" : [{results}],\n   \
             \"status\" : \"OK\"\n}}"
        )
    };
    assert_eq!(cut(body, 0), with(""));
    assert_eq!(cut(body, 1), with("\n      { \"a\" : 1 }\n   "));
    let two = "\n      { \"a\" : 1 },\n      { \"b\" : [ 2, 3 ] }";
    assert_eq!(cut(body, 2), with(&format!("{two}\n   ")));
    assert_eq!(cut(body, 3), with(&format!("{two}  ,\n      4\n   ")));
    assert_eq!(cut(body, 20), cut(body, 3));
    assert_eq!(cut(body, u8::MAX), cut(body, 3));
}

#[test]
fn awkward_documents_are_cut_where_they_should_be() {
    for (body, bound, expected) in [
        (r#"{"results":["],[\"]",{"results":[1,2]},3]}"#, 1, r#"{"results":["],[\"]"]}"#),
        (r#"{"results":["\\",2]}"#, 1, r#"{"results":["\\"]}"#),
        (r#"{"results":[ 1 , 2 ]}"#, 1, r#"{"results":[ 1 ]}"#),
        (r#"{"results":[ ]}"#, 0, r#"{"results":[ ]}"#),
        (r#"{"results":[ 1 ]}"#, 0, r#"{"results":[]}"#),
        (r#"{"results":[1,2],"results":[3,4]}"#, 1, r#"{"results":[1],"results":[3]}"#),
        (r#"{"results":[],"results":[3,4]}"#, 1, r#"{"results":[],"results":[3]}"#),
        (r#"{"re\u0073ults":[1,2]}"#, 1, r#"{"re\u0073ults":[1]}"#),
        (r#"{"Results":[1,2],"results":[]}"#, 1, r#"{"Results":[1,2],"results":[]}"#),
        (
            r#"{"a":{"results":[1,2]},"results":[5,6]}"#,
            1,
            r#"{"a":{"results":[1,2]},"results":[5]}"#,
        ),
        (r#"{"results":[1e999,-0.0,7]}"#, 2, r#"{"results":[1e999,-0.0]}"#),
        ("{\"results\":[\"é\u{2028}\",2]}", 1, "{\"results\":[\"é\u{2028}\"]}"),
        (r#"{"results":["\ud800",2]}"#, 1, r#"{"results":["\ud800"]}"#),
    ] {
        assert_eq!(cut(body, bound), expected, "{body}");
    }
}

#[test]
fn never_more_results_than_the_contract_allows() {
    let list = |count: usize| format!("{{\"results\":[0{}]}}", ",0".repeat(count - 1));
    assert_eq!(cut(&list(500_000), 20), list(20));
    assert_eq!(cut(&list(21), u8::MAX), list(20));
    assert_eq!(cut(&list(20), 20), list(20));
    assert_eq!(cut(&list(500_000), 0), "{\"results\":[]}");
}

/// A document by its parts: `head`, `[`, elements with white space around them, `]`, `tail`.
#[derive(Debug, Clone)]
struct Document {
    head: String,
    /// White space before, the element, white space behind.
    elements: Vec<(String, String, String)>,
    tail: String,
}

impl Document {
    fn text(&self) -> String {
        let elements = self.elements.iter().map(|(before, it, behind)| [before, it, behind]);
        let elements: Vec<_> = elements.map(|parts| parts.map(String::as_str).concat()).collect();
        format!("{}[{}]{}", self.head, elements.join(","), self.tail)
    }

    /// Cut by the rule in words: what is behind the last element kept goes, but not the white
    /// space before the bracket.
    fn cut(&self, bound: usize) -> String {
        let mut kept = self.clone();
        if bound < kept.elements.len() {
            let last_white_space = kept.elements.last().unwrap().2.clone();
            kept.elements.truncate(bound);
            if let Some(last) = kept.elements.last_mut() {
                last.2 = last_white_space;
            }
        }
        squeezed(&kept.text())
    }
}

fn white_space() -> impl Strategy<Value = String> {
    prop::collection::vec(select(vec!["", "", " ", "\t", "\n", "\r\n", "\n\n", "\r"]), 0..4)
        .prop_map(|parts| parts.concat())
}

fn string() -> impl Strategy<Value = String> {
    let parts = vec![
        "a",
        "é",
        "results",
        "]",
        "[",
        ",",
        "{",
        "}",
        ":",
        "\\\"",
        "\\\\",
        "\\/",
        "\\n",
        "\\u0000",
        "\\u0072",
        "\\ud83d\\ude00",
        "\u{2028}",
        "😀",
        " ",
    ];
    prop::collection::vec(select(parts), 0..6).prop_map(|parts| format!("\"{}\"", parts.concat()))
}

/// A value with white space wherever it may be, but not around it.
fn value() -> impl Strategy<Value = String> {
    let number = select(vec!["0", "-0", "1.50", "1E5", "123456789012345678901234567890", "1e-400"]);
    let leaf = prop_oneof![
        select(vec!["null", "true", "false"]).prop_map(str::to_owned),
        number.prop_map(str::to_owned),
        string(),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let spaced =
            (white_space(), inner, white_space()).prop_map(|(a, it, b)| a + &it + &b).boxed();
        let key = prop_oneof![string(), Just("\"results\"".to_owned())];
        let member = (white_space(), key, white_space(), spaced.clone())
            .prop_map(|(a, key, b, it)| format!("{a}{key}{b}:{it}"));
        prop_oneof![
            prop::collection::vec(spaced, 1..4).prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec(member, 1..4).prop_map(|all| format!("{{{}}}", all.join(","))),
            white_space().prop_map(|space| format!("[{space}]")),
        ]
    })
}

/// Members whose names are not `results`, each followed by a comma or each after one.
fn members() -> impl Strategy<Value = Vec<String>> {
    let member = (white_space(), string(), white_space(), white_space(), value(), white_space());
    let member = member.prop_map(|(a, name, b, c, it, d)| {
        // Made different from `results` and from others by a prefix that no string above has.
        format!("{a}\"_{}{b}:{c}{it}{d}", &name[1..])
    });
    prop::collection::vec(member, 0..4)
}

fn documents() -> impl Strategy<Value = Document> {
    let name = select(vec!["\"results\"", "\"\\u0072esults\"", "\"result\\u0073\""]);
    let elements = prop::collection::vec((white_space(), value(), white_space()), 0..8);
    let spaces = prop::collection::vec(white_space(), 6);
    (members(), name, elements, members(), spaces).prop_map(|(before, name, elements, after, w)| {
        let before: String = before.iter().map(|member| format!("{member},")).collect();
        let after: String = after.iter().map(|member| format!(",{member}")).collect();
        Document {
            head: format!("{}{{{before}{}{name}{}:{}", w[0], w[1], w[2], w[3]),
            elements,
            tail: format!("{}{after}}}{}", w[4], w[5]),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_cut_answer_is_the_document_with_fewer_results(document in documents(), bound in 0_u8..10) {
        let text = document.text();
        let output = cut(&text, bound);
        prop_assert_eq!(&output, &document.cut(bound.into()));
        // And as another reader of JSON sees it:
        let mut expected: Value = serde_json::from_str(&text).unwrap();
        expected["results"].as_array_mut().unwrap().truncate(bound.into());
        prop_assert_eq!(serde_json::from_str::<Value>(&output).unwrap(), expected);
    }

    #[test]
    fn an_answer_with_all_results_is_what_came_but_for_line_ends(document in documents()) {
        let text = document.text();
        let output = cut(&text, limits::RESULTS_MAX);
        prop_assert_eq!(&output, &squeezed(&text));
        let without = |text: &str| text.replace(['\r', '\n'], "");
        prop_assert_eq!(without(&output), without(&text));
        let line_ends = |c: char| c == '\r' || c == '\n';
        prop_assert!(!output.starts_with(line_ends) && !output.ends_with(line_ends));
        let plain = output.replace("\r\n", "\n").replace('\r', "\n");
        prop_assert!(!plain.contains("\n\n"));
    }

    #[test]
    fn lists_under_the_same_name_are_all_cut(
        documents in prop::collection::vec(documents(), 1..4),
        bound in 0_u8..6,
    ) {
        // `{...}` and `{...}` become `{"_":0,... ,...}`.
        let join = |texts: Vec<String>| {
            let inner = |text: &String| text.trim().trim_start_matches('{').to_owned();
            let inner: Vec<_> = texts.iter().map(inner).collect();
            let inner: Vec<_> = inner.iter().map(|text| text.strip_suffix('}').unwrap()).collect();
            squeezed(&format!("{{{}}}", inner.join(",")))
        };
        let text = join(documents.iter().map(Document::text).collect());
        let expected = join(documents.iter().map(|document| document.cut(bound.into())).collect());
        prop_assert_eq!(cut(&text, bound), expected);
    }

    #[test]
    fn every_prefix_of_a_document_is_refused(
        document in documents(),
        at in any::<prop::sample::Index>(),
    ) {
        let text = document.text();
        let text = text.trim();
        let prefix = text.as_bytes()[..at.index(text.len())].to_vec();
        let response = Response { status: 200, keep_alive: true, identity: true, body: prefix };
        prop_assert!(judge(response, None).is_err());
    }
}
