//! Who wants what, and from when on.
//!
//! - A name is polled while somebody holds it. Several may hold one; it ends with the last.
//! - Everyone has a *start*: nothing that is not newer is handed out.
//! - All share one cursor. While it is moved back for somebody, the others have a *floor*: what is not newer was handed out to
//!   them before.
//! - A name that was denied is still wanted, but not polled until it is admitted again. It has not moved on meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use wire::delivery::Envelope;
use wire::names::pattern_prefix;
use wire::{ChannelName, Timetoken};

use super::name::{Name, NameSet};

/// Who holds names: a subscription, or the client itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Holder(pub(crate) u64);

impl Holder {
    /// What `execute()` subscribes to is held by the client.
    pub(crate) const CLIENT: Self = Self(0);
}

#[derive(Debug, Default)]
pub(crate) struct Interest {
    names: BTreeMap<Name, Wanted>,
    /// The furthest that the cursor ever was: what "from now on" means while it is behind that.
    reached: Option<Timetoken>,
}

#[derive(Debug, Default)]
struct Wanted {
    holders: BTreeMap<Holder, Since>,
    denied: Option<Denied>,
}

/// Since when somebody hears of a name.
#[derive(Clone, Copy, Debug, Default)]
struct Since {
    /// None until there is a cursor.
    start: Option<Timetoken>,
    /// Only while the cursor is behind it.
    floor: Option<Timetoken>,
}

#[derive(Clone, Copy, Debug)]
struct Denied {
    /// Where it stood.
    at: Option<Timetoken>,
}

impl Interest {
    /// Adds names for a holder. With `from`, they begin after that timetoken; otherwise where the others are.
    ///
    /// The cursor to go on with, if it has to move back.
    pub(crate) fn add(
        &mut self,
        holder: Holder,
        names: &NameSet,
        from: Option<Timetoken>,
        cursor: Option<Timetoken>,
    ) -> Option<Timetoken> {
        let here = Since { start: self.reached.max(cursor), floor: None };
        for name in names {
            let since = self.names.entry(name.clone()).or_default().holders.entry(holder).or_insert(here);
            if from.is_some() {
                *since = Since { start: from, floor: None };
            }
        }
        self.rewind(|name, other| names.contains(name) && other == holder, from?, cursor?)
    }

    /// Moves the cursor back for some; the others keep to where they were.
    fn rewind(
        &mut self,
        goes_back: impl Fn(&Name, Holder) -> bool,
        to: Timetoken,
        cursor: Timetoken,
    ) -> Option<Timetoken> {
        if to >= cursor {
            return None;
        }
        for (name, wanted) in self.names.iter_mut().filter(|(_, wanted)| wanted.denied.is_none()) {
            for (holder, since) in &mut wanted.holders {
                if !goes_back(name, *holder) {
                    since.floor = since.floor.max(Some(cursor));
                }
            }
        }
        Some(to)
    }

    fn sinces(&mut self) -> impl Iterator<Item = &mut Since> {
        self.names.values_mut().flat_map(|wanted| wanted.holders.values_mut())
    }

    fn polled(&self) -> impl Iterator<Item = (&Name, &Wanted)> {
        self.names.iter().filter(|(_, wanted)| wanted.denied.is_none())
    }

    /// Takes names from a holder, or all that it has. Those that nobody holds any more.
    pub(crate) fn remove(&mut self, holder: Holder, names: Option<&NameSet>) -> NameSet {
        let mut gone = NameSet::new();
        self.names.retain(|name, wanted| {
            if names.is_none_or(|names| names.contains(name)) {
                wanted.holders.remove(&holder);
            }
            if wanted.holders.is_empty() {
                gone.insert(name.clone());
            }
            !wanted.holders.is_empty()
        });
        if self.names.is_empty() {
            self.reached = None;
        }
        gone
    }

    /// Takes everything from everyone.
    pub(crate) fn clear(&mut self) -> NameSet {
        std::mem::take(self).names.into_keys().collect()
    }

    #[cfg(test)]
    pub(crate) fn reached(&self) -> Option<Timetoken> {
        self.reached
    }

    pub(crate) fn contains(&self, name: &Name) -> bool {
        self.names.contains_key(name)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Everything that is wanted.
    pub(crate) fn all(&self) -> NameSet {
        self.names.keys().cloned().collect()
    }

    /// What is to be polled.
    pub(crate) fn active(&self) -> NameSet {
        self.polled().map(|(name, _)| name.clone()).collect()
    }

    /// The first cursor, when a first call was answered with `now`: the earliest point that somebody asked for.
    pub(crate) fn begin(&mut self, now: Timetoken) -> Timetoken {
        let starts = self.polled().flat_map(|(_, wanted)| wanted.holders.values().filter_map(|since| since.start));
        let start = starts.min().map_or(now, |from| from.min(now));
        self.sinces().for_each(|since| since.start = since.start.or(Some(now)));
        self.reached = Some(now);
        start
    }

    /// The cursor is here: floors below it say nothing any more.
    pub(crate) fn passed(&mut self, cursor: Timetoken) {
        self.reached = self.reached.max(Some(cursor));
        // What is denied does not move with the others.
        for wanted in self.names.values_mut().filter(|wanted| wanted.denied.is_none()) {
            wanted.holders.values_mut().for_each(|since| since.floor = since.floor.filter(|floor| *floor > cursor));
        }
    }

    /// The timeline begins anew: nothing of the old one says anything any more.
    pub(crate) fn restart(&mut self) {
        self.reached = None;
        self.sinces().for_each(|since| *since = Since::default());
    }

    /// Sets names aside that the caller may not use. Which of them were polled until now.
    pub(crate) fn deny(&mut self, names: &NameSet, at: Option<Timetoken>) -> NameSet {
        let mut denied = NameSet::new();
        for (name, wanted) in &mut self.names {
            if names.contains(name) && wanted.denied.is_none() {
                wanted.denied = Some(Denied { at });
                denied.insert(name.clone());
            }
        }
        denied
    }

    /// Tries the names that were denied again, or some of them, from where they stood. The cursor to go on with, if it
    /// has to move back.
    pub(crate) fn admit(&mut self, some: Option<&NameSet>, cursor: Option<Timetoken>) -> Option<Timetoken> {
        let mut back = None;
        let mut names = NameSet::new();
        for (name, wanted) in &mut self.names {
            if some.is_none_or(|some| some.contains(name))
                && let Some(Denied { at }) = wanted.denied.take()
            {
                // One that was denied before there was a cursor stands where it is to begin.
                let at = at.or_else(|| wanted.holders.values().filter_map(|since| since.start).min());
                wanted.holders.values_mut().for_each(|since| since.floor = since.floor.max(at));
                back = [back, at].into_iter().flatten().min();
                names.insert(name.clone());
            }
        }
        self.rewind(|name, _| names.contains(name), back?, cursor?)
    }

    /// By which of the names an envelope came. Servers say so in `b`; where one does not, the channel says it.
    pub(crate) fn matched(&self, envelope: &Envelope) -> Vec<&Name> {
        let named = self.named(envelope.matched());
        if !named.is_empty() {
            return named;
        }
        let channel = envelope.message.channel.as_str();
        let literal = self.named(channel);
        if !literal.is_empty() {
            return literal;
        }
        self.names.keys().filter(|name| matches!(name, Name::Channel(pattern) if covers(pattern, channel))).collect()
    }

    fn named(&self, text: &str) -> Vec<&Name> {
        let names = [Name::channel(text), Name::group(text)];
        names.into_iter().flatten().filter_map(|name| self.names.get_key_value(&name).map(|(name, _)| name)).collect()
    }

    /// Who is to have what came by these names at that time; nobody, if all of them had it before.
    pub(crate) fn hearers(&self, names: &[&Name], published: Timetoken) -> BTreeSet<Holder> {
        names.iter().filter_map(|name| self.names.get(*name)).flat_map(|wanted| wanted.behind(published)).collect()
    }

    /// Who may miss something that was published up to that time.
    pub(crate) fn missers(&self, until: Timetoken) -> BTreeSet<Holder> {
        self.polled().flat_map(|(_, wanted)| wanted.behind(until)).collect()
    }
}

impl Wanted {
    /// Who hears of that point.
    fn behind(&self, point: Timetoken) -> impl Iterator<Item = Holder> {
        let hears = move |since: &Since| since.start.max(since.floor) < Some(point);
        self.holders.iter().filter(move |(_, since)| hears(since)).map(|(holder, _)| *holder)
    }
}

fn covers(pattern: &ChannelName, channel: &str) -> bool {
    pattern_prefix(pattern.as_str()).is_some_and(|prefix| channel.len() > prefix.len() && channel.starts_with(prefix))
}
