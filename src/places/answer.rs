//! An answer for clients: kept as bytes, and cut to what each asker wants without reformatting.

use super::Problem;
use crate::limits;
use crate::wire::json;
use memchr::memchr2;
use std::ops::Range;
use std::str;

/// A JSON document in the legacy shape, with the places known at which its results may be cut. One
/// answer serves askers with different bounds.
///
/// It is what Places sent, byte for byte, but for line ends (LF, CR LF or CR): a run of them is
/// squeezed to its first one, and there is none at the end. So it contains no blank line, which is
/// what ends an answer on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    text: Vec<u8>,
    /// In the order of the text, not overlapping.
    lists: Vec<List>,
    /// The ends of the elements of all lists, up to the most that may be asked for of each.
    element_ends: Vec<usize>,
    complaint: Option<Problem>,
}

/// A list of results in the text. There are several if the document has the key several times.
#[derive(Debug, Clone, PartialEq, Eq)]
struct List {
    /// The position behind its opening bracket.
    start: usize,
    /// The position behind its last element.
    elements_end: usize,
    /// The position of its closing bracket.
    end: usize,
    /// Where its elements' ends begin in `element_ends`, and how many there are.
    first: usize,
    count: usize,
}

impl Answer {
    /// Appends the answer with at most `bound` results (never more than
    /// [`RESULTS_MAX`](limits::RESULTS_MAX)). What is behind the last result kept is left out up
    /// to and with the last result; the white space before the closing bracket stays. If none is
    /// kept the list is `[]`, as Places writes an empty one.
    pub fn write_cut(&self, bound: u8, out: &mut Vec<u8>) {
        let bound = usize::from(bound.min(limits::RESULTS_MAX));
        let mut copied = 0;
        for list in &self.lists {
            let ends = &self.element_ends[list.first..list.first + list.count];
            let (kept_end, rest) = match bound.checked_sub(1) {
                None => (list.start, list.end),
                Some(last) => match ends.get(last) {
                    None => continue,
                    Some(&kept_end) => (kept_end, list.elements_end),
                },
            };
            out.extend_from_slice(&self.text[copied..kept_end]);
            copied = rest;
        }
        out.extend_from_slice(&self.text[copied..]);
    }

    /// The answer with at most `bound` results.
    pub fn cut(&self, bound: u8) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.text.len());
        self.write_cut(bound, &mut out);
        out
    }

    /// The error that Places answers with here, in the shape of any other answer.
    pub fn complaint(&self) -> Option<&Problem> {
        self.complaint.as_ref()
    }

    /// The same, known to be an error of Places.
    pub(super) fn with_complaint(self, complaint: Option<Problem>) -> Self {
        Answer { complaint, ..self }
    }

    /// Bytes of the answer with all its results.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// An answer without results to cut.
    pub(super) fn without_results(text: String) -> Self {
        Answer::of(text.into_bytes())
    }

    fn of(text: Vec<u8>) -> Self {
        Answer { text, lists: Vec::new(), element_ends: Vec::new(), complaint: None }
    }

    /// An answer whose line ends are squeezed already and that has these lists of results in it,
    /// each a part of `text`. `None` if one of them is no list.
    pub(super) fn with_results(text: Vec<u8>, results: &[Range<usize>]) -> Option<Self> {
        let mut answer = Answer::of(text);
        for range in results {
            answer.add_list(range.start, range.end)?;
        }
        Some(answer)
    }

    fn add_list(&mut self, start: usize, end: usize) -> Option<()> {
        let list = str::from_utf8(self.text.get(start..end)?).ok()?;
        let inner = list.strip_prefix('[')?.strip_suffix(']')?;
        let elements_end = start + 1 + inner.trim_ascii_end().len();
        if elements_end == start + 1 {
            return Some(());
        }
        let first = self.element_ends.len();
        let base = list.as_ptr().addr();
        let ends = json::elements(list, usize::from(limits::RESULTS_MAX))
            .ok()?
            .into_iter()
            .map(|element| start + (element.get().as_bytes().as_ptr_range().end.addr() - base));
        self.element_ends.extend(ends);
        let count = self.element_ends.len() - first;
        self.lists.push(List { start: start + 1, elements_end, end: end - 1, first, count });
        Some(())
    }
}

/// Squeezes each run of line ends to its first one, and drops those at either end: at the start
/// they would make a run with the line end that comes before an answer. In JSON they can only be
/// white space, since in strings they are escaped.
pub(super) fn squeeze_line_ends(text: &mut Vec<u8>) {
    let mut written = 0;
    let mut read = 0;
    while read < text.len() {
        let line_end = memchr2(b'\n', b'\r', &text[read..]).map_or(text.len(), |at| read + at);
        text.copy_within(read..line_end, written);
        written += line_end - read;
        let run = &text[line_end..];
        let is_line_end = |byte: &&u8| matches!(byte, b'\n' | b'\r');
        read = line_end + run.iter().take_while(is_line_end).count();
        if written > 0 && read < text.len() {
            let kept = if run.starts_with(b"\r\n") { 2 } else { 1 };
            text.copy_within(line_end..line_end + kept, written);
            written += kept;
        }
    }
    text.truncate(written);
}

#[cfg(test)]
mod tests;
