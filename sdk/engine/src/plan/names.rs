//! Physical names that the program does not give: `<stack>-<name>-<hash>`, cut to the type's limit.
use std::fmt::Write as _;

use purlin_core::{SmolStr, schema::NameRule};
use purlin_state::Key;
use sha2::{Digest, Sha256};

/// The hash has so many letters: 32^7 values, so that cut names of one stack do not meet.
const HASH: usize = 7;

/// The name of an object. The generation is in the hash, so a replacement can exist beside the old one; so is the provider's
/// identity, because some names (buckets) are unique across accounts.
pub(crate) fn physical(rule: &NameRule, stack: &str, identity: &str, key: &Key) -> SmolStr {
    let mut hash = Sha256::new();
    let _ =
        write!(Text(&mut hash), "{stack}\n{identity}\n{}\n{}\n{}", key.address.path, key.address.ty, key.generation);
    let digest = hash.finalize();
    let tail: String = digest.iter().take(HASH).map(|b| char::from(LETTERS[usize::from(b & 31)])).collect();
    let room = rule.max.saturating_sub(rule.prefix.len() + HASH + 1);
    let mut stem = String::new();
    for c in stack.chars().chain(['-']).chain(key.address.path.chars()) {
        let c = match c {
            'a'..='z' | '0'..='9' | '-' => c,
            'A'..='Z' if rule.lower => c.to_ascii_lowercase(),
            'A'..='Z' | '_' if !rule.lower => c,
            _ => '-',
        };
        // Two separators in a row are refused by some services and please nobody.
        if !(c == '-' && (stem.is_empty() || stem.ends_with('-'))) {
            stem.push(c);
        }
    }
    stem.truncate(room);
    let stem = stem.trim_end_matches('-');
    format!("{}{stem}-{tail}", rule.prefix).into()
}

const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

struct Text<'a>(&'a mut Sha256);

impl std::fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.update(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use purlin_core::Address;

    use super::*;

    const BUCKET: NameRule = NameRule { max: 63, lower: true, prefix: "" };

    fn key(path: &str, generation: u32) -> Key {
        Key::new(Address::new(path, "aws:s3:Bucket"), generation)
    }

    #[test]
    fn a_name_says_whose_it_is() {
        let name = physical(&BUCKET, "platform", "aws:1:eu-west-1", &key("net/Models", 0));
        assert!(name.starts_with("platform-net-models-"), "{name}");
    }

    #[test]
    fn a_name_keeps_to_the_limit() {
        let long = "a".repeat(100);
        let name = physical(&NameRule { prefix: "alias/", ..BUCKET }, "platform", "x", &key(&long, 0));
        assert_eq!(name.len(), 63);
    }

    #[test]
    fn generations_and_accounts_have_names_of_their_own() {
        let name = |identity, generation| physical(&BUCKET, "s", identity, &key("b", generation));
        assert_ne!(name("a", 0), name("a", 1));
        assert_ne!(name("a", 0), name("b", 0));
    }
}
