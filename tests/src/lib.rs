//! The lab: real counterparts for Purlin's tests, installed, started, watched and made to fail on loopback.
//!
//! Tests here speak real protocols to programs that others wrote. Nothing is a mock: what answers is moto (for AWS), with
//! a judge in front that refuses what AWS's own service models do not allow. Never a real cloud account. The lab knows
//! nothing of Purlin, but for [`harness`]: what every resource type is put through.
//!
//! ```no_run
//! use purlin_tests::{AwsAccount, Fault, Rule};
//! use serde_json::json;
//!
//! let aws = AwsAccount::fresh()?;                          // one moto a process, one account a test
//! let environment = aws.env();                             // AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, ... for the tested program
//! aws.inject(Rule::on("ec2", "CreateVpc", Fault::LoseResponse))?;
//! // ... run the tested program ...
//! assert_eq!(aws.inventory()?.count("ec2:Vpc"), 1);        // what exists, from moto's own memory
//! for call in aws.calls()? {                               // what was asked, by AWS's own names
//!     println!("{}:{}", call.service, call.operation);
//! }
//! aws.call("ec2", "CreateVpc", json!({"CidrBlock": "10.9.0.0/16"}))?;   // a change behind the program's back
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Reading order: [`counterpart`] (what can be started), [`counterpart::moto`] (the only one so far), then the three
//! things any counterpart is made of: [`cache`] (installed once), [`python`] (how, for Python packages) and
//! [`process`] (started, and gone with whoever started it); then [`harness`]. By hand: `cargo run -p purlin-tests --bin lab -- --help`.
#![forbid(unsafe_code)]

pub mod cache;
pub mod counterpart;
pub mod harness;
pub mod process;
pub mod python;
mod say;

pub use counterpart::moto::{AwsAccount, Call, Fault, Inventory, Moto, Rule, Thing};
pub use harness::{actions::actions, verbs};
