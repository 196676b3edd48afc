//! Where secrets stand in records and states, and the walks that seal and open them there.
use purlin_core::{Map, Value};

use super::{DoesNotOpen, Sealer};
use crate::{
    StateError,
    fold::Misfit,
    model::{Key, State},
    record::Body,
};

/// Deeper values are refused: with the record around them, they would pass the limit of the JSON reader (128).
const DEPTH: usize = 100;

/// A map of values that a record or a state holds.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// The fields of an object, as an intent wants them or as they are. A secret goes from one to the other as it is.
    Fields(&'a Key),
    Outputs(&'a Key),
    Exports,
}

impl Place<'_> {
    fn name(self) -> String {
        match self {
            Self::Fields(key) | Self::Outputs(key) => key.to_string(),
            Self::Exports => "exports".to_owned(),
        }
    }
}

/// The path of a value as bytes that are never those of another path: every piece comes after its length.
struct Path(Vec<u8>);

impl Path {
    fn new(lineage: &str, place: Place<'_>, field: &str) -> Self {
        let mut path = Self(Vec::with_capacity(128));
        path.push("purlin secret");
        path.push(lineage);
        let (kind, key) = match place {
            Place::Fields(key) => ("fields", Some(key)),
            Place::Outputs(key) => ("outputs", Some(key)),
            Place::Exports => ("exports", None),
        };
        path.push(kind);
        if let Some(key) = key {
            path.push(&key.address.path);
            path.push(&key.address.ty);
            path.push(&key.generation.to_string());
        }
        path.push(field);
        path
    }

    fn push(&mut self, piece: &str) {
        self.0.extend_from_slice(&(piece.len() as u64).to_le_bytes());
        self.0.extend_from_slice(piece.as_bytes());
    }

    /// Does something one step deeper.
    fn within<T>(&mut self, piece: &str, f: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.0.len();
        self.push(piece);
        let done = f(self);
        self.0.truncate(length);
        done
    }
}

fn maps_of_body<E>(body: &mut Body, f: &mut impl FnMut(Place<'_>, &mut Map) -> Result<(), E>) -> Result<(), E> {
    match body {
        Body::Intent(intent) => f(Place::Fields(&intent.key), &mut intent.wanted),
        Body::Put { object, .. } => {
            f(Place::Fields(&object.key), &mut object.fields)?;
            f(Place::Outputs(&object.key), &mut object.outputs)
        }
        Body::Exports { values } => f(Place::Exports, values),
        Body::Made { .. }
        | Body::Begin { .. }
        | Body::Seal { .. }
        | Body::Gone { .. }
        | Body::Failed { .. }
        | Body::Moved { .. }
        | Body::End { .. } => Ok(()),
    }
}

fn maps_of_state<E>(state: &mut State, f: &mut impl FnMut(Place<'_>, &mut Map) -> Result<(), E>) -> Result<(), E> {
    for object in state.objects.values_mut() {
        f(Place::Fields(&object.key), &mut object.fields)?;
        f(Place::Outputs(&object.key), &mut object.outputs)?;
    }
    for intent in state.intents.values_mut() {
        f(Place::Fields(&intent.key), &mut intent.wanted)?;
    }
    f(Place::Exports, &mut state.exports)
}

/// What a record holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// A secret in plain.
    pub(crate) secret: bool,
    /// A sealed one.
    pub(crate) sealed: bool,
}

/// Looks at every value of a record.
///
/// # Errors
/// [`Misfit::TooDeep`]
pub(crate) fn survey(body: &mut Body) -> Result<Findings, Misfit> {
    fn look(value: &Value, depth: usize, findings: &mut Findings) -> bool {
        if depth == 0 {
            return false;
        }
        match value {
            Value::Secret(inner) => {
                findings.secret = true;
                look(inner, depth - 1, findings)
            }
            Value::Sealed(_) => {
                findings.sealed = true;
                true
            }
            Value::List(items) => items.iter().all(|item| look(item, depth - 1, findings)),
            Value::Map(map) => map.values().all(|item| look(item, depth - 1, findings)),
            _ => true,
        }
    }
    let mut findings = Findings::default();
    maps_of_body(body, &mut |place, map| {
        let shallow = map.values().all(|value| look(value, DEPTH, &mut findings));
        if shallow { Ok(()) } else { Err(Misfit::TooDeep { place: place.name(), limit: DEPTH }) }
    })?;
    Ok(findings)
}

/// The error for a record that brings a sealed text of its own.
pub(crate) fn sealed_already(body: &mut Body) -> Misfit {
    let mut found = String::new();
    let _: Result<(), ()> = maps_of_body(body, &mut |place, _| {
        found = place.name();
        Err(())
    });
    Misfit::Sealed { place: found }
}

/// Seals every secret of a map in place, and gives the plain ones in their order.
fn seal_map(sealer: &Sealer, place: Place<'_>, map: &mut Map, plain: &mut Vec<Value>) -> Result<(), StateError> {
    for (field, value) in map {
        if value.has_secret() {
            let mut path = Path::new(sealer.lineage(), place, field);
            seal_value(sealer, &mut path, value, plain)?;
        }
    }
    Ok(())
}

fn seal_value(sealer: &Sealer, path: &mut Path, value: &mut Value, plain: &mut Vec<Value>) -> Result<(), StateError> {
    match value {
        Value::Secret(inner) => {
            let text = if inner.has_secret() {
                // A secret within a secret is sealed first, so that it is one again when the outer one is opened.
                let mut inner = inner.clone();
                path.within("secret", |path| seal_value(sealer, path, &mut inner, &mut Vec::new()))?;
                sealer.seal(&path.0, &inner)?
            } else {
                sealer.seal(&path.0, inner)?
            };
            plain.push(std::mem::replace(value, Value::Sealed(text)));
            Ok(())
        }
        Value::List(items) => {
            let mut each = items.iter_mut().enumerate();
            each.try_for_each(|(i, item)| path.within(&i.to_string(), |path| seal_value(sealer, path, item, plain)))
        }
        Value::Map(map) => {
            let mut each = map.iter_mut();
            each.try_for_each(|(key, item)| path.within(key, |path| seal_value(sealer, path, item, plain)))
        }
        _ => Ok(()),
    }
}

/// Puts the plain secrets back, in the order in which they were sealed.
fn restore_value(value: &mut Value, plain: &mut impl Iterator<Item = Value>) {
    match value {
        Value::Sealed(_) => {
            if let Some(secret) = plain.next() {
                *value = secret;
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| restore_value(item, plain)),
        Value::Map(map) => map.values_mut().for_each(|item| restore_value(item, plain)),
        _ => {}
    }
}

fn restore_map(map: &mut Map, plain: &mut impl Iterator<Item = Value>) {
    map.values_mut().for_each(|value| restore_value(value, plain));
}

/// Secrets that were sealed in place, to be put back.
#[must_use]
pub(crate) struct Plain(Vec<Value>);

impl Plain {
    /// Puts them back into the record that they were taken from.
    pub(crate) fn restore(self, body: &mut Body) {
        if self.0.is_empty() {
            return;
        }
        let mut plain = self.0.into_iter();
        let done: Result<(), std::convert::Infallible> = maps_of_body(body, &mut |_, map| {
            restore_map(map, &mut plain);
            Ok(())
        });
        match done {
            Ok(()) => {}
        }
    }
}

/// Seals every secret of a record in place. The record must hold no sealed value before.
pub(crate) fn seal_body(sealer: &Sealer, body: &mut Body) -> Result<Plain, StateError> {
    let mut plain = Vec::new();
    maps_of_body(body, &mut |place, map| seal_map(sealer, place, map, &mut plain))?;
    Ok(Plain(plain))
}

/// Does something with the state while its secrets are sealed. It must hold no sealed value before.
pub(crate) fn with_sealed_state<T>(
    sealer: &Sealer,
    state: &mut State,
    f: impl FnOnce(&State) -> T,
) -> Result<T, StateError> {
    let mut plain = Vec::new();
    let sealed = maps_of_state(state, &mut |place, map| seal_map(sealer, place, map, &mut plain));
    let done = sealed.map(|()| f(state));
    // Also after an error: those that were sealed before it stand first.
    if !plain.is_empty() {
        let mut plain = plain.into_iter();
        let _: Result<(), std::convert::Infallible> = maps_of_state(state, &mut |_, map| {
            restore_map(map, &mut plain);
            Ok(())
        });
    }
    done
}

/// Opens every sealed value of a record; does nothing while the sealer is not open.
///
/// # Errors
/// The field that does not open.
pub(crate) fn open_body(sealer: &Sealer, body: &mut Body) -> Result<(), String> {
    if !sealer.is_open() {
        return Ok(());
    }
    maps_of_body(body, &mut |place, map| open_map(sealer, place, map))
}

/// Opens every sealed value of a state; does nothing while the sealer is not open.
///
/// # Errors
/// The field that does not open.
pub(crate) fn open_state(sealer: &Sealer, state: &mut State) -> Result<(), String> {
    if !sealer.is_open() {
        return Ok(());
    }
    maps_of_state(state, &mut |place, map| open_map(sealer, place, map))
}

fn open_map(sealer: &Sealer, place: Place<'_>, map: &mut Map) -> Result<(), String> {
    for (field, value) in map {
        if value.has_secret() {
            let mut path = Path::new(sealer.lineage(), place, field);
            open_value(sealer, &mut path, value).map_err(|DoesNotOpen| {
                format!("the secret `{field}` of {} does not open in its place", place.name())
            })?;
        }
    }
    Ok(())
}

fn open_value(sealer: &Sealer, path: &mut Path, value: &mut Value) -> Result<(), DoesNotOpen> {
    match value {
        Value::Sealed(text) => {
            let mut inner = sealer.unseal(&path.0, text)?;
            path.within("secret", |path| open_value(sealer, path, &mut inner))?;
            *value = Value::Secret(Box::new(inner));
            Ok(())
        }
        Value::List(items) => {
            let mut each = items.iter_mut().enumerate();
            each.try_for_each(|(i, item)| path.within(&i.to_string(), |path| open_value(sealer, path, item)))
        }
        Value::Map(map) => {
            let mut each = map.iter_mut();
            each.try_for_each(|(key, item)| path.within(key, |path| open_value(sealer, path, item)))
        }
        _ => Ok(()),
    }
}
