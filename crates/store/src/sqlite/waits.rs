//! Whether a thread had to wait, or was made to.
//!
//! A thread that took long either waited for something, as for the disk, or the system gave its processor to another. The first
//! says that the next time may take as long; the second says that the machine is busy, and nothing of what the thread does.

/// How often this thread has given up its processor by itself, to wait for something. None where the system does not tell.
#[cfg(target_os = "linux")]
pub(super) fn of_this_thread() -> Option<i64> {
    use nix::sys::resource::{UsageWho, getrusage};
    getrusage(UsageWho::RUSAGE_THREAD).ok().map(|usage| usage.voluntary_context_switches())
}

/// How often this thread has given up its processor by itself, to wait for something. None where the system does not tell.
#[cfg(not(target_os = "linux"))]
pub(super) const fn of_this_thread() -> Option<i64> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::{Duration, Instant};

    use super::of_this_thread;

    #[test]
    fn a_thread_that_waits_for_what_does_not_come_has_waited() {
        let (_kept, nothing) = channel::<()>();
        let before = of_this_thread();
        assert!(nothing.recv_timeout(Duration::from_millis(1)).is_err());
        assert!(of_this_thread() > before);
    }

    #[test]
    fn a_thread_that_computes_has_not_waited_however_long_it_takes() {
        let (before, begun) = (of_this_thread(), Instant::now());
        while begun.elapsed() < Duration::from_millis(20) {}
        assert_eq!(of_this_thread(), before);
    }
}
