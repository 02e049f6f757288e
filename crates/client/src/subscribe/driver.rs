//! Does what the machine says: sends its requests, tells it what came of them and how time passes, and hands out its events.
//!
//! One future, which whoever starts it polls. It holds at most one poll, one heartbeat and one leave, and the events of one
//! answer: the next poll is sent when all readers have room for what the last one brought. A reader that takes nothing for
//! [`PATIENCE`] is not waited for any more until it reads again; it loses its oldest events, and is told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::event::Event;
use super::hub::{Hub, Reply, Wish};
use super::interest::Holder;
use super::machine::{self, Ask, Audience, Failure, Id, Machine, Output, Polled};
use super::requests::{self, places, text_of};
use crate::call::Options;
use crate::calls::presence::{Heartbeat, Leave, PresenceResult};
use crate::client::Core;
use crate::operation::Operation;
use crate::transport::BoxFuture;

/// How long the readers that are quick wait for one that is not.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the last leave may take.
pub(crate) const FAREWELL: Duration = Duration::from_secs(2);

/// Time, as [`Caller::drive`](crate::Caller::drive) needs it: for programs without the runtime of this crate.
///
/// ```
/// use hereabouts::{BoxFuture, Timer};
/// use std::time::{Duration, Instant};
///
/// struct Tokio(Instant);
///
/// impl Timer for Tokio {
///     fn now(&self) -> Duration {
///         self.0.elapsed()
///     }
///
///     fn sleep(&self, time: Duration) -> BoxFuture<()> {
///         Box::pin(tokio::time::sleep(time))
///     }
/// }
/// ```
pub trait Timer: Send + Sync + 'static {
    /// How much time has passed since some fixed point. Never goes back.
    fn now(&self) -> Duration;

    /// Completes after that time.
    fn sleep(&self, time: Duration) -> BoxFuture<()>;
}

/// A request that is under way.
struct Exchange<T> {
    id: Id,
    outcome: BoxFuture<Result<T, Failure>>,
}

/// Runs the subscriptions of one client.
pub(crate) struct Driver<T> {
    hub: Arc<Hub>,
    core: Arc<Core>,
    timer: T,
    machine: Machine,
    /// The next poll, which waits for the readers.
    next_poll: Option<machine::Poll>,
    poll: Option<Exchange<Polled>>,
    heartbeat: Option<Exchange<PresenceResult>>,
    leave: Option<Exchange<PresenceResult>>,
    /// Who waits for what comes of being connected or of leaving, by number.
    asking: BTreeMap<Ask, Reply>,
    last_ask: Ask,
    undelivered: VecDeque<(Audience, Event)>,
    /// Since when a reader is waited for.
    waiting_since: Option<Duration>,
    /// When it ends, left or not.
    farewell: Option<Duration>,
    alarm: Option<(Duration, BoxFuture<()>)>,
    ended: bool,
    done: bool,
}

impl<T: Timer> Driver<T> {
    pub(crate) fn new(hub: Arc<Hub>, core: Arc<Core>, timer: T) -> Self {
        Self {
            machine: Machine::new(core.config.machine()),
            hub,
            core,
            timer,
            next_poll: None,
            poll: None,
            heartbeat: None,
            leave: None,
            asking: BTreeMap::new(),
            last_ask: Ask(0),
            undelivered: VecDeque::new(),
            waiting_since: None,
            farewell: None,
            alarm: None,
            ended: false,
            done: false,
        }
    }

    /// Runs until it is told to stop, and all is left.
    pub(crate) async fn run(mut self) {
        std::future::poll_fn(|context| self.step(context)).await;
    }

    fn step(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let now = self.timer.now();
            let wished = self.grant(context, now);
            let happened = self.answers(context, now);
            if self.machine.deadline().is_some_and(|due| due <= now) {
                self.machine.handle_time(now);
            }
            let started = self.carry_out();
            self.deliver(context, now);
            if self.ended || self.farewell.is_some_and(|farewell| farewell <= now) {
                if self.hub.end_driver() {
                    self.done = true;
                    return Poll::Ready(());
                }
                self.begin_anew();
                continue;
            }
            let sent = self.send_poll();
            // What was started has to be looked at once, or nobody wakes this when it is done.
            if !wished && !happened && !started && !sent && self.rests(context, now) {
                return Poll::Pending;
            }
        }
    }

    /// Somebody subscribes again after the end.
    fn begin_anew(&mut self) {
        self.machine = Machine::new(self.core.config.machine());
        (self.next_poll, self.poll, self.heartbeat, self.leave) = (None, None, None, None);
        self.undelivered.clear();
        self.asking.clear();
        (self.waiting_since, self.farewell, self.ended) = (None, None, false);
    }

    /// Passes on what handles want.
    fn grant(&mut self, context: &Context<'_>, now: Duration) -> bool {
        if self.farewell.is_some() {
            // What is wished from now on is not of this life.
            return false;
        }
        let wishes = self.hub.take_wishes(context);
        let any = !wishes.is_empty();
        for wish in wishes {
            let machine = &mut self.machine;
            match wish {
                Wish::Subscribe { holder, names, from } => machine.subscribe(holder, &names, from, now),
                Wish::Unsubscribe { holder, names } => machine.unsubscribe(holder, names.as_ref(), now),
                Wish::UnsubscribeAll => machine.unsubscribe_all(now),
                Wish::Presence { connected, names, reply } => {
                    self.last_ask = Ask(self.last_ask.0 + 1);
                    self.asking.extend(reply.map(|reply| (self.last_ask, reply)));
                    machine.set_presence(connected, &names, self.last_ask, now);
                }
                Wish::State { names, state } => machine.set_state(&names, &state),
                Wish::Credentials => machine.set_credentials(now),
                Wish::Pause(why) => machine.pause(why, now),
                Wish::Resume => machine.resume(now),
                Wish::Stop => {
                    machine.stop(now);
                    self.farewell = Some(now + FAREWELL);
                }
            }
        }
        any
    }

    /// Passes on what came of requests.
    fn answers(&mut self, context: &mut Context<'_>, now: Duration) -> bool {
        let mut any = false;
        if let Some((id, outcome)) = arrived(&mut self.poll, context) {
            self.machine.handle_poll(id, outcome, now);
            any = true;
        }
        if let Some((id, outcome)) = arrived(&mut self.heartbeat, context) {
            self.machine.handle_heartbeat(id, outcome.map(drop), now);
            any = true;
        }
        if let Some((id, outcome)) = arrived(&mut self.leave, context) {
            self.machine.handle_leave(id, outcome.map(drop), now);
            any = true;
        }
        any
    }

    fn carry_out(&mut self) -> bool {
        let mut any = false;
        while let Some(output) = self.machine.next_output() {
            any = true;
            match output {
                Output::Poll(poll) => self.next_poll = Some(poll),
                Output::Cancel => (self.poll, self.next_poll) = (None, None),
                Output::Heartbeat(machine::Beat { id, names, states }) => {
                    self.heartbeat = Some(self.exchange(id, Heartbeat::at(places(&names), text_of(&states))));
                }
                Output::Leave(machine::Parting { id, names }) => {
                    self.leave = Some(self.exchange(id, Leave::at(places(&names))));
                }
                Output::Tell(audience, event) => self.undelivered.push_back((audience, event)),
                Output::Answer(ask, outcome) => {
                    if let Some(reply) = self.asking.remove(&ask) {
                        // Whoever asked may not wait any more.
                        let _ = reply.send(outcome);
                    }
                }
                Output::Ended => self.ended = true,
            }
        }
        any
    }

    /// Sends the next poll once its answer will find room.
    fn send_poll(&mut self) -> bool {
        if !self.undelivered.is_empty() {
            return false;
        }
        let Some(machine::Poll { id, names, cursor, states }) = self.next_poll.take() else { return false };
        self.poll = Some(self.exchange(id, requests::Poll { places: places(&names), cursor, states }));
        true
    }

    fn exchange<O: Operation>(&self, id: Id, operation: O) -> Exchange<O::Output> {
        let core = Arc::clone(&self.core);
        let outcome = async move { core.run(&operation, &Options::default()).await.result.map_err(Failure::from) };
        Exchange { id, outcome: Box::pin(outcome) }
    }

    /// Hands out events in their order, each to all whom it concerns, as long as they have room.
    fn deliver(&mut self, context: &Context<'_>, now: Duration) {
        if self.undelivered.is_empty() {
            return;
        }
        let readers = self.hub.readers();
        while let Some((audience, _)) = self.undelivered.front() {
            let hears = |holder| match audience {
                Audience::Everyone => true,
                // The listeners hear everything.
                Audience::Some(holders) => holder == Holder::CLIENT || holders.contains(&holder),
            };
            let hearers: Vec<_> = readers.iter().filter(|(holder, _)| hears(*holder)).map(|(_, queue)| queue).collect();
            let slow: Vec<_> =
                hearers.iter().filter(|queue| !queue.is_stalled() && !queue.has_room(context.waker())).collect();
            if !slow.is_empty() {
                if now < *self.waiting_since.get_or_insert(now) + PATIENCE {
                    return;
                }
                slow.iter().for_each(|queue| queue.stall());
            }
            self.waiting_since = None;
            let Some((_, event)) = self.undelivered.pop_front() else { return };
            hearers.iter().for_each(|queue| queue.push_over(event.clone()));
            #[cfg(target_arch = "wasm32")]
            self.hub.listeners.hear(&event);
        }
    }

    /// Sleeps until something is due. False when that is now.
    fn rests(&mut self, context: &mut Context<'_>, now: Duration) -> bool {
        let waiting = self.waiting_since.map(|since| since + PATIENCE);
        let Some(due) = [self.machine.deadline(), waiting, self.farewell].into_iter().flatten().min() else {
            self.alarm = None;
            return true;
        };
        if self.alarm.as_ref().is_none_or(|(at, _)| *at != due) {
            self.alarm = Some((due, self.timer.sleep(due.saturating_sub(now))));
        }
        let rang = self.alarm.as_mut().is_some_and(|(_, alarm)| alarm.as_mut().poll(context).is_ready());
        if rang {
            self.alarm = None;
        }
        !rang
    }
}

impl<T> Drop for Driver<T> {
    fn drop(&mut self) {
        if !self.done {
            self.hub.abandon();
        }
    }
}

/// What came of a request, if it came to its end.
fn arrived<T>(exchange: &mut Option<Exchange<T>>, context: &mut Context<'_>) -> Option<(Id, Result<T, Failure>)> {
    let under_way = exchange.as_mut()?;
    let Poll::Ready(outcome) = under_way.outcome.as_mut().poll(context) else { return None };
    exchange.take().map(|exchange| (exchange.id, outcome))
}

/// The clock and the timer of tokio.
#[cfg(feature = "http")]
pub(crate) struct TokioTimer(tokio::time::Instant);

#[cfg(feature = "http")]
impl TokioTimer {
    pub(crate) fn new() -> Self {
        Self(tokio::time::Instant::now())
    }
}

#[cfg(feature = "http")]
impl Timer for TokioTimer {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<()> {
        Box::pin(tokio::time::sleep(time))
    }
}
