//! Inputs drawn from a seed: one of the corpus with a few changes, made of the words of the
//! grammars. The words are libFuzzer's dictionary, too.

/// Changes of one input.
const CHANGES_MAX: u64 = 8;
/// No longer than libFuzzer's own.
const INPUT_BYTES_MAX: usize = 4_096;

pub struct Draw {
    state: u64,
    words: Vec<Vec<u8>>,
}

impl Draw {
    pub fn new(seed: u64) -> Self {
        thread_local! {
            static WORDS: Vec<Vec<u8>> = words(include_str!("words.dict"));
        }
        Draw { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), words: WORDS.with(Clone::clone) }
    }

    pub fn input(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.one_of(corpus).clone();
        for _ in 0..self.below(CHANGES_MAX) + 1 {
            self.change(&mut input, corpus);
            input.truncate(INPUT_BYTES_MAX);
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let at = self.below(input.len() as u64 + 1) as usize;
        let longest = 1 << self.below(7);
        let end = (at + self.below(longest) as usize + 1).min(input.len());
        match self.below(8) {
            0 => {
                let words = std::mem::take(&mut self.words);
                let word = self.one_of(&words);
                input.splice(at..at, word.iter().copied());
                self.words = words;
            }
            1 => {
                let words = std::mem::take(&mut self.words);
                let word = self.one_of(&words);
                input.splice(at..end, word.iter().copied());
                self.words = words;
            }
            2 => drop(input.drain(at..end)),
            3 => {
                let piece = input[at..end].to_vec();
                input.splice(at..at, piece);
            }
            4 => {
                let other = self.one_of(corpus);
                let from = self.below(other.len() as u64 + 1) as usize;
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            5 => input.truncate(at),
            6 if at < input.len() => input[at] ^= 1 << self.below(8),
            _ => input.insert(at, self.below(256) as u8),
        }
    }

    fn one_of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }

    fn below(&mut self, bound: u64) -> u64 {
        // SplitMix64 (Steele, Lea, Flood, 2014).
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// The words of a dictionary: one in quotes on each line, with `\xAB`, `\"` and `\\` in it.
fn words(dictionary: &str) -> Vec<Vec<u8>> {
    let quoted = |line: &str| line.strip_prefix('"')?.strip_suffix('"').map(unescape);
    dictionary.lines().filter_map(quoted).collect()
}

fn unescape(word: &str) -> Vec<u8> {
    let mut bytes = word.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next() {
                Some(b'x') => {
                    let digits = [bytes.next(), bytes.next()].map(|digit| {
                        digit.and_then(|digit| char::from(digit).to_digit(16)).expect("two digits")
                    });
                    out.push((digits[0] * 16 + digits[1]) as u8);
                }
                escaped => out.push(escaped.expect("something is escaped")),
            },
            plain => out.push(plain),
        }
    }
    out
}
