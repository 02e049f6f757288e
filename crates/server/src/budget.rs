//! How much memory there is: what the machine has, or what the control group of the process is allowed.

use std::fs;
use std::path::Path;

use crate::config;

/// Of what there is, so much is for what clients can make grow. The rest is for the program itself, its database, and
/// what the kernel keeps for connections.
const SHARE_PERCENT: usize = 75;
/// What is taken when nothing can be found out.
const UNKNOWN_BYTES: usize = 1 << 30;

/// The budget that is configured, in bytes.
pub(crate) fn of(memory: config::Memory) -> usize {
    memory.budget_bytes.unwrap_or_else(of_this_machine)
}

/// The budget of a server that was not given one, in bytes.
fn of_this_machine() -> usize {
    let meminfo = fs::read_to_string("/proc/meminfo").ok();
    let machine = meminfo.as_deref().and_then(total_of);
    let group = fs::read_to_string("/proc/self/cgroup").ok();
    let limits = group.as_deref().map(limit_files).unwrap_or_default();
    let allowed = limits.iter().filter_map(|file| fs::read_to_string(Path::new(file)).ok()?.trim().parse().ok());
    let there_is = machine.into_iter().chain(allowed).min();
    there_is.map_or(UNKNOWN_BYTES, |bytes: usize| bytes / 100 * SHARE_PERCENT)
}

/// What the process takes of the machine's memory, in bytes, as the system has it.
pub(crate) fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    kibibytes(&status, "VmRSS:").map(|kibibytes| kibibytes * 1024)
}

fn total_of(meminfo: &str) -> Option<usize> {
    usize::try_from(kibibytes(meminfo, "MemTotal:")? * 1024).ok()
}

fn kibibytes(table: &str, name: &str) -> Option<u64> {
    let value = table.lines().find_map(|line| line.strip_prefix(name))?;
    value.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// The files that may hold a limit of the group that `/proc/self/cgroup` names, or of one above it. A file that says
/// `max`, and a number as large as the first version has for no limit, are none.
fn limit_files(cgroup: &str) -> Vec<String> {
    let mut files = Vec::new();
    for line in cgroup.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let (root, name) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            other if other.split(',').any(|controller| controller == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        let mut path = path.trim_end_matches('/');
        loop {
            files.push(format!("{root}{path}/{name}"));
            match path.rsplit_once('/') {
                Some((above, _)) => path = above,
                None => break,
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_a_group_and_of_those_above_it_count() {
        assert_eq!(
            limit_files("0::/system.slice/chat.service\n"),
            [
                "/sys/fs/cgroup/system.slice/chat.service/memory.max",
                "/sys/fs/cgroup/system.slice/memory.max",
                "/sys/fs/cgroup/memory.max",
            ]
        );
        assert_eq!(limit_files("0::/\n"), ["/sys/fs/cgroup/memory.max"]);
        assert_eq!(
            limit_files("5:cpu,cpuacct:/a\n4:memory:/docker/b\nnonsense\n"),
            [
                "/sys/fs/cgroup/memory/docker/b/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/docker/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            ]
        );
    }

    #[test]
    fn the_tables_of_the_kernel_are_read() {
        assert_eq!(total_of("MemTotal:       16384 kB\nMemFree:   1 kB\n"), Some(16 << 20));
        assert_eq!(total_of("MemFree:   1 kB\n"), None);
        assert!(resident_bytes().is_none_or(|bytes| bytes > 0));
        assert!(of_this_machine() > 0);
    }
}
