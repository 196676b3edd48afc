//! Everything that most programs use: `use purlin::prelude::*;`.
pub use std::process::ExitCode;

pub use purlin_core::{
    Component, Configure, Diagnostic, Handle, IntoInput, Lifecycle, Object, Output, Outputs, Plain, Ref, Resource,
    Result, Secret, Settings, Stack, Value,
    builtin::{Data, Password, RandomId},
    fmt, list, object,
    options::{ReplaceOrder, Timeouts},
    tags,
    types::{Arn, Cidr, Days, Effect, Policy, Size, Statement, Tags, Trust},
};
