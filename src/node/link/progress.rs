//! How far a neighbour has come in our feed, as the dialled end of a link sees it.

/// Sequence numbers of our feed; all 0 for a neighbour that is told everything.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Up to where the neighbour may have received the feed: what it was last marked with, or says
    /// itself.
    marked: u64,
    /// The mark behind the last position that it was told on this link.
    told: u64,
    /// What it has acknowledged.
    acknowledged: u64,
}

impl Progress {
    /// Of a neighbour that says that it has received so much.
    pub fn from(received_up_to: u64) -> Self {
        Progress { marked: received_up_to, told: 0, acknowledged: received_up_to }
    }

    /// It is sent that mark, behind positions or for itself.
    pub fn mark(&mut self, sequence: u64, tells: bool) {
        self.marked = sequence;
        if tells {
            self.told = sequence;
        }
    }

    /// It acknowledges so much.
    ///
    /// # Errors
    /// That it was never marked with more than this.
    pub fn acknowledge(&mut self, sequence: u64) -> Result<(), u64> {
        if sequence > self.marked {
            return Err(self.marked);
        }
        self.acknowledged = sequence;
        Ok(())
    }

    /// The mark behind the last position that it was told on this link.
    pub fn told(&self) -> u64 {
        self.told
    }

    /// Up to where it has acknowledged the feed.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Whether it has acknowledged all that it was told.
    pub fn is_taken(&self) -> bool {
        self.told <= self.acknowledged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_was_told_is_taken_once_the_mark_behind_it_is_acknowledged() {
        let mut progress = Progress::from(5);
        assert!(progress.is_taken(), "it has been told nothing");
        progress.mark(9, false);
        assert!(progress.is_taken(), "nor by that");
        progress.mark(12, true);
        progress.mark(12, false);
        assert_eq!(progress.acknowledge(9), Ok(()));
        assert!(!progress.is_taken());
        assert_eq!(progress.acknowledge(13), Err(12));
        assert!(!progress.is_taken());
        assert_eq!(progress.acknowledge(12), Ok(()));
        assert!(progress.is_taken());
    }
}
