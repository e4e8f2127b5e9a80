//! The journal's folder on disk, before the server runs and for who checks it. What its files look
//! like is in [`crate::journal`].
//!
//! | file | what it does |
//! |---|---|
//! | `folder` | makes and locks the folder, sees whose it is, hands over what it holds, mends torn ends |
//! | `forcing` | has the disk hold what was read, meanwhile |
//! | `survey` | judges what was read of a file |
//! | `files` | lists and reads files |
//! | `check` | `herd --check-journal`: reads it all and changes nothing |

mod check;
mod files;
mod folder;
mod forcing;
mod survey;
#[cfg(test)]
mod testing;

pub(super) use check::check;
pub(super) use folder::Folder;
