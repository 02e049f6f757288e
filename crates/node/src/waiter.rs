//! What wakes a parked poll.

use std::sync::Arc;

use tokio::sync::Notify;

/// The handle that a poll leaves on its streams. Notifying it once is enough; more often does no harm.
pub(crate) type Waiter = Arc<Notify>;

/// How many polls a publisher wakes itself. Waking costs some 100 ns each, so this bounds what a publish waits for its
/// fan-out to about 10 µs; the rest is woken by a task of its own.
const WAKE_INLINE: usize = 128;

pub(crate) fn wake(mut woken: Vec<Waiter>) {
    let rest = if woken.len() > WAKE_INLINE { woken.split_off(WAKE_INLINE) } else { Vec::new() };
    for waiter in woken {
        waiter.notify_one();
    }
    if rest.is_empty() {
        return;
    }
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn(wake_slowly(rest))),
        Err(_) => rest.iter().for_each(|waiter| waiter.notify_one()),
    }
}

async fn wake_slowly(woken: Vec<Waiter>) {
    for slice in woken.chunks(WAKE_INLINE) {
        slice.iter().for_each(|waiter| waiter.notify_one());
        tokio::task::yield_now().await;
    }
}
