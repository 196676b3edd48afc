//! Types that normalise: equal exactly when they mean the same, so that no resource has to write a diff.
//!
//! Each type here is [`Plain`](crate::Plain): it has one canonical value, and reads every spelling of it. None of them does I/O.
mod arn;
pub(crate) mod cidr;
pub mod duration;
pub mod policy;
mod size;
mod tags;

pub use arn::{Arn, ArnError};
pub use cidr::{Cidr, CidrError, Subnets};
pub use duration::{Days, UnitError};
pub use policy::{Effect, Policy, PolicyDraft, PolicyError, Principal, Statement, StatementDraft, Trust};
pub use size::Size;
pub use tags::{TagFault, Tags};

use crate::{Diagnostic, Error, SourceLine, codes};

/// Lets a program write `?` behind what can fail: the message names the line.
macro_rules! program_errors {
    ($($ty:ty),*) => {$(
        impl From<$ty> for Error {
            #[track_caller]
            fn from(error: $ty) -> Self {
                Diagnostic::new(codes::BAD_VALUE, error.to_string()).line(SourceLine::caller()).into()
            }
        }
    )*};
}
program_errors!(ArnError, CidrError, PolicyError, TagFault, UnitError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_mark_in_a_program_names_its_line() {
        fn program() -> crate::Result<()> {
            let _block: Cidr = "10.0.0.1/16".parse()?;
            Ok(())
        }
        let line = line!() - 3;
        let error = program().expect_err("bits behind the prefix");
        expect_test::expect![[r#"
            error[P0108]: "10.0.0.1/16" has bits set behind its prefix: the network is 10.0.0.0/16
              --> sdk/core/src/types/mod.rs:LINE"#]]
        .assert_eq(&error.to_string().replace(&format!("mod.rs:{line}"), "mod.rs:LINE"));
    }
}
