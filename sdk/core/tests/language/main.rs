//! The language as a user's own crate uses it: resource types made with the derives, and programs that add them.
mod derives;
mod gather;
mod program;
mod types;
