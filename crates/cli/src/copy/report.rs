//! What a copy did: counted by kind, told record by record where that is wanted, and shown as it goes on.

use std::cell::{Cell, RefCell};
use std::io;

use serde_json::{Value, json};

use super::progress::Progress;
use crate::output::{BAD, GOOD, NEW, Output, Table};

/// A kind of what is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Channel,
    Membership,
    GroupChannel,
}

/// What became of one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Became {
    Created,
    Updated,
    Unchanged,
    Deleted,
    Failed,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::User, Self::Channel, Self::Membership, Self::GroupChannel];

    const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Channel => "channel",
            Self::Membership => "membership",
            Self::GroupChannel => "channel of a group",
        }
    }

    pub(super) const fn plural(self) -> &'static str {
        match self {
            Self::User => "users",
            Self::Channel => "channels",
            Self::Membership => "memberships",
            Self::GroupChannel => "group_channels",
        }
    }
}

impl Became {
    const ALL: [Self; 5] = [Self::Created, Self::Updated, Self::Unchanged, Self::Deleted, Self::Failed];

    const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Deleted => "deleted",
            Self::Failed => "failed",
        }
    }
}

/// Counts, and tells.
pub(super) struct Report {
    output: RefCell<Output>,
    progress: Progress,
    counts: [[Cell<u64>; Became::ALL.len()]; Kind::ALL.len()],
    /// Whether each record that differs is told, and not only those that failed.
    each: bool,
    dry_run: bool,
}

impl Report {
    pub(super) fn new(output: Output, progress: Progress, each: bool, dry_run: bool) -> Self {
        Self { output: RefCell::new(output), progress, counts: Default::default(), each, dry_run }
    }

    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Notes what became of a record, and which of its fields differed.
    pub(super) fn note(&self, kind: Kind, became: Became, id: &str, fields: &[&str]) -> io::Result<()> {
        self.count(kind, became);
        if !self.each || became == Became::Unchanged {
            return Ok(());
        }
        let (style, fields_text) = (if became == Became::Created { NEW } else { GOOD }, fields.join(", "));
        let document = json!({"result": became.word(), "kind": kind.word(), "id": id, "fields": fields});
        self.progress.aside(|| {
            self.output.borrow_mut().answer(&document, |people| {
                let plain = anstyle::Style::new();
                people.styled(&[(style, became.word()), (plain, kind.word()), (plain, id), (plain, &fields_text)])
            })
        })
    }

    /// Notes that a record could not be copied, and why.
    pub(super) fn fail(&self, kind: Kind, id: &str, why: &str) -> io::Result<()> {
        self.count(kind, Became::Failed);
        let document = json!({"result": "failed", "kind": kind.word(), "id": id, "why": why});
        self.progress.aside(|| {
            self.output.borrow_mut().answer(&document, |people| {
                let plain = anstyle::Style::new();
                people.styled(&[(BAD, "failed"), (plain, kind.word()), (plain, id), (plain, why)])
            })
        })
    }

    fn count(&self, kind: Kind, became: Became) {
        let count = &self.counts[kind as usize][became as usize];
        count.set(count.get() + 1);
    }

    /// How many could not be copied.
    pub(super) fn failed(&self) -> u64 {
        Kind::ALL.map(|kind| self.counts[kind as usize][Became::Failed as usize].get()).iter().sum()
    }

    /// Shows the counts. `complete` is whether the copy came to its end.
    pub(super) fn finish(&self, complete: bool) -> io::Result<()> {
        self.progress.end();
        let counts = |kind: Kind| Became::ALL.map(|became| (became, self.counts[kind as usize][became as usize].get()));
        let mut document = json!({"report": {}, "dry_run": self.dry_run, "complete": complete});
        let mut table = Table::new(["", "CREATED", "UPDATED", "UNCHANGED", "DELETED", "FAILED"]);
        for kind in Kind::ALL {
            let counts = counts(kind);
            if kind == Kind::GroupChannel && counts.iter().all(|(_, count)| *count == 0) {
                continue;
            }
            let object = counts.iter().map(|(became, count)| (became.word().to_owned(), Value::from(*count)));
            document["report"][kind.plural()] = Value::Object(object.collect());
            let cells = counts.iter().map(|(_, count)| count.to_string());
            table.row(std::iter::once(kind.plural().replace('_', " ")).chain(cells));
        }
        self.output.borrow_mut().answer(&document, |people| {
            people.table(&table)?;
            if self.dry_run {
                people.faint("a dry run: nothing was written")?;
            }
            Ok(())
        })
    }
}
