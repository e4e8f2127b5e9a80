//! The field mask: which fields of a place are told. It counts down to the fields of a place; what
//! is deeper in a path brings the whole field.

/// A field mask that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mask {
    /// All fields: `*` or `places`.
    All,
    /// These, as the second names of the paths.
    Fields(Vec<String>),
}

impl Mask {
    /// Reads paths with commas between them. That a place has such a field is not asked: it is left
    /// out, as it is for a town that has no rating.
    pub fn parse(text: &str) -> Option<Mask> {
        let mut fields = Vec::new();
        let mut all = false;
        for path in text.split(',') {
            let mut names = path.split('.');
            match (names.next(), names.next()) {
                (Some("*" | "places"), None) => all = true,
                (Some("places"), Some(field)) if is_name(field) && names.all(is_name) => {
                    fields.push(field.to_owned());
                }
                _ => return None,
            }
        }
        Some(if all { Mask::All } else { Mask::Fields(fields) })
    }

    /// `value` if that field is to be told.
    pub fn only<T>(&self, field: &str, value: T) -> Option<T> {
        let told = match self {
            Mask::All => true,
            Mask::Fields(fields) => fields.iter().any(|told| told == field),
        };
        told.then_some(value)
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_count_down_to_the_fields_of_a_place() {
        assert_eq!(Mask::parse("*"), Some(Mask::All));
        assert_eq!(Mask::parse("places.id,places"), Some(Mask::All));
        let mask = Mask::parse("places.id,places.displayName.text").expect("a mask");
        assert_eq!(mask.only("id", 1), Some(1));
        assert_eq!(mask.only("displayName", 1), Some(1));
        assert_eq!(mask.only("text", 1), None);
        assert_eq!(mask.only("Id", 1), None);
        assert_eq!(Mask::All.only("anything", 1), Some(1));
        for wrong in [
            "",
            "id",
            "places.id,",
            "places.id, places.types",
            "places.",
            "places..id",
            "*.id",
            "places.i-d",
            "*,",
            "routes.id",
        ] {
            assert_eq!(Mask::parse(wrong), None, "{wrong}");
        }
    }
}
