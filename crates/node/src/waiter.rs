//! What wakes a parked poll.

/// What a poll leaves on its streams: the waker of the task that waits for it. Waking once is enough; more often does no
/// harm.
pub(crate) type Waiter = std::task::Waker;

/// How many polls a publisher wakes itself. Waking costs some 100 ns each, so this bounds what a publish waits for its
/// fan-out to about 10 µs; the rest is woken by a task of its own.
const WAKE_INLINE: usize = 128;

pub(crate) fn wake(mut woken: Vec<Waiter>) {
    let rest = if woken.len() > WAKE_INLINE { woken.split_off(WAKE_INLINE) } else { Vec::new() };
    woken.into_iter().for_each(Waiter::wake);
    if rest.is_empty() {
        return;
    }
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn(wake_slowly(rest))),
        Err(_) => rest.into_iter().for_each(Waiter::wake),
    }
}

async fn wake_slowly(woken: Vec<Waiter>) {
    let mut woken = woken.into_iter();
    while woken.len() > 0 {
        woken.by_ref().take(WAKE_INLINE).for_each(Waiter::wake);
        tokio::task::yield_now().await;
    }
}
