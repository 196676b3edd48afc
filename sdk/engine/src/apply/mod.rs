//! Apply: carries a plan out. A dispatcher owns state, journal and schedule in one loop; units talk to the cloud and report.
//!
//! Per operation: intent durable → call → result durable. A failure holds back its dependents only. When asked to stop, nothing
//! more is begun, first answers are awaited for a few seconds, and what is open then is in the journal for the next run.
mod dispatcher;
mod limiter;
mod prepare;
mod results;
mod schedule;
mod unit;

use std::{sync::Arc, time::Duration};

use purlin_core::Diagnostic;
use tokio::sync::watch;

use crate::plan::OpId;

pub(crate) use dispatcher::run;

/// How an apply goes about its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApplyOptions {
    /// At most so many operations at once for each provider. The engine starts lower and adapts to throttling. Default 64.
    pub parallelism: usize,
    /// Begin nothing more after the first failure. Default: go on with what does not depend on it.
    pub fail_fast: bool,
    /// How long first answers are awaited once the run is asked to stop. Default 5 s: inside what CI systems give.
    pub grace: Duration,
}

impl Default for ApplyOptions {
    fn default() -> Self {
        Self { parallelism: 64, fail_fast: false, grace: Duration::from_secs(5) }
    }
}

/// A request to stop, shared with whoever catches the signal.
#[derive(Clone, Debug)]
pub struct Cancel(Arc<watch::Sender<bool>>);

impl Default for Cancel {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Cancel {
    /// Asks the run to stop.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// True once asked.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until asked.
    pub async fn cancelled(&self) {
        let mut seen = self.0.subscribe();
        // The sender lives in `self`, so waiting can only end with the request.
        let _ = seen.wait_for(|asked| *asked).await;
    }
}

/// What became of a plan.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Operations that are done, bookkeeping included.
    pub done: Vec<OpId>,
    /// Operations that turned out to have nothing to do.
    pub skipped: Vec<OpId>,
    /// Operations that failed, and why.
    pub failed: Vec<(OpId, Diagnostic)>,
    /// Operations that were held back, and the failed one that did it.
    pub held: Vec<(OpId, OpId)>,
    /// Operations that were begun and whose outcome the next run settles.
    pub open: Vec<OpId>,
    /// Operations that were not begun, because the run was stopped.
    pub untouched: Vec<OpId>,
    /// True when the run was asked to stop.
    pub cancelled: bool,
}

impl Report {
    /// True when all that was planned is done.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.held.is_empty() && self.open.is_empty() && self.untouched.is_empty()
    }
}
