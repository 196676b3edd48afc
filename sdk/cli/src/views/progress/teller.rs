//! [`Teller`]: takes events from the engine and writes what [`Progress`] makes of them: a view that is drawn anew on a
//! terminal, a plain log elsewhere.
//!
//! 1. The engine calls [`Observer::event`], which must not block: it puts the event into a channel.
//! 2. A thread takes it out, asks the model, and writes. On a terminal it draws ten times a second, so times go on.
//! 3. [`Teller::finish`] closes the channel, waits for the thread, and what was drawn is wiped away.
use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use purlin_engine::{Event, Observer, World};

use super::Progress;
use crate::{console::Stream, views::text::Line};

/// How often a terminal is drawn.
const FRAME: Duration = Duration::from_millis(100);
/// Clears from the cursor to the end of the screen.
const CLEAR_BELOW: &str = "\u{1b}[J";

/// Tells a person what a run does.
pub struct Teller {
    events: Mutex<Option<Sender<(Event, u64)>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    world: World,
}

impl Teller {
    /// Writes to `stream` until [`finish`](Self::finish).
    pub fn start(stream: Stream, world: World) -> Arc<Self> {
        let (sender, receiver) = mpsc::channel();
        let clock = world.clone();
        let thread = thread::spawn(move || {
            // A closed pipe ends the talk, never the run.
            let _ = if stream.terminal { draw(&stream, &receiver, &clock) } else { log(&stream, &receiver, &clock) };
        });
        Arc::new(Self { events: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)), world })
    }

    /// Writes what is still to be told and ends.
    pub fn finish(&self) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

impl Observer for Teller {
    fn event(&self, event: Event) {
        if let Some(events) = &*self.events.lock().unwrap_or_else(PoisonError::into_inner) {
            // The thread is gone when its stream is closed.
            let _ = events.send((event, self.world.now()));
        }
    }
}

fn log(stream: &Stream, events: &Receiver<(Event, u64)>, world: &World) -> io::Result<()> {
    let mut progress = Progress::new(world.now());
    while let Ok((event, now)) = events.recv() {
        if let Some(told) = progress.event(&event, now) {
            stream.line(&told.line)?;
        }
    }
    Ok(())
}

fn draw(stream: &Stream, events: &Receiver<(Event, u64)>, world: &World) -> io::Result<()> {
    let mut progress = Progress::new(world.now());
    let mut drawn = 0;
    let mut lasting: Vec<Line> = Vec::new();
    loop {
        let ended = match events.recv_timeout(FRAME) {
            Ok((event, now)) => {
                lasting.extend(progress.event(&event, now).filter(|told| told.lasting).map(|told| told.line));
                // What waits already is taken along: one drawing for all of it.
                while let Ok((event, now)) = events.try_recv() {
                    lasting.extend(progress.event(&event, now).filter(|told| told.lasting).map(|told| told.line));
                }
                false
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => true,
        };
        let live = if ended { Vec::new() } else { progress.live(world.now(), stream.width.saturating_sub(1)) };
        if lasting.is_empty() && live.is_empty() && drawn == 0 {
            if ended {
                return Ok(());
            }
            continue;
        }
        let mut frame = if drawn > 0 { format!("\u{1b}[{drawn}A\r{CLEAR_BELOW}") } else { String::new() };
        for line in lasting.drain(..).flat_map(|line| line.wrapped(stream.width, 4)).chain(live.iter().cloned()) {
            frame.push_str(&line.rendered(stream.colour));
            frame.push('\n');
        }
        drawn = live.len();
        stream.with(|out| out.write_all(frame.as_bytes()).and_then(|()| out.flush()))?;
        if ended {
            return Ok(());
        }
    }
}
