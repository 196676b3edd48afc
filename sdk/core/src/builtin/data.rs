//! [`Data`]: keeps a value in the state.
use std::time::Duration;

use super::{BUILTIN, Kept};
use crate::{
    Lifecycle, Map, Outputs, Resource, Value,
    driver::{Call, Failure, Recorded},
    provider::ProviderKind,
    schema::{Estimate, Facts, FindBy},
};

/// Keeps a value in the state, of any shape. Changing it is an update in place.
///
/// Use it to hold what several resources agree on, to carry a value from one run to the next, or to see what a change
/// does.
#[derive(Clone, Debug, Resource)]
#[resource("purlin:builtin:Data", outputs = DataOutputs)]
pub struct Data {
    /// The value: text, a number, a list, a map, or any output.
    pub value: Value,
    /// When this changes, a new object takes the place of the old one.
    #[field(replace)]
    pub triggers: Option<Value>,
}

/// The outputs of [`Data`].
#[derive(Clone, Debug, Outputs)]
pub struct DataOutputs {
    /// The value that is kept.
    #[output(volatile)]
    pub value: Value,
}

impl Lifecycle for Data {
    const PROVIDER: &'static dyn ProviderKind = &BUILTIN;
    const FIND: FindBy = FindBy::Nothing;
    const ESTIMATE: Estimate = Estimate::all(Duration::ZERO);

    fn predict(fields: &Map, _: &Facts<'_>) -> Map {
        let value = fields.get("value").cloned().unwrap_or_default();
        if value.is_known() { [("value".into(), value)].into() } else { Map::new() }
    }
}

impl Kept for Data {
    fn make(&self, _: &Call) -> Result<DataOutputs, Failure> {
        Ok(DataOutputs { value: self.value.clone() })
    }

    fn kept(object: &Recorded) -> Map {
        [("value".into(), object.fields.get("value").cloned().unwrap_or_default())].into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_is_certain_at_plan_when_the_value_is() {
        let predict = |value: Value| Data::predict(&[("value".into(), value)].into(), &Facts { provider: &Map::new() });
        assert_eq!(predict(Value::Int(3))["value"], Value::Int(3));
        assert!(predict(Value::List(vec![Value::fresh("vpc.id")])).is_empty());
    }
}
