//! Who waits for what comes of being connected without a subscription, or of leaving.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::error::Error;
use crate::subscribe::name::{Name, NameSet};

/// The number of a wish, for what comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ask(pub(crate) u64);

/// Wishes that are not answered yet.
#[derive(Debug, Default)]
pub(super) struct Asked(VecDeque<Waiting>);

#[derive(Debug)]
struct Waiting {
    ask: Ask,
    /// Whether the user is to be there, or to leave.
    connected: bool,
    /// Where nothing was heard from yet.
    names: NameSet,
    failed: Option<Arc<Error>>,
}

impl Asked {
    pub(super) fn add(&mut self, ask: Ask, connected: bool, names: NameSet) {
        self.0.push_back(Waiting { ask, connected, names, failed: None });
    }

    /// A heartbeat (`connected`) or a leave of these names came to its end.
    pub(super) fn heard(&mut self, connected: bool, names: &NameSet, error: Option<&Arc<Error>>) {
        for waiting in self.0.iter_mut().filter(|waiting| waiting.connected == connected) {
            let before = waiting.names.len();
            waiting.names.retain(|name| !names.contains(name));
            if waiting.names.len() < before {
                waiting.failed = waiting.failed.take().or_else(|| error.cloned());
            }
        }
    }

    /// Takes out what is answered. A place where the user is to be connected no more, or which is not to be left any more, is
    /// waited for no longer.
    pub(super) fn settle(
        &mut self,
        is_connected: impl Fn(&Name) -> bool,
        departs: impl Fn(&Name) -> bool,
    ) -> impl Iterator<Item = (Ask, Result<(), Arc<Error>>)> {
        for waiting in &mut self.0 {
            let connected = waiting.connected;
            waiting.names.retain(|name| if connected { is_connected(name) } else { departs(name) });
        }
        let (answered, open) = std::mem::take(&mut self.0).into_iter().partition(|waiting| waiting.names.is_empty());
        self.0 = open;
        let answered: VecDeque<Waiting> = answered;
        answered.into_iter().map(|waiting| (waiting.ask, waiting.failed.map_or(Ok(()), Err)))
    }
}
