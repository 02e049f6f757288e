//! How far a copy is: a bar on a terminal, a line now and then elsewhere. It goes to standard error, so that standard output has
//! the report alone.

use std::cell::{Cell, RefCell};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a line is printed where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// What is shown.
pub(super) enum Progress {
    /// Nothing.
    Off,
    /// A bar.
    Bar(RefCell<ProgressBar>),
    /// Lines.
    Lines(Lines),
}

pub(super) struct Lines {
    phase: RefCell<String>,
    done: Cell<u64>,
    total: Cell<Option<u64>>,
    told: Cell<Instant>,
}

impl Progress {
    pub(super) fn new(quiet: bool) -> Self {
        match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Self::Off,
            (false, true) => Self::Bar(RefCell::new(ProgressBar::hidden())),
            (false, false) => Self::Lines(Lines {
                phase: RefCell::default(),
                done: Cell::new(0),
                total: Cell::new(None),
                told: Cell::new(Instant::now()),
            }),
        }
    }

    /// Something new begins.
    pub(super) fn begin(&self, phase: &str) {
        self.end();
        match self {
            Self::Off => {}
            Self::Bar(bar) => {
                let new = ProgressBar::no_length().with_message(phase.to_owned());
                // The templates are constants; one that was wrong would show as the default.
                let style = ProgressStyle::with_template("{msg:24} {wide_bar} {human_pos}/{human_len} {eta:>4}");
                new.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
                new.enable_steady_tick(Duration::from_millis(200));
                *bar.borrow_mut() = new;
            }
            Self::Lines(lines) => {
                *lines.phase.borrow_mut() = phase.to_owned();
                lines.done.set(0);
                lines.total.set(None);
                lines.told.set(Instant::now());
            }
        }
    }

    /// How many there are in all, as far as is known now.
    pub(super) fn total(&self, total: Option<u64>) {
        let Some(total) = total else { return };
        match self {
            Self::Off => {}
            Self::Bar(bar) => bar.borrow().set_length(total),
            Self::Lines(lines) => lines.total.set(Some(total)),
        }
    }

    /// So many more are done.
    pub(super) fn done(&self, more: u64) {
        match self {
            Self::Off => {}
            Self::Bar(bar) => bar.borrow().inc(more),
            Self::Lines(lines) => {
                lines.done.set(lines.done.get() + more);
                if lines.told.get().elapsed() >= LINE_EVERY {
                    lines.tell();
                }
            }
        }
    }

    /// What was begun is over.
    pub(super) fn end(&self) {
        match self {
            Self::Off => {}
            Self::Bar(bar) => bar.borrow().finish_and_clear(),
            Self::Lines(lines) if lines.phase.borrow().is_empty() => {}
            Self::Lines(lines) => {
                lines.tell();
                lines.phase.borrow_mut().clear();
            }
        }
    }

    /// Prints something that is not progress, without disturbing the bar.
    pub(super) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match self {
            Self::Bar(bar) => bar.borrow().suspend(print),
            Self::Off | Self::Lines(_) => print(),
        }
    }
}

impl Lines {
    fn tell(&self) {
        let total = self.total.get().map(|total| format!(" of {total}")).unwrap_or_default();
        eprintln!("{}: {}{total}", self.phase.borrow(), self.done.get());
        self.told.set(Instant::now());
    }
}
