//! A clock that is moved by hand, for a driver that is run by hand.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use hereabouts::{BoxFuture, Client, Timer};

#[derive(Clone, Default)]
pub(super) struct ManualTimer(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    now: Duration,
    sleepers: Vec<(Duration, Waker)>,
}

/// So often everything else may run before time goes on: a wish, an exchange and an event take a few turns.
const TURNS: usize = 20;

impl ManualTimer {
    /// A clock, and a driver that runs by it.
    pub(super) fn driving(client: &Client) -> Self {
        let timer = Self::default();
        tokio::spawn(client.drive(timer.clone()));
        timer
    }

    pub(super) fn seconds(&self) -> u64 {
        self.now().as_secs()
    }

    fn set(&self, now: Duration) {
        let mut state = self.0.lock().unwrap();
        state.now = now;
        let (rung, asleep) = std::mem::take(&mut state.sleepers).into_iter().partition(|(due, _)| *due <= now);
        state.sleepers = asleep;
        drop(state);
        let rung: Vec<(Duration, Waker)> = rung;
        rung.into_iter().for_each(|(_, waker)| waker.wake());
    }

    /// Lets time pass, from alarm to alarm.
    pub(super) async fn pass(&self, time: Duration) {
        let end = self.now() + time;
        loop {
            turns().await;
            let next = self.0.lock().unwrap().sleepers.iter().map(|(due, _)| *due).min();
            match next.filter(|due| *due <= end) {
                Some(due) => self.set(due.max(self.now())),
                None => break,
            }
        }
        self.set(end);
        turns().await;
    }

    /// Lets so much time pass as something takes, and none while anything can be done without.
    pub(super) async fn until<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let woken = Arc::new(Woken::default());
        for _ in 0..10_000 {
            let waker = Waker::from(Arc::clone(&woken));
            if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
                return done;
            }
            turns().await;
            if woken.0.swap(false, Ordering::SeqCst) {
                continue;
            }
            let next = self.0.lock().unwrap().sleepers.iter().map(|(due, _)| *due).min();
            if let Some(due) = next {
                self.set(due.max(self.now()));
            }
        }
        panic!("it never happens");
    }
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

async fn turns() {
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
}

impl Timer for ManualTimer {
    fn now(&self) -> Duration {
        self.0.lock().unwrap().now
    }

    fn sleep(&self, time: Duration) -> BoxFuture<()> {
        let timer = self.clone();
        let due = self.now() + time;
        Box::pin(std::future::poll_fn(move |context| {
            let mut state = timer.0.lock().unwrap();
            if state.now >= due {
                return Poll::Ready(());
            }
            state.sleepers.push((due, context.waker().clone()));
            Poll::Pending
        }))
    }
}
