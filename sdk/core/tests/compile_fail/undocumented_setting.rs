//! A setting without a comment.
use purlin_core::Settings;

#[derive(Settings)]
struct Platform {
    /// Region of everything.
    region: String,
    #[setting(default = 3)]
    zones: usize,
}

fn main() {}
