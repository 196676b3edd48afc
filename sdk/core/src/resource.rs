//! [`Resource`]: a Rust struct that is a resource type. `#[derive(Resource)]` implements it; [`Lifecycle`] is written by hand beside it.
use std::{marker::PhantomData, ops::Deref, time::Duration};

use smol_str::SmolStr;

use crate::{
    Expr, Map, NodeId, Output, Plain, Value,
    options::Options,
    plain::Mismatch,
    provider::ProviderKind,
    schema::{Actions, Estimate, Facts, FieldSpec, FindBy, Schema},
};

/// The name of the output that every resource has: its physical id.
pub const ID: SmolStr = SmolStr::new_static("id");

/// A resource type. The struct itself is its plain form, as drivers see it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a resource type",
    note = "a resource type is a struct with `#[derive(Resource)]` and `#[resource(\"provider:service:Name\", outputs = ..)]`"
)]
pub trait Resource: Sized + Send + Sync + 'static {
    /// Its outputs, as plain values: a struct with `#[derive(Outputs)]`.
    type Outputs: Outputs;

    /// The type as data.
    fn schema() -> &'static Schema;

    /// The fields as values; those that are none are left out.
    fn encode(&self) -> Map;

    /// Reads the fields.
    ///
    /// # Errors
    /// A field is missing or has another type.
    fn decode(fields: &Map) -> Result<Self, Mismatch>;
}

/// The outputs of a resource type, as plain values.
pub trait Outputs: Sized + Send + Sync + 'static {
    /// The same outputs as lazy expressions: what a [`Handle`] gives access to.
    type Attributes;

    /// The outputs of a node.
    fn attributes(node: NodeId) -> Self::Attributes;

    /// The outputs as data.
    fn specs() -> &'static [crate::schema::OutputSpec];

    /// The outputs as values.
    fn encode(&self) -> Map;
}

/// For types that have no outputs but their id.
impl Outputs for () {
    type Attributes = ();
    fn attributes(_: NodeId) {}
    fn specs() -> &'static [crate::schema::OutputSpec] {
        &[]
    }
    fn encode(&self) -> Map {
        Map::new()
    }
}

/// What a type's author says of it beside its fields. Everything but the provider has a careful default.
#[diagnostic::on_unimplemented(
    message = "the resource type `{Self}` has no provider",
    label = "needs an `impl Lifecycle`",
    note = "write beside it: `impl Lifecycle for {Self} {{ const PROVIDER: &'static dyn ProviderKind = &..; }}`"
)]
pub trait Lifecycle: Resource {
    /// The provider whose connection has the driver.
    const PROVIDER: &'static dyn ProviderKind;
    /// IAM actions of each verb.
    const ACTIONS: Actions = Actions::NONE;
    /// How an interrupted create is found.
    const FIND: FindBy = FindBy::Tag;
    /// How long a new object may stay unseen by reads.
    const SETTLE: Duration = Duration::ZERO;
    /// Typical durations.
    const ESTIMATE: Estimate = Estimate::all(Duration::from_secs(2));
    /// True when it keeps data that a delete destroys.
    const STATEFUL: bool = false;
    /// Objects that others make for it, and that may hold up its delete.
    const CHILDREN: &'static [&'static str] = &[];

    /// Outputs that are certain before the create, `id` among them where the physical id is a name. `fields` holds what is
    /// wanted, possibly with unknowns; an output is left out unless all it needs is known.
    fn predict(fields: &Map, facts: &Facts<'_>) -> Map {
        let _ = (fields, facts);
        Map::new()
    }
}

/// The type as data: what the derive read from the struct, and what its [`Lifecycle`] says. Called by the derive.
pub fn schema<R: Lifecycle>(
    name: &'static str,
    version: u32,
    doc: &'static str,
    fields: &'static [FieldSpec],
) -> Schema {
    Schema {
        name,
        version,
        doc,
        fields,
        outputs: R::Outputs::specs(),
        provider: R::PROVIDER,
        actions: R::ACTIONS,
        find: R::FIND,
        settle: R::SETTLE,
        estimate: R::ESTIMATE,
        stateful: R::STATEFUL,
        children: R::CHILDREN,
        predict: R::predict,
    }
}

/// The name of a field of `R`, checked by the compiler: `Bucket::TAGS`.
pub struct Field<R> {
    name: &'static str,
    resource: PhantomData<fn() -> R>,
}

impl<R> Field<R> {
    /// Called by the derive.
    pub const fn new(name: &'static str) -> Self {
        Self { name, resource: PhantomData }
    }

    /// The name.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

/// The physical id of an object of type `R`, as drivers see it. In programs, references are made with `&handle`.
pub struct Ref<R> {
    id: SmolStr,
    resource: PhantomData<fn() -> R>,
}

impl<R: Resource> Ref<R> {
    /// A reference to an object by its id: for drivers and tests. A program uses `stack.existing`.
    pub fn from_id(id: impl Into<SmolStr>) -> Self {
        Self { id: id.into(), resource: PhantomData }
    }

    /// The physical id.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl<R> Clone for Ref<R> {
    fn clone(&self) -> Self {
        Self { id: self.id.clone(), resource: PhantomData }
    }
}

impl<R> PartialEq for Ref<R> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<R> Eq for Ref<R> {}

impl<R: Resource> std::fmt::Debug for Ref<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.id)
    }
}

impl<R: Resource> Plain for Ref<R> {
    fn encode(&self) -> Value {
        Value::Str(self.id.clone())
    }
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        SmolStr::decode(value)
            .map(|id| Self { id, resource: PhantomData })
            .map_err(|_| Mismatch::new(format!("the id of a {}", R::schema().name), value))
    }
}

/// A resource in a program: refer to it with `&handle`, read its outputs as fields.
pub struct Handle<R: Resource> {
    node: NodeId,
    attributes: <R::Outputs as Outputs>::Attributes,
}

impl<R: Resource> Handle<R> {
    /// The handle of a node. The caller says that the node is an `R`.
    pub(crate) fn new(node: NodeId) -> Self {
        Self { node, attributes: R::Outputs::attributes(node) }
    }

    /// The node in the graph.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// The physical id.
    pub fn id(&self) -> Output<Ref<R>> {
        Output::from_expr(Expr::Attr(self.node, ID))
    }
}

impl<R: Resource> Clone for Handle<R> {
    fn clone(&self) -> Self {
        Self::new(self.node)
    }
}

impl<R: Resource> Deref for Handle<R> {
    type Target = <R::Outputs as Outputs>::Attributes;
    fn deref(&self) -> &Self::Target {
        &self.attributes
    }
}

/// What the setters of a resource's arguments fill in. Wrapped by the type that the derive writes.
pub struct Inputs<R> {
    pub(crate) fields: Vec<(u16, Expr)>,
    pub(crate) options: Option<Box<Options>>,
    resource: PhantomData<fn() -> R>,
}

impl<R> Default for Inputs<R> {
    fn default() -> Self {
        Self { fields: Vec::new(), options: None, resource: PhantomData }
    }
}

impl<R> Clone for Inputs<R> {
    fn clone(&self) -> Self {
        Self { fields: self.fields.clone(), options: self.options.clone(), resource: PhantomData }
    }
}

impl<R: Resource> Inputs<R> {
    /// Sets the field at a position of the schema; setting it again replaces it. Kept in the order of the schema.
    pub fn set(&mut self, field: u16, expr: Expr) {
        match self.fields.binary_search_by_key(&field, |(i, _)| *i) {
            Ok(at) => self.fields[at].1 = expr,
            Err(at) => self.fields.insert(at, (field, expr)),
        }
    }

    /// The options.
    pub fn options_mut(&mut self) -> &mut Options {
        self.options.get_or_insert_default()
    }
}
