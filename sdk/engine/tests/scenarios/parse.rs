//! Reads scripts: scenarios, steps, and the words and values in their lines. The language is described in [`super`].
use purlin_core::{Expr, NodeId, SmolStr, SourceLine, Value, expr::Part};

/// A part of a script.
pub(super) enum Piece {
    /// A line that is kept as it is: a title, a comment, an empty line.
    Line(String),
    /// A step: its lines, and whether it has an expected part.
    Step { line: usize, text: Vec<String>, expects: bool },
}

/// The pieces of a script. Expected parts are dropped: they are made anew, and compared as text.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        if line.is_empty() || line.starts_with('#') || line.starts_with("==") {
            pieces.push(Piece::Line(line.to_owned()));
            continue;
        }
        assert!(!line.starts_with(' '), "line {}: an indented line begins no step", number + 1);
        let mut step = vec![line.to_owned()];
        while let Some((_, next)) = lines.next_if(|(_, l)| l.starts_with(' ')) {
            step.push(next.to_owned());
        }
        let expects = lines.next_if(|(_, l)| *l == "----").is_some();
        if expects {
            while lines.next_if(|(_, l)| !l.is_empty()).is_some() {}
        }
        pieces.push(Piece::Step { line: number + 1, text: step, expects });
    }
    pieces
}

/// Reads a line word by word.
pub(super) struct Words<'a> {
    rest: &'a str,
    nodes: &'a dyn Fn(&str) -> Option<NodeId>,
}

impl<'a> Words<'a> {
    /// The words of a line; `nodes` finds a resource by its path.
    pub(super) fn new(line: &'a str, nodes: &'a dyn Fn(&str) -> Option<NodeId>) -> Self {
        Self { rest: line.trim(), nodes }
    }

    /// True at the end of the line.
    pub(super) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> &'a str {
        std::mem::take(&mut self.rest)
    }

    /// The next word, if any: up to a space, or to `=`.
    pub(super) fn word(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.find([' ', '=']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = if rest.starts_with('=') { rest } else { rest.trim_start() };
        Some(word)
    }

    /// The next word, which has to be there.
    pub(super) fn need(&mut self, what: &str) -> &'a str {
        self.word().unwrap_or_else(|| panic!("{what} is missing"))
    }

    /// True when `text` comes next; it is passed over.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let found = self.rest.strip_prefix(text);
        if let Some(rest) = found {
            self.rest = rest.trim_start();
        }
        found.is_some()
    }

    /// The next `name=value`, if any.
    pub(super) fn pair(&mut self) -> Option<(&'a str, Expr)> {
        let name = self.word()?;
        assert!(self.take("="), "`{name}` needs a value");
        let value = self.value();
        self.rest = self.rest.trim_start();
        Some((name, value))
    }

    /// A `name=value` whose value is plain.
    pub(super) fn plain_pair(&mut self) -> Option<(&'a str, Value)> {
        let (name, value) = self.pair()?;
        match value {
            Expr::Value(value) => Some((name, value)),
            other => panic!("`{name}` is {other:?}, and has to be a plain value"),
        }
    }

    fn until(&mut self, stop: &[char]) -> &'a str {
        let end = self.rest.find(stop).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn value(&mut self) -> Expr {
        if self.take("\"") {
            return self.text();
        }
        if let Some(rest) = self.rest.strip_prefix('@') {
            self.rest = rest;
            return self.attribute(&[' ', ',', ')', ']', '}']);
        }
        if self.take("[") {
            return Expr::List(self.items("]", Self::value).into());
        }
        if self.take("{") {
            let entry = |words: &mut Self| {
                let name = SmolStr::from(words.until(&['=']));
                words.take("=");
                (name, words.value())
            };
            let entries = self.items("}", entry);
            let plain = |(k, e): &(SmolStr, Expr)| match e {
                Expr::Value(v) => Some((k.clone(), v.clone())),
                _ => None,
            };
            return match entries.iter().map(plain).collect::<Option<_>>() {
                Some(map) => Expr::Value(Value::Map(map)),
                None => Expr::Map(entries.into()),
            };
        }
        let word = self.until(&[' ', ',', ')', ']', '}', '(']);
        if self.take("(") {
            let mut args = self.items(")", Self::value);
            return function(word, args.pop().expect("a function has one argument"));
        }
        Expr::Value(match word {
            "none" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            number => number.parse().map_or_else(|_| Value::from(number), Value::Int),
        })
    }

    fn items<T>(&mut self, close: &str, item: impl Fn(&mut Self) -> T) -> Vec<T> {
        let mut items = Vec::new();
        while !self.take(close) {
            items.push(item(self));
            self.rest = self.rest.trim_start();
            self.take(",");
        }
        items
    }

    /// Text in quotes, with `@{path.output}` in it.
    fn text(&mut self) -> Expr {
        let mut parts = Vec::new();
        loop {
            let plain = self.until(&['"', '@']);
            parts.push(Part::Text(plain.into()));
            if self.rest.starts_with("@{") {
                self.rest = &self.rest[2..];
                parts.push(Part::Expr(self.attribute(&['}'])));
                self.rest = &self.rest[1..];
            } else {
                assert!(self.rest.starts_with('"'), "a text in quotes does not end");
                self.rest = &self.rest[1..];
                break;
            }
        }
        match &parts[..] {
            [Part::Text(text)] => Expr::Value(Value::Str(text.clone())),
            _ => Expr::Format(parts.into()),
        }
    }

    fn attribute(&mut self, stop: &[char]) -> Expr {
        let text = self.until(stop);
        let (path, output) = text.split_once('.').unwrap_or((text, "id"));
        let node = (self.nodes)(path).unwrap_or_else(|| panic!("`{path}` is not a resource above"));
        Expr::Attr(node, output.into())
    }
}

/// `secret(x)` is x as a secret; `upper(x)` and `fail(x)` are closures of the program.
fn function(name: &str, arg: Expr) -> Expr {
    let location = SourceLine { file: "main".into(), line: 1 };
    match (name, arg) {
        ("secret", Expr::Value(value)) => Expr::Value(value.into_secret()),
        ("secret", arg) => Expr::Secret(arg.into()),
        ("upper", arg) => Expr::closure(vec![arg], location, |args| {
            Ok(Value::from(args[0].as_str().unwrap_or_default().to_uppercase()))
        }),
        ("fail", arg) => Expr::closure(vec![arg], location, |_| Err("it cannot be".to_owned())),
        (other, _) => panic!("there is no function `{other}`"),
    }
}

/// A duration: `30s`, `10m`, `2h`.
pub(super) fn duration(text: &str) -> std::time::Duration {
    let (number, unit) = text.split_at(text.len() - 1);
    let number: u64 = number.parse().unwrap_or_else(|_| panic!("`{text}` is no duration"));
    std::time::Duration::from_secs(match unit {
        "s" => number,
        "m" => number * 60,
        "h" => number * 3600,
        _ => panic!("`{text}` is no duration"),
    })
}
