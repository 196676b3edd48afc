//! Secrets in a state: sealed one by one, so that everything else stays readable without a passphrase.
//!
//! 1. A stack has one *data key*, 256 random bits, drawn when its first secret is stored.
//! 2. The data key is kept *wrapped*: encrypted with a key that argon2id makes from the passphrase. The text of it
//!    names the parameters: `argon2id$m=65536,t=3,p=4$<salt>$<nonce and wrapped key>`. Nothing is derived while a state
//!    has no secret.
//! 3. Each secret is sealed with AES-256-GCM under the data key and a random nonce: base64 of nonce, ciphertext and
//!    tag. The tag also covers the stack's lineage, the object's key and the field's path, so that a sealed text opens
//!    only where it was put.
//!
//! Random nonces of 96 bits are safe for 2³² secrets under one key; a snapshot seals each secret anew.
//! What it does not do: hide how long a secret is, or that it was changed.
mod places;
mod wrap;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use aes_gcm::{
    Aes256Gcm, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD as BASE64};
pub(crate) use places::{open_body, open_state, seal_body, sealed_already, survey, with_sealed_state};
use purlin_core::{Secret, SmolStr, Value};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::StateError;

/// What opens the secrets of a state.
#[derive(Clone, Default)]
pub struct Unseal {
    /// The passphrase. Without one, a state without secrets works as ever, and the secrets of another stay sealed.
    pub passphrase: Option<Secret<String>>,
    /// Where nonces, salts and keys come from.
    pub random: Random,
    /// How much work a guess of the passphrase shall be. For a new data key only: an old one has its own in its text.
    pub cost: Cost,
}

impl Unseal {
    /// Nothing to open secrets with.
    pub fn none() -> Self {
        Self::default()
    }

    /// A passphrase, the system's randomness and the usual cost.
    pub fn with(passphrase: Secret<String>) -> Self {
        Self { passphrase: Some(passphrase), ..Self::default() }
    }
}

type Fill = dyn Fn(&mut [u8]) -> io::Result<()> + Send + Sync;

/// A source of random bytes.
#[derive(Clone)]
pub struct Random(Arc<Fill>);

impl Default for Random {
    fn default() -> Self {
        Self::system()
    }
}

impl Random {
    /// The operating system's.
    pub fn system() -> Self {
        Self::from_fn(|bytes| getrandom::fill(bytes).map_err(|e| io::Error::other(e.to_string())))
    }

    /// A source of one's own. It fills all of the slice or fails.
    pub fn from_fn(fill: impl Fn(&mut [u8]) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }

    /// Bytes that follow from a seed: for tests only, since whoever knows the seed knows the keys.
    pub fn seeded(seed: u64) -> Self {
        let drawn = AtomicU64::new(0);
        Self::from_fn(move |bytes| {
            for chunk in bytes.chunks_mut(32) {
                let n = drawn.fetch_add(1, Ordering::Relaxed);
                let block = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(n.to_le_bytes()).finalize();
                chunk.copy_from_slice(&block[..chunk.len()]);
            }
            Ok(())
        })
    }

    fn draw<const N: usize>(&self) -> Result<Zeroizing<[u8; N]>, StateError> {
        let mut bytes = Zeroizing::new([0; N]);
        (self.0)(&mut *bytes).map_err(StateError::io("draw random bytes"))?;
        Ok(bytes)
    }
}

/// The work of argon2id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB; at least 8 for each lane.
    pub memory: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// The second recommended choice of RFC 9106, section 4: 64 MiB, 3 passes, 4 lanes. About a tenth of a second.
    pub const STRONG: Self = Self { memory: 64 * 1024, passes: 3, lanes: 4 };
    /// No work at all: for tests only.
    pub const NONE: Self = Self { memory: 8, passes: 1, lanes: 1 };
}

impl Default for Cost {
    fn default() -> Self {
        Self::STRONG
    }
}

/// Seals and opens. Open once it has the data key.
#[derive(Clone)]
pub(crate) struct Sealer {
    unseal: Unseal,
    opened: Option<Opened>,
}

#[derive(Clone)]
struct Opened {
    lineage: SmolStr,
    /// The wrapped key's text, as the state has it.
    text: SmolStr,
    cipher: Aes256Gcm,
}

/// A sealed text does not open in its place.
pub(crate) struct DoesNotOpen;

impl Sealer {
    pub(crate) fn new(unseal: Unseal) -> Self {
        Self { unseal, opened: None }
    }

    /// True once secrets can be sealed and opened.
    pub(crate) fn is_open(&self) -> bool {
        self.opened.is_some()
    }

    /// Unwraps a state's data key, if there is a passphrase. The same key is unwrapped once.
    pub(crate) fn open(&mut self, lineage: &SmolStr, text: &SmolStr) -> Result<(), StateError> {
        if self.opened.as_ref().is_some_and(|o| o.text == *text && o.lineage == *lineage) {
            return Ok(());
        }
        self.opened = None;
        let Some(passphrase) = &self.unseal.passphrase else { return Ok(()) };
        let key = wrap::unwrap(lineage, text, passphrase)?;
        self.adopt(lineage, text, &key);
        Ok(())
    }

    /// Draws a data key and gives the text of it, wrapped.
    pub(crate) fn make(&mut self, lineage: &SmolStr) -> Result<SmolStr, StateError> {
        let passphrase = self.unseal.passphrase.as_ref().ok_or(StateError::SealLocked { kind: None })?;
        let key = self.unseal.random.draw::<32>()?;
        let text = wrap::wrap(lineage, &key, passphrase, self.unseal.cost, &self.unseal.random)?;
        self.adopt(lineage, &text, &key);
        Ok(text)
    }

    fn adopt(&mut self, lineage: &SmolStr, text: &SmolStr, key: &[u8; 32]) {
        let cipher = Aes256Gcm::new(key.into());
        self.opened = Some(Opened { lineage: lineage.clone(), text: text.clone(), cipher });
    }

    fn lineage(&self) -> &str {
        self.opened.as_ref().map_or("", |o| &o.lineage)
    }

    /// Seals a value that has no secret inside any more.
    fn seal(&self, place: &[u8], value: &Value) -> Result<SmolStr, StateError> {
        let opened = self.opened.as_ref().ok_or(StateError::SealLocked { kind: None })?;
        let json = |e: serde_json::Error| StateError::Io { what: "seal a secret".into(), source: e.into() };
        let plain = Zeroizing::new(serde_json::to_vec(value).map_err(json)?);
        encrypt(&opened.cipher, place, &plain, &self.unseal.random)
    }

    fn unseal(&self, place: &[u8], text: &str) -> Result<Value, DoesNotOpen> {
        let opened = self.opened.as_ref().ok_or(DoesNotOpen)?;
        let plain = decrypt(&opened.cipher, place, text)?;
        serde_json::from_slice(&plain).map_err(|_| DoesNotOpen)
    }
}

/// Base64 of nonce, ciphertext and tag.
fn encrypt(cipher: &Aes256Gcm, place: &[u8], plain: &[u8], random: &Random) -> Result<SmolStr, StateError> {
    let nonce = random.draw::<12>()?;
    let sealed = cipher
        .encrypt(&Nonce::from(*nonce), Payload { msg: plain, aad: place })
        .map_err(|e| StateError::Io { what: "seal a secret".into(), source: io::Error::other(e.to_string()) })?;
    Ok(BASE64.encode([nonce.as_slice(), &sealed].concat()).into())
}

fn decrypt(cipher: &Aes256Gcm, place: &[u8], text: &str) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
    let bytes = BASE64.decode(text).map_err(|_| DoesNotOpen)?;
    let (nonce, sealed) = bytes.split_first_chunk::<12>().ok_or(DoesNotOpen)?;
    let plain = cipher.decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: place }).map_err(|_| DoesNotOpen)?;
    Ok(Zeroizing::new(plain))
}
