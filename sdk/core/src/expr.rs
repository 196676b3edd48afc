//! [`Expr`]: an expression over the outputs of resources, as data.
//!
//! Typed programs hold it as [`Output<T>`](crate::Output); the graph holds it bare. It is evaluated many times: at plan with unknowns,
//! at apply with what the cloud answered. Evaluation is pure: the same outputs give the same value.
use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use smol_str::SmolStr;

use crate::{Map, NodeId, SourceLine, Unknown, Value};

/// An expression. Cheap to clone.
#[derive(Clone)]
pub enum Expr {
    /// A value that the program wrote.
    Value(Value),
    /// An output of a resource. The output `id` is the physical id, which every resource has.
    Attr(NodeId, SmolStr),
    /// A field of a map.
    Field(Arc<Expr>, SmolStr),
    /// An item of a list.
    Index(Arc<Expr>, usize),
    /// Text made of parts: what `fmt!` gives.
    Format(Arc<[Part]>),
    /// A list of expressions.
    List(Arc<[Expr]>),
    /// A map of expressions.
    Map(Arc<[(SmolStr, Expr)]>),
    /// The second where the first is none.
    Or(Arc<(Expr, Expr)>),
    /// The same value, marked as a secret.
    Secret(Arc<Expr>),
    /// A built-in function.
    Apply(Function, Arc<[Expr]>),
    /// A closure of the program, identified by its source line.
    Closure(Arc<Closure>),
}

/// A part of a [`Expr::Format`].
#[derive(Clone, Debug)]
pub enum Part {
    /// Text as it is.
    Text(SmolStr),
    /// The value of an expression, as text.
    Expr(Expr),
}

/// A function that needs no closure: it can be shown, compared and saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// Text or bytes to base64 (RFC 4648, standard alphabet, padded).
    Base64,
    /// A value to its JSON text.
    Json,
    /// A list of texts, and a separator, to one text.
    Join,
    /// Several maps to one; later ones win.
    Merge,
    /// A CIDR block, a number of bits and an index to that part of the block.
    Subnet,
    /// The statements of a [`PolicyDraft`](crate::types::PolicyDraft), and whether to merge them, to the canonical policy. Unknown
    /// parts stay unknown.
    Policy,
}

type Body = dyn Fn(&[Value]) -> Result<Value, String> + Send + Sync;

/// A pure function of the program over outputs.
pub struct Closure {
    /// What it is given, in order.
    pub args: Vec<Expr>,
    /// Where the program wrote it.
    pub location: SourceLine,
    body: Box<Body>,
}

/// An expression could not be evaluated though everything in it was known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    /// What went wrong; never the content of a secret.
    pub message: String,
    /// The closure that failed, if one did.
    pub location: Option<SourceLine>,
}

/// Where evaluation finds the outputs of resources.
pub trait Attributes {
    /// The output `name` of `node`: known, or unknown with its cause.
    fn attribute(&self, node: NodeId, name: &str) -> Value;
}

impl Expr {
    /// An expression that runs a closure of the program.
    pub fn closure(
        args: Vec<Expr>,
        location: SourceLine,
        body: impl Fn(&[Value]) -> Result<Value, String> + Send + Sync + 'static,
    ) -> Self {
        Self::Closure(Arc::new(Closure { args, location, body: Box::new(body) }))
    }

    /// Calls `visit` with each output that the expression reads.
    pub fn visit_attributes(&self, visit: &mut dyn FnMut(NodeId, &SmolStr)) {
        match self {
            Self::Value(_) => {}
            Self::Attr(node, name) => visit(*node, name),
            Self::Field(inner, _) | Self::Index(inner, _) | Self::Secret(inner) => inner.visit_attributes(visit),
            Self::Format(parts) => {
                for part in parts.iter() {
                    if let Part::Expr(inner) = part {
                        inner.visit_attributes(visit);
                    }
                }
            }
            Self::List(items) | Self::Apply(_, items) => items.iter().for_each(|e| e.visit_attributes(visit)),
            Self::Map(entries) => entries.iter().for_each(|(_, e)| e.visit_attributes(visit)),
            Self::Or(pair) => {
                pair.0.visit_attributes(visit);
                pair.1.visit_attributes(visit);
            }
            Self::Closure(closure) => closure.args.iter().for_each(|e| e.visit_attributes(visit)),
        }
    }

    /// The value, with unknowns where an output is not known yet.
    ///
    /// # Errors
    /// A closure failed, or a value has another shape than the expression needs.
    pub fn eval(&self, scope: &dyn Attributes) -> Result<Value, EvalError> {
        match self {
            Self::Value(value) => Ok(value.clone()),
            Self::Attr(node, name) => Ok(scope.attribute(*node, name)),
            Self::Field(inner, name) => Ok(match inner.eval(scope)? {
                Value::Unknown(u) => narrowed(&u, &format!(".{name}")),
                Value::Null => Value::Null,
                Value::Map(mut map) => map.remove(name).unwrap_or_default(),
                Value::Secret(inner) => match *inner {
                    Value::Map(mut map) => map.remove(name).unwrap_or_default().into_secret(),
                    other => return Err(shape(&format!("a map with `{name}`"), &other)),
                },
                other => return Err(shape(&format!("a map with `{name}`"), &other)),
            }),
            Self::Index(inner, index) => Ok(match inner.eval(scope)? {
                Value::Unknown(u) => narrowed(&u, &format!("[{index}]")),
                Value::List(items) => items.into_iter().nth(*index).unwrap_or_default(),
                other => return Err(shape("a list", &other)),
            }),
            Self::Format(parts) => format_parts(parts, scope),
            Self::List(items) => items.iter().map(|e| e.eval(scope)).collect::<Result<_, _>>().map(Value::List),
            Self::Map(entries) => {
                entries.iter().map(|(k, e)| Ok((k.clone(), e.eval(scope)?))).collect::<Result<Map, _>>().map(Value::Map)
            }
            Self::Or(pair) => match pair.0.eval(scope)? {
                Value::Null => pair.1.eval(scope),
                known => Ok(known),
            },
            Self::Secret(inner) => inner.eval(scope).map(Value::into_secret),
            // Not guarded: what is known of a policy is shown, whatever else of it is unknown.
            Self::Apply(Function::Policy, args) => {
                Function::Policy.call(&args.iter().map(|e| e.eval(scope)).collect::<Result<Vec<_>, _>>()?)
            }
            Self::Apply(function, args) => {
                let args = args.iter().map(|e| e.eval(scope)).collect::<Result<Vec<_>, _>>()?;
                guarded(&args, &function.to_string(), |args| function.call(args))
            }
            Self::Closure(closure) => {
                let args = closure.args.iter().map(|e| e.eval(scope)).collect::<Result<Vec<_>, _>>()?;
                let name = format!("map at {}", closure.location);
                guarded(&args, &name, |args| {
                    (closure.body)(args)
                        .map_err(|message| EvalError { message, location: Some(closure.location.clone()) })
                })
            }
        }
    }
}

/// Runs `call` over laid-open arguments: unknown in, unknown out; secret in, secret out.
fn guarded(
    args: &[Value],
    name: &str,
    call: impl FnOnce(&[Value]) -> Result<Value, EvalError>,
) -> Result<Value, EvalError> {
    let secret = args.iter().any(Value::has_secret);
    if let Some(u) = args.iter().find_map(Value::first_unknown) {
        let shape = format!("{name}({})", args.iter().map(Value::display).collect::<Vec<_>>().join(", "));
        let unknown = Unknown { cause: u.cause.clone(), shape: shape.into(), fresh: false, secret };
        return Ok(Value::Unknown(Arc::new(unknown)));
    }
    let open: Vec<Value> = args.iter().map(Value::reveal).collect();
    let value = call(&open)?;
    Ok(if secret { value.into_secret() } else { value })
}

fn narrowed(u: &Unknown, suffix: &str) -> Value {
    let shape = match u.shape.strip_suffix('}') {
        Some(open) => format!("{open}{suffix}}}"),
        None => format!("{}{suffix}", u.shape),
    };
    Value::Unknown(Arc::new(Unknown { shape: shape.into(), fresh: false, ..u.clone() }))
}

fn shape(expected: &str, found: &Value) -> EvalError {
    EvalError { message: format!("expected {expected}, found {}", found.display()), location: None }
}

fn format_parts(parts: &[Part], scope: &dyn Attributes) -> Result<Value, EvalError> {
    let mut text = String::new();
    let mut unknown: Option<Arc<Unknown>> = None;
    let (mut fresh, mut secret) = (false, false);
    for part in parts {
        match part {
            Part::Text(t) => text.push_str(t),
            Part::Expr(e) => {
                let value = e.eval(scope)?;
                secret |= value.has_secret();
                match value.reveal() {
                    Value::Str(s) => text.push_str(&s),
                    Value::Unknown(u) => {
                        text.push_str(&u.shape);
                        fresh |= u.fresh;
                        unknown.get_or_insert(u);
                    }
                    Value::Bool(b) => text.push_str(if b { "true" } else { "false" }),
                    Value::Int(n) => text.push_str(&n.to_string()),
                    Value::Float(x) => text.push_str(&x.to_string()),
                    other => return Err(shape("text or a number", &if secret { other.into_secret() } else { other })),
                }
            }
        }
    }
    Ok(match unknown {
        Some(u) => Value::Unknown(Arc::new(Unknown { cause: u.cause.clone(), shape: text.into(), fresh, secret })),
        None if secret => Value::from(text).into_secret(),
        None => Value::from(text),
    })
}

impl Function {
    fn call(self, args: &[Value]) -> Result<Value, EvalError> {
        let first = args.first().unwrap_or(&Value::Null);
        match self {
            Self::Base64 => match first {
                Value::Str(s) => Ok(BASE64.encode(s.as_bytes()).into()),
                Value::Bytes(b) => Ok(BASE64.encode(b).into()),
                other => Err(shape("text or bytes", other)),
            },
            Self::Json => serde_json::to_string(first)
                .map(Value::from)
                .map_err(|e| EvalError { message: e.to_string(), location: None }),
            Self::Join => {
                let separator = args.get(1).and_then(Value::as_str).unwrap_or_default();
                let items = first.as_list().ok_or_else(|| shape("a list", first))?;
                let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
                texts.map(|t| t.join(separator).into()).ok_or_else(|| shape("a list of texts", first))
            }
            Self::Merge => {
                let mut merged = Map::new();
                for arg in args.iter().filter(|a| !a.is_null()) {
                    let map = arg.as_map().ok_or_else(|| shape("a map", arg))?;
                    merged.extend(map.iter().map(|(k, v)| (k.clone(), v.clone())));
                }
                Ok(Value::Map(merged))
            }
            Self::Subnet => {
                crate::types::cidr::evaluate_subnet(args).map_err(|message| EvalError { message, location: None })
            }
            Self::Policy => crate::types::policy::evaluate::evaluate(args)
                .map_err(|e| EvalError { message: e.to_string(), location: None }),
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Base64 => "base64",
            Self::Json => "json",
            Self::Join => "join",
            Self::Merge => "merge",
            Self::Subnet => "subnet",
            Self::Policy => "policy",
        })
    }
}

impl fmt::Debug for Closure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "map at {} of {:?}", self.location, self.args)
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(v) => write!(f, "{v:?}"),
            Self::Attr(node, name) => write!(f, "${{{node:?}.{name}}}"),
            Self::Field(inner, name) => write!(f, "{inner:?}.{name}"),
            Self::Index(inner, index) => write!(f, "{inner:?}[{index}]"),
            Self::Format(parts) => f.debug_list().entries(parts.iter()).finish(),
            Self::List(items) => f.debug_list().entries(items.iter()).finish(),
            Self::Map(entries) => f.debug_map().entries(entries.iter().map(|(k, v)| (k, v))).finish(),
            Self::Or(pair) => write!(f, "{:?} or {:?}", pair.0, pair.1),
            Self::Secret(_) => f.write_str("(secret)"),
            Self::Apply(function, args) => write!(f, "{function}({args:?})"),
            Self::Closure(closure) => write!(f, "{closure:?}"),
        }
    }
}

impl From<Value> for Expr {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}
