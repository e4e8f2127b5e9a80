//! Looks into JSON text for what is asked and validates the rest, without building it: what is
//! found are the very bytes of the text. Nesting is not limited, as it is not followed.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Result;
use serde_json::value::RawValue;
use std::fmt;

/// Calls `found` for each member of the object `json` whose name is one of `names`, in the order of
/// the text, with that name's position among them. A name may come several times.
pub(crate) fn each_member<'a>(
    json: &'a str,
    names: &[&str],
    found: impl FnMut(usize, &'a RawValue),
) -> Result<()> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.deserialize_map(MembersVisitor { names, found })?;
    deserializer.end()
}

/// The values of those members of the object `json`; of a name that comes several times the last,
/// as most readers of JSON have it.
pub(crate) fn members<'a, const N: usize>(
    json: &'a str,
    names: [&str; N],
) -> Result<[Option<&'a RawValue>; N]> {
    let mut values = [None; N];
    each_member(json, &names, |name, value| values[name] = Some(value))?;
    Ok(values)
}

/// The first elements of the list `json`, at most `most`.
pub(crate) fn elements(json: &str, most: usize) -> Result<Vec<&RawValue>> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let elements = deserializer.deserialize_seq(ElementsVisitor { most })?;
    deserializer.end()?;
    Ok(elements)
}

struct MembersVisitor<'n, F> {
    names: &'n [&'n str],
    found: F,
}

impl<'de, F: FnMut(usize, &'de RawValue)> Visitor<'de> for MembersVisitor<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> std::result::Result<(), A::Error> {
        while let Some(name) = members.next_key_seed(NameSeed { names: self.names })? {
            match name {
                Some(name) => (self.found)(name, members.next_value()?),
                None => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Reads a name as bytes, since one with half a surrogate pair is no text but still JSON.
struct NameSeed<'n> {
    names: &'n [&'n str],
}

impl<'de> DeserializeSeed<'de> for NameSeed<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<Option<usize>, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for NameSeed<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_bytes<E: Error>(self, name: &[u8]) -> std::result::Result<Option<usize>, E> {
        Ok(self.names.iter().position(|known| known.as_bytes() == name))
    }
}

struct ElementsVisitor {
    most: usize,
}

impl<'de> Visitor<'de> for ElementsVisitor {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut list: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while elements.len() < self.most {
            match list.next_element()? {
                Some(element) => elements.push(element),
                None => return Ok(elements),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str) -> Option<[Option<&str>; 2]> {
        members(json, ["a", "b"]).ok().map(|values| values.map(|value| value.map(RawValue::get)))
    }

    #[test]
    fn members_are_found_as_they_are_written() {
        assert_eq!(found("{}"), Some([None, None]));
        assert_eq!(found(r#"{"a": 1.50e+2 ,"c":[{"b":3}]}"#), Some([Some("1.50e+2"), None]));
        assert_eq!(found(r#"{"b":{"a":1},"\u0061":"\u00e9"}"#).unwrap()[0], Some(r#""\u00e9""#));
        assert_eq!(found(r#"{"a":1,"a":2,"\ud800":3}"#), Some([Some("2"), None]));
        for wrong in ["", "[]", "1", "{", r#"{"a"}"#, r#"{"a":1,}"#, "{} x", r#"{"c":01}"#] {
            assert_eq!(found(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn elements_are_found_up_to_the_most_and_the_rest_is_validated() {
        let found = |json, most| {
            elements(json, most)
                .ok()
                .map(|list| list.into_iter().map(RawValue::get).collect::<Vec<_>>().join("|"))
        };
        assert_eq!(found("[]", 2).as_deref(), Some(""));
        assert_eq!(found("[ 1.0 , {\"a\":[2]} ,3]", 2).as_deref(), Some("1.0|{\"a\":[2]}"));
        assert_eq!(found("[1,2]", 0).as_deref(), Some(""));
        for wrong in ["", "{}", "[1,]", "[1,2", "[1,2,x]", "[1] 2"] {
            assert_eq!(found(wrong, 1), None, "{wrong}");
        }
    }
}
