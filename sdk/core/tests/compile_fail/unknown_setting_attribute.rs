//! A rule of a setting that is misspelt.
use purlin_core::Settings;

#[derive(Settings)]
struct Platform {
    /// How many zones to use.
    #[setting(defualt = 3)]
    zones: usize,
}

fn main() {}
