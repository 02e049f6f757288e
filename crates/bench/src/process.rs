//! What a process used, as the kernel counts it; and where it runs.

use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Resource, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};

/// A process of this machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process {
    id: u32,
}

impl Process {
    pub(crate) fn new(id: u32) -> Self {
        Self { id }
    }

    /// This one.
    pub(crate) fn own() -> Self {
        Self::new(std::process::id())
    }

    /// CPU time used so far by all threads that still run. In nanoseconds from the scheduler: the clock of `stat` has ticks
    /// of 10 ms.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.id))? {
            let line = std::fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            nanoseconds += line.split(' ').next().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Resident memory that is the program's own, without files, in bytes.
    pub(crate) fn memory(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).context("no RssAnon")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }
}

/// Where the servers and the generator run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores {
    pub(crate) server: usize,
    pub(crate) generator: usize,
}

impl Cores {
    /// The first core for servers, and the last for this thread, which is pinned to it. None when there is but one.
    pub(crate) fn split() -> Result<Option<Self>> {
        let count = std::thread::available_parallelism()?.get();
        if count < 2 {
            return Ok(None);
        }
        let cores = Self { server: 0, generator: count - 1 };
        let mut set = CpuSet::new();
        set.set(cores.generator);
        sched_setaffinity(None, &set)?;
        Ok(Some(cores))
    }
}

/// Asks for as many open files as the system grants; servers inherit it. Answers how many that are.
pub(crate) fn raise_open_files() -> Result<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let most = limit.maximum.unwrap_or(u64::MAX);
    setrlimit(Resource::Nofile, limit)?;
    Ok(most)
}
