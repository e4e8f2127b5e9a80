//! Finds the clients' ids in the next lines before those are parsed, so that their records can be
//! fetched into the cache in time.

/// Finds the ids of the clients in the next whole lines of `data`, each the field with that number
/// (from 0) where single spaces separate fields; as many as there is room for. Returns how many, and
/// what follows the lines looked at.
///
/// The ids are hints for prefetching: nothing is checked, and a line that has no such field is passed
/// over.
pub fn next_client_ids<'a>(
    mut data: &'a [u8],
    field: usize,
    clients: &mut [&'a [u8]],
) -> (usize, &'a [u8]) {
    let mut found = 0;
    while found < clients.len()
        && let Some(end) = memchr::memchr(b'\n', data)
    {
        let line = &data[..end];
        data = &data[end + 1..];
        let mut start = 0;
        let mut spaces = memchr::memchr_iter(b' ', line);
        for _ in 0..field {
            start = spaces.next().map_or(line.len(), |space| space + 1);
        }
        if let Some(end) = spaces.next().filter(|&end| end > start) {
            clients[found] = &line[start..end];
            found += 1;
        }
    }
    (found, data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn next(data: &[u8], field: usize) -> (Vec<&[u8]>, &[u8]) {
        let mut clients: [&[u8]; 3] = [&[]; 3];
        let (found, rest) = next_client_ids(data, field, &mut clients);
        (clients[..found].to_vec(), rest)
    }

    #[test]
    fn ids_of_whole_lines_are_found_as_far_as_there_is_room() {
        let reports = b"IAMAT a +1+1 1\nnonsense\n\nIAMAT bc +1+1 2\nIAMAT d +1";
        assert_eq!(next(reports, 1), (vec![&b"a"[..], b"bc"], &b"IAMAT d +1"[..]));
        assert_eq!(next(b"AT A +0.1 a +1+1 1\nMARK 1 2\n", 3), (vec![&b"a"[..]], &b""[..]));
        let many = b"IAMAT a x\nIAMAT b x\nIAMAT c x\nIAMAT d x\n";
        assert_eq!(next(many, 1), (vec![&b"a"[..], b"b", b"c"], &b"IAMAT d x\n"[..]));
        assert_eq!(next(b"IAMAT  +1+1 1\n    \n", 1).0, Vec::<&[u8]>::new());
    }

    proptest! {
        #[test]
        fn any_bytes_will_do(data in "[A-Z \n]{0,60}", field in 0_usize..5) {
            let (clients, rest) = next(data.as_bytes(), field);
            prop_assert!(data.as_bytes().ends_with(rest));
            for client in clients {
                prop_assert!(!client.is_empty() && !client.contains(&b' '));
            }
        }
    }
}
