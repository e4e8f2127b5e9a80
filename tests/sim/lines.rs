//! Cuts a stream into lines for those who watch; written without the program's own reader.

/// The beginning of a line that has not ended.
#[derive(Debug, Default)]
pub struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Hands on each line that ends in `bytes`, without its LF.
    pub fn each(&mut self, mut bytes: &[u8], mut line: impl FnMut(&[u8])) {
        while let Some(length) = bytes.iter().position(|&byte| byte == b'\n') {
            if self.partial.is_empty() {
                line(&bytes[..length]);
            } else {
                self.partial.extend_from_slice(&bytes[..length]);
                line(&self.partial);
                self.partial.clear();
            }
            bytes = &bytes[length + 1..];
        }
        self.partial.extend_from_slice(bytes);
    }

    pub fn clear(&mut self) {
        self.partial.clear();
    }
}
