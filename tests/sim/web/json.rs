//! Reads JSON objects whose members are texts and numbers.

/// The members of the object that `text` begins with, in their order, and what is behind it.
pub fn object(text: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut rest = text.strip_prefix('{')?;
    let mut members = Vec::new();
    if let Some(behind) = rest.strip_prefix('}') {
        return Some((members, behind));
    }
    loop {
        let (name, behind) = string(rest)?;
        let (value, behind) = value(behind.strip_prefix(':')?)?;
        members.push((name, value));
        match behind.strip_prefix(',') {
            Some(behind) => rest = behind,
            None => return Some((members, behind.strip_prefix('}')?)),
        }
    }
}

fn value(text: &str) -> Option<(String, &str)> {
    if text.starts_with('"') {
        return string(text);
    }
    let end = text.find([',', '}'])?;
    let (number, behind) = text.split_at(end);
    let digits = number.strip_prefix('-').unwrap_or(number);
    let is_number = digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.ends_with(|last: char| last.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_number.then(|| (number.to_owned(), behind))
}

fn string(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('"')?;
    let end = text.find(['"', '\\'])?;
    if text[end..].starts_with('"') {
        return Some((text[..end].to_owned(), &text[end + 1..]));
    }
    let mut out = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((out, &text[at + 1..])),
            '\\' => out.push(characters.next()?.1),
            other => out.push(other),
        }
    }
    None
}

#[test]
fn objects_are_read() {
    let members = |text| {
        let (members, behind) = object(text)?;
        Some((members.into_iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>(), behind))
    };
    let read = members(r#"{"id":"a\"b","latitude":-3.50,"time":"1"},{"#);
    let expected = ["id=a\"b", "latitude=-3.50", "time=1"].map(str::to_owned).to_vec();
    assert_eq!(read, Some((expected, ",{")));
    assert_eq!(members("{}\n"), Some((vec![], "\n")));
    for wrong in ["", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1", "{\"a\":1,}", "{\"a\":.5}", "{\"a:1}"]
    {
        assert_eq!(object(wrong), None, "{wrong}");
    }
}
