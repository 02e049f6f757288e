//! What the kernel says of a process and of those that it started.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::time::Duration;

use anyhow::Context;

/// Ticks of the kernel's accounts. Linux shows programs 100 a second whatever it counts itself.
const TICK: Duration = Duration::from_millis(10);

/// CPU time used so far by a process and everything below it, also by threads and processes that have ended.
pub(super) fn cpu(root: u32) -> anyhow::Result<Duration> {
    let mut processes = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // It may have ended since the folder was read.
        if let Some(process) = fs::read_to_string(format!("/proc/{id}/stat")).ok().as_deref().and_then(Process::parse) {
            processes.insert(id, process);
        }
    }
    let mut below = HashSet::from([root]);
    while let Some(child) = processes
        .iter()
        .find(|(id, process)| below.contains(&process.parent) && !below.contains(*id))
        .map(|(id, _)| *id)
    {
        below.insert(child);
    }
    processes.get(&root).context("the process has ended")?;
    let ticks: u32 =
        below.iter().filter_map(|id| processes.get(id)).map(|process| process.own + process.of_children).sum();
    Ok(TICK * ticks)
}

/// CPU time used so far by this process, without those that it started.
pub(super) fn cpu_of_this() -> anyhow::Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    Ok(TICK * Process::parse(&stat).context("an unexpected /proc/self/stat")?.own)
}

/// Memory that is in use, in bytes.
pub(super) struct Memory {
    /// Of the program alone.
    pub(super) own: u64,
    /// With the files that it has mapped, its code among them.
    pub(super) resident: u64,
}

pub(super) fn memory(id: u32) -> anyhow::Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
        anyhow::Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    };
    Ok(Memory { own: field("RssAnon:")?, resident: field("VmRSS:")? })
}

struct Process {
    parent: u32,
    own: u32,
    /// Of its children that have ended.
    of_children: u32,
}

impl Process {
    /// Reads `/proc/ID/stat`: the name in brackets may hold anything, so fields are counted behind it.
    fn parse(stat: &str) -> Option<Self> {
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u32>().ok();
        Some(Self { parent: number(1)?, own: number(11)? + number(12)?, of_children: number(13)? + number(14)? })
    }
}
