//! Whether the list holds every record and marker once, in order, and every other number is free.

use super::{Element, Feed};

impl Feed {
    /// The numbers of the records in the order of the list, as far as it is whole.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        let follow =
            move |&at: &Element| Some(self.adjacent(at).next).filter(|&next| next != Element::LIST);
        let elements = std::iter::successors(follow(&Element::LIST), follow);
        let most = self.records.len() + self.markers.len();
        elements.take(most).filter_map(Element::as_record)
    }

    /// How many cursors are open.
    #[cfg(test)]
    pub fn cursors(&self) -> usize {
        self.markers.len() - 1 - self.closed.len()
    }

    /// Whether the list holds every record and open marker once, both ways alike, with sequence
    /// numbers that grow up to the head, and every other number is free.
    pub fn check(&self) -> Result<(), String> {
        let (mut records, mut markers, mut last, mut at) = (0, 1, 0, Element::LIST);
        loop {
            let next = self.adjacent(at).next;
            // So no element is met twice before the list's own.
            if self.adjacent(next).previous != at {
                return Err(format!("{next:?} follows {at:?}, but not the other way round"));
            }
            at = next;
            let Some(number) = at.as_record() else {
                if at == Element::LIST {
                    break;
                }
                markers += 1;
                continue;
            };
            let sequence = self.record(number).sequence;
            if sequence <= last || sequence > self.head {
                return Err(format!("{sequence} follows {last}; the head is {}", self.head));
            }
            last = sequence;
            records += 1;
        }
        let (all, closed) = (self.markers.len(), self.closed.len());
        if markers + closed != all {
            return Err(format!("{markers} of {all} markers are in the list, {closed} are closed"));
        }
        if records != self.len {
            return Err(format!("{records} records are in the list of {}", self.len));
        }
        self.check_free()
    }

    fn check_free(&self) -> Result<(), String> {
        let (mut at, mut left) = (self.free, self.records.len() - self.len);
        while let Some(number) = at.as_record() {
            let record = self.record(number);
            if !record.is_free() || record.text_bytes() > 0 {
                return Err(format!("record {number} is free: {record:?}"));
            }
            left = left.checked_sub(1).ok_or("more numbers are free than are not used")?;
            at = record.adjacent.next;
        }
        if left > 0 { Err(format!("{left} numbers are neither used nor free")) } else { Ok(()) }
    }
}
