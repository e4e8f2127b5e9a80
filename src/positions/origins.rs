//! The names of the servers that take reports, each stored once.

use super::hash;
use crate::limits;

/// A server that takes reports; its name is in the store that gave this out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OriginId(u16);

#[derive(Debug)]
struct Origin {
    name: Box<[u8]>,
    /// For the digest, which must not depend on the numbers that we happen to give.
    hash: u64,
}

#[derive(Debug, Default)]
pub(super) struct Origins {
    /// By number.
    origins: Vec<Origin>,
    /// The numbers, sorted by name.
    by_name: Vec<u16>,
}

impl Origins {
    /// The place of that name among the sorted ones, or where it would be.
    fn place(&self, name: &[u8]) -> Result<usize, usize> {
        self.by_name.binary_search_by(|&id| (*self.origins[usize::from(id)].name).cmp(name))
    }

    pub fn find(&self, name: &[u8]) -> Option<OriginId> {
        self.place(name).ok().map(|at| OriginId(self.by_name[at]))
    }

    pub fn intern(&mut self, name: &[u8]) -> Option<OriginId> {
        let at = match self.place(name) {
            Ok(at) => return Some(OriginId(self.by_name[at])),
            Err(at) => at,
        };
        let long = name.is_empty() || name.len() > limits::SERVER_NAME_BYTES_MAX;
        if long || self.origins.len() >= limits::ORIGINS_MAX {
            return None;
        }
        // It fits: see the assertion below.
        let id = self.origins.len() as u16;
        self.origins.push(Origin { name: name.into(), hash: hash::of_name(name) });
        self.by_name.insert(at, id);
        Some(OriginId(id))
    }

    pub fn name(&self, id: OriginId) -> &[u8] {
        &self.origins[usize::from(id.0)].name
    }

    pub fn hash(&self, id: OriginId) -> u64 {
        self.origins[usize::from(id.0)].hash
    }
}

const _: () = assert!(limits::ORIGINS_MAX <= u16::MAX as usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_number_and_a_number_one_name() {
        let mut origins = Origins::default();
        let ids: Vec<_> = ["Wilkes", "Ball", "Hands"]
            .map(|name| origins.intern(name.as_bytes()))
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(ids.len(), 3);
        assert_eq!(origins.intern(b"Ball"), Some(ids[1]));
        assert_eq!(origins.name(ids[0]), b"Wilkes");
        assert_eq!(origins.name(ids[2]), b"Hands");
        assert_eq!(origins.origins.len(), 3);
    }

    #[test]
    fn names_out_of_bounds_are_refused() {
        let mut origins = Origins::default();
        assert_eq!(origins.intern(b""), None);
        assert_eq!(origins.intern(&[b'n'; limits::SERVER_NAME_BYTES_MAX + 1]), None);
        assert!(origins.intern(&[b'n'; limits::SERVER_NAME_BYTES_MAX]).is_some());
    }

    #[test]
    fn a_full_table_still_knows_its_names() {
        let mut origins = Origins::default();
        for number in 0..limits::ORIGINS_MAX {
            assert!(origins.intern(number.to_string().as_bytes()).is_some());
        }
        assert_eq!(origins.intern(b"one more"), None);
        let known = origins.intern(b"77").map(|id| origins.name(id).to_vec());
        assert_eq!(known.as_deref(), Some(&b"77"[..]));
    }
}
