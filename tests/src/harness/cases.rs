//! [`Cases`]: what a test says about a type: what it stands on, its fields, and the changes that it goes through.
use std::sync::Arc;

use purlin_core::{
    Component, Configure, Handle, Resource, Schema, Stack,
    lookup::Answers,
    provider::{ProviderConfig, ProviderKind},
    resource::Field,
    stack::{self, Built},
};
use purlin_engine::Program;

use crate::AwsAccount;

/// The name of the object in the program.
pub(super) const NAME: &str = "it";

/// What a test says about a type. `P` is what the object stands on, `A` the arguments of the type.
pub struct Cases<P, A> {
    needs: Arc<dyn Fn(&mut Stack) -> P + Send + Sync>,
    args: Arc<dyn Fn(&P) -> A + Send + Sync>,
    edits: Vec<Edit<P, A>>,
    spec: Spec,
}

type Edit<P, A> = Arc<dyn Fn(A, &P) -> A + Send + Sync>;
type Build = Arc<dyn Fn(&mut Stack, Option<&[usize]>) + Send + Sync>;

/// A type with its cases, whatever its arguments are.
pub trait Subject {
    /// The cases as the harness sees them.
    fn spec(&self) -> &Spec;
}

/// The cases of a type, without the types of its arguments.
#[derive(Clone)]
pub struct Spec {
    pub(super) schema: &'static Schema,
    pub(super) provider: Arc<dyn Fn(&AwsAccount) -> ProviderConfig + Send + Sync>,
    pub(super) build: Build,
    pub(super) changes: Vec<Change>,
    pub(super) unseen: Vec<(&'static str, &'static str)>,
    pub(super) recorded: Vec<(&'static str, &'static str)>,
    pub(super) fill: Option<Arc<Fill>>,
}

/// Puts something into an object, by its id.
pub(super) type Fill = dyn Fn(&AwsAccount, &str) + Send + Sync;

/// A change of one or a few fields.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) fields: Vec<&'static str>,
    pub(super) replaces: bool,
}

impl Change {
    /// `update tags`
    pub(super) fn name(&self) -> String {
        format!("{} {}", if self.replaces { "replace" } else { "update" }, self.fields.join(" and "))
    }
}

impl<P, A> Cases<P, A>
where
    P: 'static,
    A: Component<Handle = Handle<A::Resource>> + Configure + 'static,
{
    /// The cases of the type of `args`.
    ///
    /// `provider` says how its provider works in an account; `needs` adds what the object stands on, and is not watched;
    /// `args` are the arguments that it begins with.
    pub fn new(
        provider: impl Fn(&AwsAccount) -> ProviderConfig + Send + Sync + 'static,
        needs: impl Fn(&mut Stack) -> P + Send + Sync + 'static,
        args: impl Fn(&P) -> A + Send + Sync + 'static,
    ) -> Self {
        let spec = Spec {
            schema: A::Resource::schema(),
            provider: Arc::new(provider),
            build: Arc::new(|_, _| ()),
            changes: Vec::new(),
            unseen: Vec::new(),
            recorded: Vec::new(),
            fill: None,
        };
        Self { needs: Arc::new(needs), args: Arc::new(args), edits: Vec::new(), spec }.built()
    }

    /// A change of exactly these fields, made in place. It starts from the first arguments, and must not get into the way
    /// of the other updates: the kills apply all of them at once.
    #[must_use]
    pub fn update<const N: usize>(
        self,
        fields: [Field<A::Resource>; N],
        edit: impl Fn(A, &P) -> A + Send + Sync + 'static,
    ) -> Self {
        self.change(Change { fields: fields.map(|f| f.name()).to_vec(), replaces: false }, Arc::new(edit))
    }

    /// A change of exactly these fields that makes a new object. Required fields have no setter: `edit` may drop what it
    /// is given and make other arguments.
    #[must_use]
    pub fn replace<const N: usize>(
        self,
        fields: [Field<A::Resource>; N],
        edit: impl Fn(A, &P) -> A + Send + Sync + 'static,
    ) -> Self {
        self.change(Change { fields: fields.map(|f| f.name()).to_vec(), replaces: true }, Arc::new(edit))
    }

    /// A declared action that no call here needs, and why. One that is needed after all is an error, so the list stays
    /// true.
    #[must_use]
    pub fn unseen(mut self, action: &'static str, reason: &'static str) -> Self {
        self.spec.unseen.push((action, reason));
        self
    }

    /// A field that reads in another form when only the id is known, and why that does no harm.
    #[must_use]
    pub fn recorded(mut self, field: Field<A::Resource>, reason: &'static str) -> Self {
        self.spec.recorded.push((field.name(), reason));
        self
    }

    /// Puts something into the object (told by its id) before it is deleted, from outside.
    #[must_use]
    pub fn fill(mut self, fill: impl Fn(&AwsAccount, &str) + Send + Sync + 'static) -> Self {
        self.spec.fill = Some(Arc::new(fill));
        self
    }

    fn change(mut self, change: Change, edit: Edit<P, A>) -> Self {
        self.spec.changes.push(change);
        self.edits.push(edit);
        self.built()
    }

    /// Puts the closures together, so that the rest of the harness need not know `P` and `A`.
    fn built(mut self) -> Self {
        let (needs, args, edits) = (self.needs.clone(), self.args.clone(), self.edits.clone());
        self.spec.build = Arc::new(move |stack, which| {
            let needs = needs(stack);
            if let Some(which) = which {
                let args = which.iter().fold(args(&needs), |args, i| (edits[*i])(args, &needs));
                stack.add(NAME, args);
            }
        });
        self
    }
}

impl<P, A> Subject for Cases<P, A> {
    fn spec(&self) -> &Spec {
        &self.spec
    }
}

impl Spec {
    /// The positions of the changes that are made in place.
    pub(super) fn updates(&self) -> Vec<usize> {
        (0..self.changes.len()).filter(|i| !self.changes[*i].replaces).collect()
    }
}

/// The program: what the object stands on and, unless it is to be gone, the object with some of the changes.
pub(super) struct Declared {
    pub(super) build: Build,
    pub(super) provider: ProviderConfig,
    pub(super) which: Option<Vec<usize>>,
}

impl Program for Declared {
    fn stack(&self) -> &str {
        "lab"
    }

    fn build(&self, answers: &Answers) -> purlin_core::Result<Built> {
        stack::build(self.stack(), answers, |stack| {
            stack.use_provider(self.provider.clone());
            (self.build)(stack, self.which.as_deref());
            Ok(())
        })
    }

    fn kinds(&self) -> Vec<&'static dyn ProviderKind> {
        vec![self.provider.kind]
    }
}
