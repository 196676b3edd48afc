//! Codes of diagnostics: stable, each with a page that `explain CODE` shows.
//!
//! `P01xx` the program, `P02xx` settings, `P03xx` planning, `P04xx` applying, `P05xx` state, `P06xx` providers and drivers,
//! `P07xx` the command line.
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

impl Code {
    /// The code as text: `P0101`.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The page of this code.
    pub fn page(self) -> Option<&'static Page> {
        PAGES.iter().find(|p| p.code == self)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        find(&text).map(|p| p.code).ok_or_else(|| de::Error::custom(format!("{text} is not a code this version knows")))
    }
}

/// What a code means.
#[derive(Debug)]
pub struct Page {
    /// The code.
    pub code: Code,
    /// One line.
    pub title: &'static str,
    /// Why it happens and what to do.
    pub text: &'static str,
}

/// The page of a code given as text, in any case.
pub fn find(code: &str) -> Option<&'static Page> {
    PAGES.iter().find(|p| p.code.0.eq_ignore_ascii_case(code))
}

macro_rules! pages {
    ($($name:ident $code:literal $title:literal $text:literal)*) => {
        $(#[doc = $title] pub const $name: Code = Code($code);)*
        /// Every code, in order.
        pub static PAGES: &[Page] = &[$(Page { code: Code($code), title: $title, text: $text }),*];
    };
}

pages! {
    DUPLICATE_NAME "P0101" "Two things of one name in one scope."
        "A resource's path is its identity in the state, so a name is unique in its scope, whatever the type. In a loop, put what differs into the name: `format!(\"private-{}\", zone.suffix())`."
    BAD_NAME "P0102" "A name has characters that a path cannot hold."
        "Names are made of letters, digits, `-`, `_` and `.`, at most 128 of them. `/` separates components."
    TOKEN_LOST "P0103" "A token was issued but no resource holds it."
        "`output.token()` gives a sentinel text for types that hold plain strings. It must reach a field as it is: a token that is hashed, base64-encoded or cut cannot be turned back into its output. Use `Output::base64`, `Output::map` or `fmt!` for such changes."
    TOKEN_CHANGED "P0104" "A token was changed on its way."
        "A field holds something that looks like a token and is none. Its letters must not be changed: no change of case, no trimming, no escaping."
    BAD_LOOKUP "P0105" "A lookup's question or answer cannot be read."
        "Answers are recorded in plans and given as data in tests; one of another shape was made for another version of the lookup."
    PROGRAM_FAILED "P0106" "The program stopped with an error."
        "The function that describes the stack returned an error, or panicked. Nothing was changed."
    CYCLE "P0107" "Resources need each other in a circle."
        "The message shows the shortest circle with the field that makes each edge. Take one reference out: often a rule or a policy of its own resource type breaks the circle."
    BAD_VALUE "P0108" "A value of the program is not valid."
        "A text of the program is not what it stands for (an ARN, a CIDR block, a size), or a value has no such part. The message says what is wrong with it."
    SETTING_UNKNOWN "P0201" "A setting that the program does not have."
        "Settings are the fields of the struct with `#[derive(Settings)]`. The message names the nearest one."
    SETTING_MISSING "P0202" "A setting without a default was not given."
        "Put it into `purlin.<stack>.toml`, pass `--set key=value`, or set the environment variable that the message names."
    SETTING_TYPE "P0203" "A setting has another type than the program needs."
        "The message names the place, what is needed and what was found."
    SETTING_SYNTAX "P0204" "The settings file is not TOML."
        "The message names file, line and column. See https://toml.io."
    FIELD_VALUE "P0301" "A field's value cannot be computed."
        "A closure of the program failed, or a value has another shape than the field needs."
    PROTECTED "P0302" "The plan would delete or replace a protected resource."
        "Protection is kept in the state, so it holds even when the code is gone. Set `.protect(false)`, apply, then delete; or use `state remove` to forget the object."
    PLAN_CHANGED "P0303" "What would be done now is not what was approved."
        "A saved plan is applied only when what would be done now is the same or less. The message shows the difference. Make a new plan and review it."
    PLAN_FOREIGN "P0304" "The plan file belongs to another stack, account, program or state."
        "A plan is bound to the lineage and serial of its state, to its program and settings, and to its providers' accounts. Make a new plan here."
    PLAN_UNREADABLE "P0305" "The plan file cannot be read."
        "It is damaged or was written by a newer version. Make a new plan."
    LIMIT "P0306" "The plan deletes or replaces more than it may."
        "`--max-delete` and `--max-replace` bound what one run may destroy. Review the plan, then raise the limit."
    TARGET_UNSAFE "P0307" "The selection would break a resource outside of it."
        "A change of a selected resource affects another one that is not selected. Add it to the selection, as the message says."
    TARGET_UNKNOWN "P0308" "The selection names nothing."
        "`--target` and `--exclude` take paths as the plan shows them; a component's path selects all below it."
    LOOKUP_FAILED "P0309" "A lookup failed."
        "The provider could not answer. Nothing was changed."
    NOT_FOUND "P0310" "An object that the program refers to does not exist."
        "`existing` and `adopt` need an object that is there. Check the id, the account and the region."
    FOREIGN_OWNER "P0311" "The object belongs to another stack."
        "Its ownership tags name another stack, so it is neither adopted nor deleted. Remove it there first (`state remove`), or refer to it with `existing`."
    MOVE_AMBIGUOUS "P0312" "A move fits more than one resource."
        "Say which one is meant with `.formerly(\"old/path\")`, or with `state move OLD NEW`."
    STEP_FAILED "P0401" "An operation failed."
        "The message names the call, its request id and what exists now. What depends on it was held back; everything else went on. Mend the cause and apply again: it goes on from here."
    IN_DOUBT "P0402" "An operation's outcome is not known."
        "The answer of a call was lost, and the search for what it made found something that may or may not be ours. Nothing was made twice. The message says how to decide."
    CANCELLED "P0403" "The run was cancelled."
        "Nothing is lost: what was under way is in the state, and the next run goes on from there."
    TIMED_OUT "P0404" "An operation took longer than it may."
        "The object exists and is in the state; the next run goes on waiting. Raise the limit with `.timeouts(..)` if it needs more."
    OUTSIDE_PLAN "P0405" "An operation would leave the approved plan."
        "A value that was unknown at plan asks for more than was approved, such as a replacement. The run stopped before that step."
    STATE_DAMAGED "P0501" "The state is damaged."
        "The message says which record and which byte. `state verify` checks the whole chain. Nothing was changed."
    STATE_NEWER "P0502" "The state was written by a newer version of Purlin."
        "Update the `purlin` crate of this program. An older version never writes into a newer state."
    STATE_LOCKED "P0503" "Another run holds the state."
        "The message names who, where and since when. A lock of a dead process is free at once: no command is needed to clear it."
    STATE_UNREADABLE "P0504" "The state cannot be read or written."
        "The file system refused. The message has its reason."
    SEAL_LOCKED "P0505" "The state's secrets are sealed, and the key to them is not here."
        "Set `PURLIN_PASSPHRASE` (or `PURLIN_PASSPHRASE_FILE`) to the passphrase that the stack was made with."
    SEAL_WRONG "P0506" "The passphrase does not open the state's secrets."
        "It is not the passphrase that the stack was made with. Nothing was changed."
    STATE_ABSENT "P0507" "There is no such thing in the state."
        "`state list` shows what is there."
    STATE_MISFIT "P0508" "A change does not fit the state."
        "Such as a move to an address that is taken, or the end of an operation that was not begun. The message says which rule is broken. Nothing was written."
    NO_CREDENTIALS "P0601" "No usable credentials."
        "The provider found no credentials, or they have expired. The message names where it looked."
    WRONG_ACCOUNT "P0602" "The credentials are for another account or region than the state."
        "A resource belongs to the account that it was made in; with other credentials it would seem to be gone. Nothing was changed."
    UNREACHABLE "P0603" "The provider's endpoint cannot be reached."
        "Check the network, the region and, with an endpoint of your own, its address."
    DRIVER_MISSING "P0604" "This program has no driver for a type that its state holds."
        "Add the crate (and its Cargo feature) that has the type, or register its provider with `Program::provider`."
    DENIED "P0605" "The identity lacks a permission."
        "`permissions` prints the least policy that plan, apply and destroy of this stack need."
    READ_FAILED "P0606" "The live state could not be read."
        "The plan would be a guess. Mend the cause, or plan from the state alone with `--refresh none`."
    USAGE "P0701" "The command line is not understood."
        "`--help` shows what there is."
    UNKNOWN_STACK "P0702" "There is no such stack."
        "A stack is named with `--stack`; its settings are in `purlin.<stack>.toml`."
    NEEDS_APPROVAL "P0703" "Nobody is there to approve the plan."
        "Standard input is not a terminal. Review a saved plan and `apply` it by name, or pass `--yes`."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(PAGES.windows(2).all(|w| w[0].code < w[1].code));
    }

    #[test]
    fn a_code_is_found_in_any_case() {
        assert_eq!(find("p0101").map(|p| p.code), Some(DUPLICATE_NAME));
        assert!(find("P9999").is_none());
    }
}
