//! The wrapped data key: its text, and how a passphrase opens it.
//!
//! `argon2id$m=65536,t=3,p=4$<salt>$<nonce and wrapped key>`. All but the last part is covered by the tag, with the
//! lineage. The tag is also what tells a wrong passphrase: the log's hashes have already told damage.
use aes_gcm::{Aes256Gcm, KeyInit as _};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD as BASE64};
use purlin_core::{Secret, SmolStr};
use zeroize::Zeroizing;

use super::{Cost, Random, decrypt, encrypt};
use crate::StateError;

const KIND: &str = "argon2id";
/// A text that asks for more is not tried: it would take the machine down. 4 GiB, 64 passes, 64 lanes.
const LIMIT: Cost = Cost { memory: 4 * 1024 * 1024, passes: 64, lanes: 64 };

pub(super) fn wrap(
    lineage: &str,
    key: &[u8; 32],
    passphrase: &Secret<String>,
    cost: Cost,
    random: &Random,
) -> Result<SmolStr, StateError> {
    let salt = random.draw::<16>()?;
    let Cost { memory, passes, lanes } = cost;
    let opening = format!("{KIND}$m={memory},t={passes},p={lanes}${}", BASE64.encode(*salt));
    let outer = derive(passphrase, &*salt, cost).ok_or_else(|| unusable(&opening))?;
    let wrapped = encrypt(&outer, &place(lineage, &opening), key, random)?;
    Ok(format!("{opening}${wrapped}").into())
}

pub(super) fn unwrap(
    lineage: &str,
    text: &str,
    passphrase: &Secret<String>,
) -> Result<Zeroizing<[u8; 32]>, StateError> {
    let (opening, wrapped) = text.rsplit_once('$').ok_or_else(|| unusable(text))?;
    let (cost, salt) = parse(opening).ok_or_else(|| unusable(text))?;
    let outer = derive(passphrase, &salt, cost).ok_or_else(|| unusable(text))?;
    let key = decrypt(&outer, &place(lineage, opening), wrapped).map_err(|_| StateError::SealWrong)?;
    let mut fixed = Zeroizing::new([0; 32]);
    if key.len() != fixed.len() {
        return Err(unusable(text));
    }
    fixed.copy_from_slice(&key);
    Ok(fixed)
}

/// A kind of wrapping, or parameters of it, that this version does not handle.
fn unusable(text: &str) -> StateError {
    StateError::SealLocked { kind: Some(text.split('$').next().unwrap_or_default().to_owned()) }
}

fn parse(opening: &str) -> Option<(Cost, Vec<u8>)> {
    let mut parts = opening.split('$');
    let (kind, numbers, salt) = (parts.next()?, parts.next()?, parts.next()?);
    let mut numbers = numbers.split(',');
    let mut number = |name: &str| numbers.next()?.strip_prefix(name)?.strip_prefix('=')?.parse::<u32>().ok();
    let cost = Cost { memory: number("m")?, passes: number("t")?, lanes: number("p")? };
    let within = cost.memory <= LIMIT.memory && cost.passes <= LIMIT.passes && cost.lanes <= LIMIT.lanes;
    let salt = BASE64.decode(salt).ok()?;
    (kind == KIND && parts.next().is_none() && within).then_some((cost, salt))
}

fn derive(passphrase: &Secret<String>, salt: &[u8], cost: Cost) -> Option<Aes256Gcm> {
    let params = Params::new(cost.memory, cost.passes, cost.lanes, Some(32)).ok()?;
    let mut key = Zeroizing::new([0; 32]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(passphrase.reveal().as_bytes(), salt, &mut *key).ok()?;
    Some(Aes256Gcm::new((&*key).into()))
}

fn place(lineage: &str, opening: &str) -> Vec<u8> {
    format!("purlin data key\n{lineage}\n{opening}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost::NONE;

    fn opened(text: &str, lineage: &str, passphrase: &str) -> Result<[u8; 32], StateError> {
        unwrap(lineage, text, &passphrase.into()).map(|key| *key)
    }

    fn wrapped(cost: Cost) -> Result<SmolStr, StateError> {
        wrap("l1", &[7; 32], &"open sesame".into(), cost, &Random::seeded(1))
    }

    #[test]
    fn a_key_comes_back_with_its_passphrase_and_lineage_only() {
        let text = wrapped(CHEAP).expect("allowed parameters");
        assert_eq!(opened(&text, "l1", "open sesame").expect("the right passphrase"), [7; 32]);
        assert!(matches!(opened(&text, "l1", "open barley"), Err(StateError::SealWrong)));
        assert!(matches!(opened(&text, "l2", "open sesame"), Err(StateError::SealWrong)));
    }

    #[test]
    fn parameters_are_covered_by_the_tag() {
        let text = wrapped(CHEAP).expect("allowed parameters");
        for changed in [text.replace("t=1", "t=2"), text.replace("m=8", "m=9")] {
            assert!(matches!(opened(&changed, "l1", "open sesame"), Err(StateError::SealWrong)), "{changed}");
        }
    }

    #[test]
    fn what_this_version_cannot_open_is_named() {
        for (text, expected) in [
            ("aws-kms$key$wrapped", "aws-kms"),
            ("argon2id$m=99999999,t=1,p=1$c2FsdHNhbHQ$d3JhcHBlZA", "argon2id"),
            ("argon2id$m=8$c2FsdHNhbHQ$d3JhcHBlZA", "argon2id"),
            ("argon2id$m=8,t=1,p=1$!$d3JhcHBlZA", "argon2id"),
            ("nothing", "nothing"),
            ("", ""),
        ] {
            match opened(text, "l1", "open sesame") {
                Err(StateError::SealLocked { kind: Some(kind) }) => assert_eq!(kind, expected),
                other => panic!("{text:?}: {other:?}"),
            }
        }
        let impossible = Cost { memory: 1, passes: 0, lanes: 0 };
        assert!(matches!(wrapped(impossible), Err(StateError::SealLocked { kind: Some(_) })));
    }
}
