//! Reads messages one after the other from bytes that arrive in any pieces.

use super::HttpError;
use super::body::BodyReader;
use super::fields::Framing;
use super::head::HeadReader;
use crate::limits;
use httparse::Error;

/// Reads messages of one kind: a [`ResponseReader`](super::ResponseReader) or a
/// [`RequestReader`](super::RequestReader). After an error it returns the same one for ever: where
/// the next message begins is not known any more.
#[derive(Debug)]
pub struct Reader<M> {
    head: HeadReader,
    /// A message whose head is whole, and its body so far.
    pending: Option<(M, BodyReader)>,
    body_bytes_max: usize,
    /// How many interim messages came before this one.
    interim: usize,
    broken: Option<HttpError>,
}

/// A kind of message.
pub trait Message: Sized {
    /// Reads a whole head. `None`: it stands for itself and the message is still to come.
    fn from_head(head: &[u8]) -> Result<Option<(Self, Framing)>, HttpError>;

    /// Puts the body in.
    fn set_body(&mut self, body: Vec<u8>);
}

impl<M: Message> Reader<M> {
    pub(super) fn with_limits(head_bytes_max: usize, body_bytes_max: usize) -> Self {
        Reader {
            head: HeadReader::new(head_bytes_max),
            pending: None,
            body_bytes_max,
            interim: 0,
            broken: None,
        }
    }

    /// Takes what arrived. When a message is whole: the message, and how much of `data` belonged
    /// to it; the rest is the next one's and is to be handed in again. Otherwise all of `data` is
    /// taken.
    pub fn receive(&mut self, data: &[u8]) -> Result<Option<(M, usize)>, HttpError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        self.advance(data).inspect_err(|&error| self.broken = Some(error))
    }

    /// The peer will send no more: the message that this completes, if any; `None` if there was
    /// none under way; an error if one was cut short.
    ///
    /// A message whose length is not announced ends here. Over TLS the caller must have made sure
    /// that the peer really said so, or anybody could have cut the connection.
    pub fn finish(&mut self) -> Result<Option<M>, HttpError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        if let Some((mut message, body)) = self.pending.take() {
            message.set_body(body.finish()?);
            return Ok(Some(message));
        }
        if self.interim == 0 && self.head.is_blank() { Ok(None) } else { Err(HttpError::Truncated) }
    }

    fn advance(&mut self, data: &[u8]) -> Result<Option<(M, usize)>, HttpError> {
        let mut consumed = 0;
        loop {
            if let Some((mut message, mut body)) = self.pending.take() {
                let Some(taken) = body.receive(&data[consumed..])? else {
                    self.pending = Some((message, body));
                    return Ok(None);
                };
                message.set_body(body.into_bytes());
                self.interim = 0;
                return Ok(Some((message, consumed + taken)));
            }
            let Some(taken) = self.head.receive(&data[consumed..])? else {
                return Ok(None);
            };
            consumed += taken;
            self.pending = self.read_head()?;
            self.head.clear();
        }
    }

    fn read_head(&mut self) -> Result<Option<(M, BodyReader)>, HttpError> {
        if let Some((message, framing)) = M::from_head(self.head.bytes())? {
            let body = BodyReader::new(framing, self.body_bytes_max)?;
            return Ok(Some((message, body)));
        }
        self.interim += 1;
        if self.interim > limits::HTTP_INTERIM_RESPONSES_MAX {
            return Err(HttpError::TooManyInterim);
        }
        Ok(None)
    }
}

/// What the head's parser says, in our words. That it wants more of a whole head cannot be, and if
/// it were, the head would not be understood.
pub(super) fn whole(parsed: httparse::Result<usize>, head_bytes: usize) -> Result<(), HttpError> {
    match parsed {
        Ok(httparse::Status::Complete(bytes)) if bytes == head_bytes => Ok(()),
        Ok(_) => Err(HttpError::Malformed),
        Err(Error::TooManyHeaders) => Err(HttpError::TooManyHeaders),
        Err(Error::Version) => Err(HttpError::Version),
        Err(_) => Err(HttpError::Malformed),
    }
}
