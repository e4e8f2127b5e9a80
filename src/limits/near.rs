//! The bounds of questions about who is near; `limits` shows them on its page.

/// Changes that the index of areas takes in one turn besides those that came in it.
pub const AREA_CHANGES_PER_TURN: usize = 2_048;
/// Places that are looked at in one turn to answer questions about who is near. The last question may take
/// more, which the next turns make up for.
pub const NEAR_PLACES_PER_TURN: usize = 8_192;
/// Bytes of an answer that cost as much as to look at a place.
pub const NEAR_PLACE_BYTES: usize = 10;
/// Places that are looked at for one question at once; one for which there are more is searched for in
/// shares.
pub const NEAR_AT_ONCE_PLACES: usize = 1_024;
/// Clients that are found at once; more are searched for in shares.
pub const NEAR_AT_ONCE_MAX: usize = 128;
/// A share of such a search, each in another turn: so many places that are looked at, which take 25 to 40 µs
/// where a million are known, or what costs as much.
pub const NEAR_SHARE_PLACES: usize = 192;
/// How often a search in shares begins, because those whom it has found go away faster than it comes to an
/// end, before it goes on to the end at once.
pub const NEAR_SEARCHES_MAX: usize = 3;
/// How many copies are made for each client that it looks for, because they move, before it does the same.
pub const NEAR_COPIES_PER_RESULT_MAX: usize = 2;
/// An answer about who is near is written in shares of so much and a line, each in another turn.
pub const NEAR_SHARE_BYTES: usize = 8 * 1_024;
/// Connections that wait for their turn with such a question and are called in one turn.
pub const NEAR_CALLED_PER_TURN: usize = 64;
