//! Reads responses one after the other from bytes that arrive in any pieces.

use super::HttpError;
use super::body::BodyReader;
use super::head::HeadReader;
use super::response::{Response, ResponseLimits};
use crate::limits;
use httparse::Error;

/// Reads responses to requests that have a body in their answer (not to `HEAD`). Interim (1xx)
/// responses are passed over. After an error it returns the same one for ever: where the next response
/// begins is not known any more.
#[derive(Debug)]
pub struct ResponseReader {
    head: HeadReader,
    /// A response whose head is whole, and its body so far.
    pending: Option<(Response, BodyReader)>,
    body_bytes_max: usize,
    /// How many interim responses came before this one.
    interim: usize,
    broken: Option<HttpError>,
}

impl ResponseReader {
    /// A reader at the start of a connection.
    pub fn new(limits: ResponseLimits) -> Self {
        ResponseReader {
            head: HeadReader::new(limits.head_bytes_max),
            pending: None,
            body_bytes_max: limits.body_bytes_max,
            interim: 0,
            broken: None,
        }
    }

    /// Takes what arrived. When a response is whole: the response, and how much of `data` belonged
    /// to it; the rest is the next one's and is to be handed in again. Otherwise all of `data` is
    /// taken.
    pub fn receive(&mut self, data: &[u8]) -> Result<Option<(Response, usize)>, HttpError> {
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
    pub fn finish(&mut self) -> Result<Option<Response>, HttpError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        if let Some((mut message, body)) = self.pending.take() {
            message.set_body(body.finish()?);
            return Ok(Some(message));
        }
        if self.interim == 0 && self.head.is_blank() { Ok(None) } else { Err(HttpError::Truncated) }
    }

    fn advance(&mut self, data: &[u8]) -> Result<Option<(Response, usize)>, HttpError> {
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

    fn read_head(&mut self) -> Result<Option<(Response, BodyReader)>, HttpError> {
        if let Some((message, framing)) = Response::from_head(self.head.bytes())? {
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
