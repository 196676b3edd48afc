//! [`Stream`]: one of the two outputs of a run, with what is known of it. Data goes to the one, talk to the other.
use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use crate::views::text::{Line, Page};

/// An output. Clones write to the same place.
#[derive(Clone)]
pub struct Stream {
    writer: Arc<Mutex<dyn Write + Send>>,
    /// A person looks at it: it may be drawn anew.
    pub terminal: bool,
    /// Colours are wanted.
    pub colour: bool,
    /// How many characters fit on a line.
    pub width: usize,
}

impl Stream {
    /// A plain output of 80 columns.
    pub fn plain(writer: impl Write + Send + 'static) -> Self {
        Self { writer: Arc::new(Mutex::new(writer)), terminal: false, colour: false, width: 80 }
    }

    /// Writes with `write`, undisturbed by others.
    ///
    /// # Errors
    /// The writer's.
    pub fn with<T>(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<T>) -> io::Result<T> {
        write(&mut *self.writer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes a page.
    ///
    /// # Errors
    /// The writer's.
    pub fn page(&self, page: &Page) -> io::Result<()> {
        self.with(|out| page.write(out, self.colour).and_then(|()| out.flush()))
    }

    /// Writes a line, wrapped where it is too long.
    ///
    /// # Errors
    /// The writer's.
    pub fn line(&self, line: &Line) -> io::Result<()> {
        let mut page = Page::new(self.width);
        page.line(line.clone(), 4);
        self.page(&page)
    }

    /// Writes text as it is.
    ///
    /// # Errors
    /// The writer's.
    pub fn text(&self, text: &str) -> io::Result<()> {
        self.with(|out| out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }
}
