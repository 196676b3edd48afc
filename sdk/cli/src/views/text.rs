//! Lines of text with roles. Views make them; only [`Page::write`] turns roles into colours, and only where it is told
//! to.
//!
//! A role is never the only signal: whatever it marks is also said by a word or a sign. Control characters in what
//! comes from outside are shown as escapes, so no value can move the cursor of a terminal.
use std::{
    fmt::Write as _,
    io::{self, Write},
};

use anstyle::{AnsiColor, Style};

/// What a piece of text is, for its colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Nothing special.
    #[default]
    Plain,
    /// A heading or a name.
    Strong,
    /// Less important.
    Dim,
    /// Something new, or a success.
    Add,
    /// Something that changes in place.
    Change,
    /// Something that goes.
    Remove,
    /// Something that is replaced.
    Replace,
    /// An error.
    Error,
    /// A warning.
    Warning,
    /// A next step.
    Help,
}

impl Role {
    fn style(self) -> Style {
        let colour = |c: AnsiColor| Style::new().fg_color(Some(c.into()));
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Add => colour(AnsiColor::Green),
            Self::Change => colour(AnsiColor::Yellow),
            Self::Remove => colour(AnsiColor::Red),
            Self::Replace => colour(AnsiColor::Magenta).bold(),
            Self::Error => colour(AnsiColor::Red).bold(),
            Self::Warning => colour(AnsiColor::Yellow).bold(),
            Self::Help => colour(AnsiColor::Cyan),
        }
    }
}

/// One line: pieces of text with their roles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pieces: Vec<(Role, String)>,
}

impl Line {
    /// An empty line.
    pub fn new() -> Self {
        Self::default()
    }

    /// A line of plain text.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::new().with(Role::Plain, text)
    }

    /// Adds a piece.
    pub fn push(&mut self, role: Role, text: impl AsRef<str>) {
        self.pieces.push((role, escaped(text.as_ref())));
    }

    /// The line with one more piece.
    #[must_use]
    pub fn with(mut self, role: Role, text: impl AsRef<str>) -> Self {
        self.push(role, text);
        self
    }

    /// The line with the pieces of another at its end.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// The line with its last piece filled up with blanks until the line has `width` characters.
    #[must_use]
    pub fn padded(self, width: usize) -> Self {
        let missing = width.saturating_sub(self.width());
        self.with(Role::Plain, " ".repeat(missing))
    }

    /// How many characters it has.
    pub fn width(&self) -> usize {
        self.pieces.iter().map(|(_, text)| text.chars().count()).sum()
    }

    /// The text without roles.
    pub fn plain(&self) -> String {
        self.pieces.iter().map(|(_, text)| text.as_str()).collect::<String>().trim_end().to_owned()
    }

    /// At most `width` characters; what is cut shows as `…`.
    #[must_use]
    pub fn cut(self, width: usize) -> Self {
        if self.width() <= width {
            return self;
        }
        let mut left = width.saturating_sub(1);
        let mut pieces = Vec::new();
        for (role, text) in self.pieces {
            let kept: String = text.chars().take(left).collect();
            left -= kept.chars().count();
            pieces.push((role, kept));
            if left == 0 {
                break;
            }
        }
        pieces.push((Role::Dim, "…".to_owned()));
        Self { pieces }
    }

    /// The line as several of at most `width` characters, broken at blanks; all but the first begin with `indent`
    /// blanks. A word that is longer than a line keeps one of its own, so that it can still be copied.
    pub fn wrapped(self, width: usize, indent: usize) -> Vec<Self> {
        if self.width() <= width {
            return vec![self];
        }
        let mut lines = Vec::new();
        let mut line = Self::new();
        let mut used = 0;
        let mut fresh = true;
        for (role, text) in self.pieces {
            for word in text.split_inclusive(' ') {
                let long = word.trim_end().chars().count();
                if used + long > width && !fresh {
                    line.trim();
                    lines.push(std::mem::take(&mut line));
                    line.pieces.push((Role::Plain, " ".repeat(indent)));
                    used = indent;
                    fresh = true;
                }
                used += word.chars().count();
                fresh &= word.trim().is_empty();
                line.pieces.push((role, word.to_owned()));
            }
        }
        line.trim();
        lines.push(line);
        lines
    }

    /// Takes blanks off the end: at the last column of a terminal, one would begin a new line.
    fn trim(&mut self) {
        while let Some((_, text)) = self.pieces.last_mut() {
            text.truncate(text.trim_end_matches(' ').len());
            if !text.is_empty() {
                break;
            }
            self.pieces.pop();
        }
    }

    /// The text with its colours, or without.
    pub fn rendered(&self, colour: bool) -> String {
        if !colour {
            return self.plain();
        }
        let mut out = String::new();
        for (role, text) in &self.pieces {
            let style = role.style();
            let _ = write!(out, "{style}{text}{style:#}");
        }
        out
    }
}

/// Lines for a terminal of some width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    width: usize,
    lines: Vec<Line>,
}

impl Page {
    /// An empty page for lines of at most `width` characters.
    pub fn new(width: usize) -> Self {
        Self { width, lines: Vec::new() }
    }

    /// How wide its lines may be.
    pub fn width(&self) -> usize {
        self.width
    }

    /// True when nothing is on it.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Adds a line, wrapped where it is too long.
    pub fn line(&mut self, line: Line, indent: usize) {
        self.lines.extend(line.wrapped(self.width, indent));
    }

    /// Adds a line, cut where it is too long.
    pub fn cut(&mut self, line: Line) {
        self.lines.push(line.cut(self.width));
    }

    /// Adds plain text: each of its lines, wrapped.
    pub fn prose(&mut self, text: &str) {
        for line in text.lines() {
            self.line(Line::text(line), line.len() - line.trim_start().len());
        }
    }

    /// Adds an empty line, unless the page is empty or ends in one.
    pub fn gap(&mut self) {
        if self.lines.last().is_some_and(|last| last.width() > 0) {
            self.lines.push(Line::new());
        }
    }

    /// Adds the lines of another page.
    pub fn append(&mut self, other: Self) {
        self.lines.extend(other.lines);
    }

    /// The lines.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The text without colours.
    pub fn plain(&self) -> String {
        self.lines.iter().map(|line| line.plain() + "\n").collect()
    }

    /// Writes it out.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&self, out: &mut dyn Write, colour: bool) -> io::Result<()> {
        for line in &self.lines {
            writeln!(out, "{}", line.rendered(colour))?;
        }
        Ok(())
    }
}

fn escaped(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    text.chars().fold(String::new(), |mut out, c| {
        if c == '\t' {
            out.push_str("    ");
        } else if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
        out
    })
}

/// `1 resource`, `3 resources`.
pub fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(lines: Vec<Line>) -> Vec<String> {
        lines.iter().map(Line::plain).collect()
    }

    #[test]
    fn lines_break_at_blanks_and_keep_long_words_whole() {
        let line = Line::text("a value that is arn:aws:s3:::a-very-long-name-of-a-bucket and more");
        let long = "  arn:aws:s3:::a-very-long-name-of-a-bucket";
        assert_eq!(shown(line.wrapped(20, 2)), ["a value that is", long, "  and more"]);
    }

    #[test]
    fn a_cut_line_says_so() {
        let line = Line::text("0123").with(Role::Add, "456789");
        assert_eq!(line.clone().cut(10).plain(), "0123456789");
        assert_eq!(line.cut(6).plain(), "01234…");
    }

    #[test]
    fn colours_are_written_only_where_asked() {
        let line = Line::new().with(Role::Add, "+ new");
        assert_eq!(line.rendered(false), "+ new");
        assert_eq!(line.rendered(true), "\u{1b}[32m+ new\u{1b}[0m");
    }

    #[test]
    fn no_value_moves_the_cursor() {
        assert_eq!(Line::text("a\u{1b}[2Jb").plain(), "a\\u{1b}[2Jb");
    }
}
