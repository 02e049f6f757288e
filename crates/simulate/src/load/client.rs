//! A client process's worth of connections: one for its poll, one for its calls, as SDKs have them.
//!
//! A client knows by its own watch when each of its renewals was sent and answered. From that follows what must be told of
//! it; where the machine was so slow that it does not follow, the client says so.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use testkit::{Connection, Reply};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use wire::{ChannelName, UserId};

use super::truth::{Mark, Marks};
use super::{GROUPS, HOLD, ROOMS, room};
use crate::dice::Dice;

/// How much later than its deadline a user is surely gone: a second is promised, the rest is for a busy machine.
const SURELY: Duration = Duration::from_secs(4);

/// What a client knows in the end.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) user: UserId,
    pub(super) keyset: &'static str,
    /// Where it is, with its state; the inner `None` is no state, the outer one that it does not know.
    pub(super) places: BTreeMap<ChannelName, Option<Option<String>>>,
    pub(super) marks: Marks,
    pub(super) deeds: Deeds,
}

/// What a client did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deeds {
    /// Requests that were answered, polls not counted.
    pub calls: u64,
    /// Stays that ended with a leave call.
    pub leaves: u64,
    /// Stays that ended with closed connections.
    pub closes: u64,
    /// Stays that ended with reset connections, as a killed process leaves them.
    pub resets: u64,
    /// Stays that ended with connections that stay open, in the middle of a request.
    pub stalls: u64,
    /// Returns on other connections before the timeout.
    pub returns: u64,
    /// Renewals that were so late that a timeout may have been told.
    pub unsure: u64,
}

/// What all clients of a run share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) address: SocketAddr,
    /// When they stop coming and going.
    pub(super) until: Instant,
    /// Turns to true when everything was compared.
    pub(super) compared: watch::Receiver<bool>,
    pub(super) accounts: mpsc::UnboundedSender<anyhow::Result<Account>>,
}

pub(super) struct Client {
    shared: Shared,
    dice: Dice,
    user: UserId,
    keyset: &'static str,
    timeout: Duration,
    /// What it asks for, as in a request: channels, a group or none, what it listens to; and what that comes to.
    channels: String,
    group: String,
    listens: String,
    rooms: Vec<ChannelName>,
    states: BTreeMap<ChannelName, Option<Option<String>>>,
    /// When the last renewal that was answered was sent.
    renewed: Instant,
    marks: Marks,
    deeds: Deeds,
}

/// The connections of one life.
struct Life {
    calls: Connection,
    poll: JoinHandle<anyhow::Result<Option<Connection>>>,
    orders: watch::Sender<Order>,
}

/// What the poll of a life is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// Go on.
    Poll,
    /// End with the next answer.
    End,
    /// Close the connection.
    Close,
    /// Reset the connection.
    Reset,
    /// Keep the connection, and do nothing with it.
    Freeze,
}

/// What is left of a life that ended without a word.
type Remains = Option<(Connection, JoinHandle<anyhow::Result<Option<Connection>>>)>;

impl Client {
    pub(super) fn new(shared: Shared, seed: u64, number: usize) -> Self {
        let mut dice = Dice::new(seed, number as u64);
        Self {
            user: UserId::new(format!("user-{number}")).unwrap_or_else(|_| unreachable!("it is a name")),
            keyset: if number.is_multiple_of(3) { "crowd" } else { "single" },
            timeout: Duration::from_secs(6 + dice.below(4)),
            dice,
            shared,
            channels: String::new(),
            group: String::new(),
            listens: String::new(),
            rooms: Vec::new(),
            states: BTreeMap::new(),
            renewed: Instant::now(),
            marks: Marks::new(),
            deeds: Deeds::default(),
        }
    }

    /// Comes and goes until time is over, hands in its account, and stays where it is until everything was compared.
    pub(super) async fn live(mut self) {
        let accounts = self.shared.accounts.clone();
        let life = self.come_and_go().await;
        let account = |client: &mut Self| Account {
            user: client.user.clone(),
            keyset: client.keyset,
            places: std::mem::take(&mut client.states),
            marks: std::mem::take(&mut client.marks),
            deeds: client.deeds,
        };
        // Nobody listens any more when another client has failed.
        match life {
            Err(error) => drop(accounts.send(Err(error.context(format!("{}", self.user))))),
            Ok(None) => drop(accounts.send(Ok(account(&mut self)))),
            Ok(Some(mut life)) => {
                drop(accounts.send(Ok(account(&mut self))));
                let mut compared = self.shared.compared.clone();
                while !*compared.borrow() {
                    if self.renew(&mut life).await.is_err() {
                        return;
                    }
                    let _ = tokio::time::timeout(self.timeout / 3, compared.changed()).await;
                }
                life.poll.abort();
            }
        }
    }

    /// Answers with the connections of a stay that goes on.
    async fn come_and_go(&mut self) -> anyhow::Result<Option<Life>> {
        sleep(Duration::from_millis(self.dice.below(3_000))).await;
        while !self.is_over() {
            self.choose();
            let mut life = self.arrive(true).await?;
            loop {
                self.stay(&mut life).await?;
                if self.is_over() {
                    return Ok(Some(life));
                }
                if self.dice.chance(0.4) {
                    self.leave(life).await?;
                    break;
                }
                let gone = self.vanish(life).await?;
                if self.dice.chance(0.3) {
                    // Back in time, on other connections: the stay goes on.
                    drop(gone);
                    sleep(Duration::from_millis(self.dice.below(1_000))).await;
                    self.deeds.returns += 1;
                    life = self.arrive(false).await?;
                    continue;
                }
                // A poll that was open is answered at the latest when its time is over, and that renews.
                sleep(self.timeout + HOLD + SURELY).await;
                drop(gone);
                self.mark(Mark::Timeout);
                self.states.clear();
                break;
            }
            sleep(Duration::from_millis(self.dice.below(1_000))).await;
        }
        Ok(None)
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.shared.until
    }

    fn choose(&mut self) {
        self.rooms.clear();
        self.group.clear();
        if self.dice.chance(0.3) {
            let (group, members) = *self.dice.pick(&GROUPS);
            group.clone_into(&mut self.group);
            self.rooms.extend(members.iter().map(|number| room(*number)));
        }
        let mut channels = Vec::new();
        for _ in 0..self.dice.below(3) + u64::from(self.group.is_empty()) {
            channels.push(room(self.dice.below(ROOMS as u64) as usize));
        }
        channels.sort();
        channels.dedup();
        self.channels = channels.iter().map(ChannelName::as_str).collect::<Vec<_>>().join(",");
        if self.channels.is_empty() {
            ",".clone_into(&mut self.channels);
        }
        self.listens.clone_from(&self.channels);
        if !channels.is_empty() && self.dice.chance(0.2) {
            self.listens += &format!(",{}-pnpres", channels[0]);
        }
        self.rooms.extend(channels);
        self.rooms.sort();
        self.rooms.dedup();
    }

    fn parameters(&self) -> String {
        let group = if self.group.is_empty() { String::new() } else { format!("&channel-group={}", self.group) };
        format!("uuid={}&heartbeat={}{group}", self.user, self.timeout.as_secs())
    }

    /// The target of a poll by its cursor; without the client, since polls go on beside it.
    fn polls(&self) -> impl Fn(u64) -> String + Send + 'static {
        let (keyset, listens, parameters) = (self.keyset, self.listens.clone(), self.parameters());
        move |cursor| format!("/v2/subscribe/{keyset}/{listens}/0?tt={cursor}&{parameters}")
    }

    /// Opens its connections and subscribes. `joins` says that it was nowhere before.
    async fn arrive(&mut self, joins: bool) -> anyhow::Result<Life> {
        let calls = Connection::open(self.shared.address).await?;
        let mut connection = Connection::open(self.shared.address).await?;
        let target_of = self.polls();
        let mut target = target_of(0);
        let state = self.dice.chance(0.5).then(|| format!(r#"{{"life":{}}}"#, self.dice.below(1_000)));
        if let Some(state) = &state {
            // By channel or group of the call; those of a group come with the group's.
            let names = self.channels.split(',').chain([self.group.as_str()]).filter(|name| !name.is_empty());
            let entries = names.map(|name| format!("\"{name}\":{state}")).collect::<Vec<_>>().join(",");
            target += &format!("&state={}", encoded(&format!("{{{entries}}}")));
        }
        let sent = Instant::now();
        let reply = right(connection.get(&target).await, &target)?;
        if joins {
            self.renewed = sent;
            self.mark(Mark::Join);
            self.states = self.rooms.iter().map(|room| (room.clone(), Some(None))).collect();
        } else {
            self.renewed_at(sent);
        }
        if state.is_some() {
            self.states.values_mut().for_each(|known| *known = Some(state.clone()));
        }
        let (orders, orders_of_poll) = watch::channel(Order::Poll);
        let poll = tokio::spawn(poll(connection, target_of, reply.timetoken(), orders_of_poll));
        Ok(Life { calls, poll, orders })
    }

    /// Renews for a while, and does what clients do.
    async fn stay(&mut self, life: &mut Life) -> anyhow::Result<()> {
        let long = if self.dice.chance(0.2) { 20_000 } else { 5_000 };
        let until = Instant::now() + Duration::from_millis(500 + self.dice.below(long));
        while Instant::now() < until && !self.is_over() {
            let rest = Duration::from_millis(self.dice.below(self.timeout.as_millis() as u64 / 3));
            sleep(rest.min(until.saturating_duration_since(Instant::now()))).await;
            self.renew(life).await?;
            match self.dice.below(6) {
                0 => self.set_state(life).await?,
                1 => {
                    let room = self.dice.pick(&self.rooms).clone();
                    self.call(life, format!("/publish/{0}/{0}/0/{room}/0/1?uuid={1}", self.keyset, self.user)).await?;
                }
                _ => {}
            }
        }
        if life.poll.is_finished() {
            drop((&mut life.poll).await??);
            anyhow::bail!("its polls ended by themselves");
        }
        Ok(())
    }

    async fn renew(&mut self, life: &mut Life) -> anyhow::Result<()> {
        let sent = Instant::now();
        let path = format!("/v2/presence/sub-key/{}/channel/{}/heartbeat", self.keyset, self.channels);
        self.call(life, format!("{path}?{}", self.parameters())).await?;
        self.renewed_at(sent);
        Ok(())
    }

    /// A renewal was answered now.
    fn renewed_at(&mut self, sent: Instant) {
        if self.renewed.elapsed() >= self.timeout {
            self.deeds.unsure += 1;
            self.mark(Mark::Perhaps);
            self.states.values_mut().for_each(|known| *known = None);
        }
        self.renewed = sent;
    }

    async fn set_state(&mut self, life: &mut Life) -> anyhow::Result<()> {
        let state = format!(r#"{{"mood":{}}}"#, self.dice.below(1_000));
        let path = format!("/v2/presence/sub-key/{}/channel/{}/uuid/{}/data", self.keyset, self.channels, self.user);
        self.call(life, format!("{path}?{}&state={}", self.parameters(), encoded(&state))).await?;
        self.states.values_mut().for_each(|known| *known = Some(Some(state.clone())));
        Ok(())
    }

    async fn call(&mut self, life: &mut Life, target: String) -> anyhow::Result<Reply> {
        self.deeds.calls += 1;
        right(life.calls.get(&target).await, &target)
    }

    /// Ends its polls and leaves: in this order, since a poll that arrives after the leave joins again.
    async fn leave(&mut self, mut life: Life) -> anyhow::Result<()> {
        life.orders.send_replace(Order::End);
        loop {
            match tokio::time::timeout(self.timeout / 4, &mut life.poll).await {
                Ok(ended) => break drop(ended??),
                Err(_) => self.renew(&mut life).await?,
            }
        }
        let path = format!("/v2/presence/sub-key/{}/channel/{}/leave", self.keyset, self.channels);
        self.call(&mut life, format!("{path}?{}", self.parameters())).await?;
        self.deeds.leaves += 1;
        self.mark(Mark::Leave);
        self.states.clear();
        Ok(())
    }

    /// Goes without a word. What it answers with stays open as long as it is kept.
    async fn vanish(&mut self, mut life: Life) -> anyhow::Result<Remains> {
        let (order, deed) = match self.dice.below(3) {
            0 => (Order::Close, &mut self.deeds.closes),
            1 => (Order::Reset, &mut self.deeds.resets),
            _ => (Order::Freeze, &mut self.deeds.stalls),
        };
        *deed += 1;
        life.orders.send_replace(order);
        match order {
            Order::Freeze => {
                life.calls.send("GET /v2/presence/sub-key/single/chan").await?;
                return Ok(Some((life.calls, life.poll)));
            }
            Order::Reset => life.calls.reset()?,
            Order::Poll | Order::End | Order::Close => drop(life.calls),
        }
        life.poll.await??;
        Ok(None)
    }

    fn mark(&mut self, mark: Mark) {
        for room in &self.rooms {
            self.marks.entry(room.clone()).or_default().push(mark);
        }
    }
}

/// Polls until it is ordered otherwise. Answers with a connection that is to stay open.
async fn poll(
    mut connection: Connection,
    target_of: impl Fn(u64) -> String,
    mut cursor: u64,
    mut orders: watch::Receiver<Order>,
) -> anyhow::Result<Option<Connection>> {
    loop {
        let target = target_of(cursor);
        let at_once = |order: &Order| matches!(order, Order::Close | Order::Reset | Order::Freeze);
        tokio::select! {
            reply = connection.get(&target) => cursor = right(reply, &target)?.timetoken(),
            order = orders.wait_for(at_once) => match order.map_or(Order::Close, |order| *order) {
                Order::Freeze => return Ok(Some(connection)),
                Order::Reset => return connection.reset().map(|()| None).map_err(Into::into),
                Order::Poll | Order::End | Order::Close => return Ok(None),
            },
        }
        if *orders.borrow() == Order::End {
            return Ok(None);
        }
    }
}

fn right(reply: io::Result<Reply>, target: &str) -> anyhow::Result<Reply> {
    let reply = reply.map_err(|why| anyhow::anyhow!("GET {target}: {why}"))?;
    anyhow::ensure!(reply.status == 200, "GET {target}: {} {}", reply.status, reply.text());
    Ok(reply)
}

/// JSON in a query.
fn encoded(json: &str) -> String {
    json.replace('{', "%7B").replace('}', "%7D").replace('"', "%22").replace(':', "%3A").replace(',', "%2C")
}
