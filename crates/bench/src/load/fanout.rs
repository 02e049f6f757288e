//! Messages to many subscribers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::outcome::{Outcome, Watch, record};
use super::sequence::{Faults, Sequence};
use super::swarm::Swarm;
use crate::process::Process;
use crate::report::histogram;
use crate::talk::{Heard, Talk};

/// What comes later than this is lost.
const PATIENCE: Duration = Duration::from_secs(5);
/// Subscribers that come at a time.
const GROUP: usize = 100;
/// From the last subscription until the first message.
const SETTLE: Duration = Duration::from_millis(300);

/// One message to many subscribers.
pub(crate) struct Fanout<'f> {
    pub(crate) server: Process,
    pub(crate) address: SocketAddr,
    /// The nth subscriber.
    pub(crate) subscriber: &'f dyn Fn(usize) -> Box<dyn Talk>,
    pub(crate) publisher: Box<dyn Talk>,
    pub(crate) subscribers: usize,
    /// Subscribers on top of them that never take what they are sent, and are not counted.
    pub(crate) stalled: usize,
    /// Messages that are published before the first of them has arrived.
    pub(crate) in_flight: u64,
    pub(crate) time: Duration,
}

/// Publishes, waits until all have everything, and again. The latency is the one of the last of all deliveries.
pub(crate) fn fanout(plan: Fanout<'_>) -> Result<Outcome> {
    let mut crowd = Listeners::new(plan.address, plan.publisher)?;
    let before = plan.server.memory()?;
    let all = plan.subscribers + plan.stalled;
    crowd.come(plan.subscriber, plan.subscribers, plan.stalled)?;
    let memory = plan.server.memory()?.saturating_sub(before) as f64;
    let memory_each = memory / all as f64;

    let mut latencies = histogram()?;
    let watch = Watch::start(plan.server)?;
    while watch.elapsed() < plan.time {
        let sent = Instant::now();
        crowd.tell(plan.in_flight, |_| {})?;
        record(&mut latencies, sent);
    }
    let outcome = watch.stop(crowd.deliveries, latencies)?;
    Ok(Outcome { faults: crowd.faults(), memory_each, ..outcome })
}

/// Subscribers, and the one who publishes to them.
pub(super) struct Listeners {
    swarm: Swarm,
    address: SocketAddr,
    publisher: usize,
    sequences: Vec<Sequence>,
    published: u64,
    deliveries: u64,
    lost: u64,
    heard: Vec<(usize, Heard)>,
}

impl Listeners {
    /// The publisher, and nobody who listens yet.
    pub(super) fn new(address: SocketAddr, publisher: Box<dyn Talk>) -> Result<Self> {
        let mut swarm = Swarm::new()?;
        let publisher = swarm.open(address, [publisher])?;
        let (sequences, heard) = (Vec::new(), Vec::new());
        Ok(Self { swarm, address, publisher, sequences, published: 0, deliveries: 0, lost: 0, heard })
    }

    /// Subscribers come, and after them those who take nothing from then on.
    pub(super) fn come(
        &mut self,
        subscriber: &dyn Fn(usize) -> Box<dyn Talk>,
        subscribers: usize,
        stalled: usize,
    ) -> Result<()> {
        // In small groups: the listener of a server has room for so many and no more.
        let all = subscribers + stalled;
        for first in (0..all).step_by(GROUP) {
            self.swarm.open(self.address, (first..all.min(first + GROUP)).map(subscriber))?;
        }
        self.settle()?;
        self.sequences = vec![Sequence::default(); subscribers];
        (self.publisher + 1 + subscribers..self.swarm.len()).for_each(|link| self.swarm.stall(link));
        Ok(())
    }

    /// One more comes, who takes nothing from now on. Answers its link.
    pub(super) fn come_and_stall(&mut self, talk: Box<dyn Talk>) -> Result<usize> {
        let link = self.swarm.open(self.address, [talk])?;
        self.settle()?;
        self.swarm.stall(link);
        Ok(link)
    }

    /// That one goes.
    pub(super) fn go(&mut self, link: usize) -> Result<()> {
        self.swarm.leave(link)?;
        self.settle()
    }

    /// The polls that were just sent get parked meanwhile, and the connections that were closed are seen off.
    fn settle(&mut self) -> Result<()> {
        let settled = Instant::now() + SETTLE;
        while Instant::now() < settled {
            self.swarm.turn(Some(Duration::from_millis(10)), &mut self.heard)?;
        }
        Ok(())
    }

    /// Publishes so many messages, and waits until all subscribers have them. `each` is told of how many deliveries came
    /// together.
    pub(super) fn tell(&mut self, messages: u64, mut each: impl FnMut(u64)) -> Result<()> {
        self.swarm.ask_all(self.publisher, self.published + 1..=self.published + messages)?;
        self.published += messages;
        let wanted = self.published * self.sequences.len() as u64 - self.lost;
        let mut progress = Instant::now();
        while self.deliveries < wanted {
            self.heard.clear();
            self.swarm.turn(Some(Duration::from_secs(1)), &mut self.heard)?;
            let before = self.deliveries;
            for (link, thing) in &self.heard {
                let sequence = self.sequences.get_mut(link.wrapping_sub(self.publisher + 1));
                if let (Heard::Message(number), Some(sequence)) = (thing, sequence) {
                    sequence.receive(*number);
                    self.deliveries += 1;
                }
            }
            if self.deliveries > before {
                progress = Instant::now();
                each(self.deliveries - before);
            }
            if progress.elapsed() > PATIENCE {
                self.lost += wanted - self.deliveries;
                break;
            }
        }
        Ok(())
    }

    pub(super) fn faults(&self) -> Faults {
        Faults::of(&self.sequences, self.published)
    }
}
