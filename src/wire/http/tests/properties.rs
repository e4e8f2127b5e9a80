//! Any bytes, in any pieces.

use super::*;
use proptest::prelude::*;

/// Bytes that come close to a response.
fn near_responses() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.0 200 OK\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 204 No Content\r\n",
            "Content-Length: 5\r\n",
            "Transfer-Encoding: chunked\r\n",
            "Connection: close\r\n",
            "\r\n",
            "\n",
            "\r",
            "hello",
            "5\r\nhello\r\n",
            "5;x\r\nhello\r\n",
            "0\r\n\r\n",
            "0\r\nX: y\r\n\r\n",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn pieces_do_not_matter(
        bytes in near_responses(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let whole = read_all(reader(), &[&bytes]);
        let mut positions: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        positions.extend([0, bytes.len()]);
        positions.sort_unstable();
        let pieces: Vec<_> = positions.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();
        prop_assert_eq!(read_all(reader(), &pieces), whole);
    }

    #[test]
    fn any_bytes_are_taken_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        for start in [&b""[..], b"HTTP/1.1 200 OK\r\n", chunked] {
            let (read, _) = read_all(reader(), &[start, &bytes]);
            prop_assert!(read.len() <= bytes.len());
        }
    }

    #[test]
    fn a_body_survives_any_chunking(
        body in prop::collection::vec(any::<u8>(), 0..400),
        sizes in prop::collection::vec(1_usize..50, 1..20),
    ) {
        let mut text = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        let mut rest = &body[..];
        for size in sizes.iter().cycle() {
            let (chunk, after) = rest.split_at(rest.len().min(*size));
            text.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            text.extend_from_slice(chunk);
            text.extend_from_slice(b"\r\n");
            rest = after;
            if chunk.is_empty() {
                break;
            }
        }
        let (responses, end) = read_all(reader(), &[&text]);
        prop_assert_eq!(end, Ok(()));
        prop_assert_eq!(&responses[0].body, &body);
    }
}
