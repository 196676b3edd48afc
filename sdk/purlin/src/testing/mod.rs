//! Testing a program: plan it in a unit test, with no cloud and no driver, and look at the plan.
//!
//! Providers are stood in for: they know who they are ([`Test::facts`]), answer lookups from data ([`Test::answer`]),
//! and read back whatever was recorded. So a test of a whole stack takes milliseconds and needs no network.
//!
//! ```
//! use purlin::{prelude::*, testing};
//!
//! fn program(stack: &mut Stack) -> Result<()> {
//!     let id = stack.add("id", RandomId::new());
//!     stack.add("name", Data::new(id.value.untyped()));
//!     Ok(())
//! }
//!
//! let plan = testing::plan(program).run()?;
//! assert_eq!(plan.resource("name").needs(), ["id"]);
//! assert_eq!(plan.resource("name").field("value").display(), "${id.value}");
//!
//! // A second plan starts from what the first one would have made.
//! let again = testing::plan(program).state(plan.applied()?).run()?;
//! assert!(again.is_empty(), "{}", again.tree());
//! # Ok::<(), purlin::core::Error>(())
//! ```
mod fake;
mod plan;
mod resource;

pub use plan::{Test, TestPlan, plan};
pub use resource::Planned;
