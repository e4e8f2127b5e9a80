//! The map: one document that loads nothing from elsewhere. What it is made of lies beside this file in
//! `page`, with where it is from.

use super::Node;
use super::pending::Pending;
use super::reply::Reply;
use crate::transport::Context;
use crate::wire::http::Payload;

/// The page, put together when the program is built.
pub(super) const PAGE: &str = concat!(
    include_str!("page/head.html"),
    "<style>",
    include_str!("page/leaflet.css"),
    include_str!("page/page.css"),
    "</style>\n",
    include_str!("page/body.html"),
    "<script type=\"application/json\" id=\"land\">",
    include_str!("page/land.json"),
    "</script>\n<script type=\"application/json\" id=\"towns\">",
    include_str!("page/towns.json"),
    "</script>\n<script>",
    include_str!("page/leaflet.js"),
    "</script>\n<script type=\"module\">",
    include_str!("page/geo.js"),
    include_str!("page/words.js"),
    include_str!("page/token.js"),
    include_str!("page/server.js"),
    include_str!("page/clients.js"),
    include_str!("page/world.js"),
    include_str!("page/labels.js"),
    include_str!("page/crowd.js"),
    include_str!("page/dots.js"),
    include_str!("page/colours.js"),
    include_str!("page/circle.js"),
    include_str!("page/near.js"),
    include_str!("page/herd.js"),
    include_str!("page/graph.js"),
    include_str!("page/search.js"),
    include_str!("page/card.js"),
    include_str!("page/picture.js"),
    include_str!("page/connection.js"),
    include_str!("page/frames.js"),
    include_str!("page/pointer.js"),
    include_str!("page/main.js"),
    "</script>\n<!--\n",
    include_str!("page/LICENSE.leaflet"),
    "-->\n</body>\n</html>\n",
);

/// What the browser may do for it: run and show what is in the page itself, by its SHA-256, and ask this
/// server. A test says what the hashes are to be.
const POLICY: &str = concat!(
    "default-src 'none'; connect-src 'self'; img-src data:; ",
    "script-src 'sha256-3HH4pogLw8ob2fqNxfGvSMcC3FELCngkCgfF/u186TU=' ",
    "'sha256-+55hdqRFRWqcieMd/aMEiJPgLxVmY9Cdo9r/1J/WusQ='; ",
    "style-src 'sha256-CbeLykW6CKh3F2wrkSi0KvaSXay3ksQMDGIl+3EHlmo='; ",
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// How much of it is written before it is asked whether there is room for more.
const PIECE_BYTES: usize = 32 * 1_024;

/// `GET /`.
pub(super) fn answer(cx: &mut Context<'_, Node>, reply: Reply) -> Option<Pending> {
    reply.head(cx, 200, Payload::Length(PAGE.len() as u64), |head| {
        head.content_type("text/html; charset=utf-8")
            .cache_control("no-cache")
            .field("Content-Security-Policy", POLICY)
            .field("X-Content-Type-Options", "nosniff")
            .field("Referrer-Policy", "no-referrer")
    });
    if reply.is_head() {
        return None;
    }
    let mut rest = PAGE.as_bytes();
    (!go_on(cx, &mut rest)).then_some(Pending::Page { rest })
}

/// Writes on while there is room. Whether that was all.
pub(super) fn go_on(cx: &mut Context<'_, Node>, rest: &mut &'static [u8]) -> bool {
    while !rest.is_empty() && cx.transport.request_room() {
        let (piece, behind) = rest.split_at(PIECE_BYTES.min(rest.len()));
        cx.transport.write(piece);
        *rest = behind;
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use ring::digest::{SHA256, digest};

    /// What lies between those tags, each time.
    fn between<'a>(open: &'a str, close: &'a str) -> impl Iterator<Item = &'a str> {
        PAGE.split(open).skip(1).map(move |rest| rest.split(close).next().unwrap())
    }

    fn hash(text: &str) -> String {
        format!("'sha256-{}'", STANDARD.encode(digest(&SHA256, text.as_bytes())))
    }

    #[test]
    fn the_policy_names_what_is_in_the_page() {
        let scripts: Vec<String> = between("<script>", "</script>")
            .chain(between("<script type=\"module\">", "</script>"))
            .map(hash)
            .collect();
        let styles: Vec<String> = between("<style>", "</style>").map(hash).collect();
        assert_eq!((scripts.len(), styles.len()), (2, 1));
        let expected =
            format!("script-src {}; style-src {}; ", scripts.join(" "), styles.join(" "));
        assert!(POLICY.contains(&expected), "to be: {expected}");
    }

    #[test]
    fn the_page_is_small_and_loads_nothing_from_elsewhere() {
        assert!(PAGE.len() < 400 * 1_024, "{}", PAGE.len());
        for reference in ["src=\"http", "href=\"//", "url(http", "@import", "src=\"/"] {
            assert!(!PAGE.contains(reference), "{reference}");
        }
    }
}
