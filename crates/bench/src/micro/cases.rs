//! The cases: each does an operation so many times, on a set-up that does not depend on how many.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use engine::filter::{Facts, MessageFilter};
use engine::presence::{Device, Effects, Options, Page, Presence, Release, Seats};
use engine::pubsub::{Limits, Ticker, Timelines, Watched};
use wire::pubsub::{Kind, Message};
use wire::route::{Method, Route};
use wire::target::Target;
use wire::{ChannelName, InstanceId, Json, SubscribeKey, Timestamp, Timetoken, UserId};

pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    /// Enough for a figure that holds.
    pub(super) operations: u64,
    pub(super) run: fn(u64),
}

const fn case(name: &'static str, what: &'static str, operations: u64, run: fn(u64)) -> Case {
    Case { name, what, operations, run }
}

pub(super) const CASES: [Case; 15] = [
    case("join", "a user joins a channel of its own among 10,000 members", 10_000, join),
    case("renew-by-name", "a heartbeat of one of 10,000 members, by channel and user", 20_000, renew_by_name),
    case("renew-by-handle", "the same by the handle of its seat", 50_000, renew_by_handle),
    case("answer-a-poll", "a poll of one of 10,000 members is answered, which renews", 50_000, answer_a_poll),
    case("join-and-leave", "a user joins one of 100 channels, and leaves", 10_000, join_and_leave),
    case("lapse", "one of very many timeouts that are due is told", 10_000, lapse),
    case("count", "here now, occupancy of a channel with 100 members", 50_000, count),
    case("page", "here now, 1,000 of 5,000 members", 200, page),
    case("where-now", "the channels of a user who is on one", 20_000, where_now),
    case("publish", "a message into a stream that nobody waits on", 20_000, publish),
    case("park", "a poll waits on its stream, and gives its place back", 20_000, park),
    case("deliver", "a message to one who waits: woken, read, and parked again", 20_000, deliver),
    case("filter", "a filter of three terms over a message", 10_000, filter),
    case("route", "the route of a subscribe with six parameters", 20_000, route),
    case("envelope", "the envelope of a message of 24 bytes", 20_000, envelope),
];

const TIMEOUT: Duration = Duration::from_secs(300);
const NOON: Timestamp = Timestamp::from_millis(1_700_000_000_000);
static UNNAMED: InstanceId = InstanceId::unnamed();

/// A place as a request names it.
type Place = (ChannelName, Option<Json>);

#[expect(clippy::unwrap_used, reason = "names made here are names")]
fn channel(number: u64) -> ChannelName {
    ChannelName::new(format!("channel-{number:06}")).unwrap()
}

#[expect(clippy::unwrap_used, reason = "names made here are names")]
fn user(number: u64) -> UserId {
    UserId::new(format!("user-{number:015}")).unwrap()
}

fn device(user: &UserId) -> Device<'_> {
    Device { user, instance: &UNNAMED }
}

/// Members of 100 channels, in turn.
struct House {
    presence: Presence,
    effects: Effects,
    channels: Vec<Place>,
    users: Vec<UserId>,
    seats: Vec<Seats>,
}

impl House {
    fn with(members: u64, channels: u64) -> Self {
        let channels: Vec<Place> = (0..channels).map(|number| (channel(number), None)).collect();
        let users: Vec<UserId> = (0..members).map(user).collect();
        let (mut presence, mut effects) = (Presence::new(Options::default()), Effects::default());
        let join = |(number, user): (usize, &UserId)| {
            let place = std::slice::from_ref(&channels[number % channels.len()]);
            presence.arrive(device(user), place, TIMEOUT, NOON, &mut effects)
        };
        let seats = users.iter().enumerate().map(join).collect();
        Self { presence, effects: Effects::default(), channels, users, seats }
    }

    /// The nth of very many visits, which go round in steps.
    fn visit(&mut self, number: u64, what: impl FnOnce(&mut Presence, &UserId, &Place, &Seats, &mut Effects)) {
        let member = (number * 7919) as usize % self.users.len();
        let place = &self.channels[member % self.channels.len()];
        what(&mut self.presence, &self.users[member], place, &self.seats[member], &mut self.effects);
        self.effects.events.clear();
    }
}

fn join(operations: u64) {
    let mut house = House::with(10_000, 100);
    for number in 0..operations {
        let (user, place) = (user(1_000_000 + number), [(channel(1_000 + number), None)]);
        black_box(house.presence.arrive(device(&user), &place, TIMEOUT, NOON, &mut house.effects));
        house.effects.events.clear();
    }
}

fn renew_by_name(operations: u64) {
    let mut house = House::with(10_000, 100);
    for number in 0..operations {
        house.visit(number, |presence, user, place, _, effects| {
            black_box(presence.arrive(device(user), std::slice::from_ref(place), TIMEOUT, NOON, effects));
        });
    }
}

fn renew_by_handle(operations: u64) {
    let mut house = House::with(10_000, 100);
    for number in 0..operations {
        house.visit(number, |presence, _, _, seats, _| {
            assert!(presence.renew(seats, TIMEOUT, NOON));
        });
    }
}

fn answer_a_poll(operations: u64) {
    let mut house = House::with(10_000, 100);
    for number in 0..operations {
        house.visit(number, |presence, _, _, seats, effects| {
            presence.release(seats, Release::Answered, NOON, effects);
        });
    }
}

fn join_and_leave(operations: u64) {
    let mut house = House::with(10_000, 100);
    let guest = user(1_000_000);
    for number in 0..operations {
        house.visit(number, |presence, _, place, _, effects| {
            presence.arrive(device(&guest), std::slice::from_ref(place), TIMEOUT, NOON, effects);
            presence.leave(device(&guest), std::slice::from_ref(&place.0), NOON, effects);
        });
    }
}

fn lapse(operations: u64) {
    // The same set-up for any number of operations: more are due than are told.
    let mut house = House::with(40_000, 400);
    let late = NOON + 2 * TIMEOUT;
    for _ in 0..operations / 100 {
        house.presence.advance(late, 100, &mut house.effects);
        house.effects.events.clear();
    }
}

fn count(operations: u64) {
    let mut house = House::with(10_000, 100);
    for number in 0..operations {
        house.visit(number, |presence, _, place, _, _| {
            black_box(presence.here_now(&place.0, None, NOON));
        });
    }
}

fn page(operations: u64) {
    let house = House::with(5_000, 1);
    for _ in 0..operations {
        let page = Some(Page { limit: 1_000, offset: 0 });
        black_box(house.presence.here_now(&house.channels[0].0, page, NOON));
    }
}

fn where_now(operations: u64) {
    let mut house = House::with(10_000, 100);
    for number in 0..operations {
        house.visit(number, |presence, user, _, _, _| {
            black_box(presence.where_now(user, NOON));
        });
    }
}

/// Streams as a node has them, without what a node puts into them.
fn timelines() -> (Timelines<u64, Arc<()>>, Timetoken) {
    let now = Timetoken::from_ticks(17_000_000_000_000_000);
    let ticker = Arc::new(Ticker::above(Timetoken::ZERO));
    ticker.set_ceiling(now + Duration::from_secs(3_600));
    let limits = Limits { messages: 100, age: Duration::from_secs(1200), bytes: 1 << 30 };
    (Timelines::new(ticker, limits, now), now)
}

fn publish(operations: u64) {
    let (timelines, now) = timelines();
    let channel = channel(0);
    for number in 0..operations {
        black_box(timelines.publish(channel.clone(), now, 100, number));
    }
}

fn park(operations: u64) {
    let (timelines, now) = timelines();
    let (streams, waiter) = (["channel-000000"], Arc::new(()));
    for _ in 0..operations {
        if let Watched::Waiting(watch) = timelines.watch(&streams, now, &waiter) {
            timelines.unwatch(watch);
        }
    }
}

fn deliver(operations: u64) {
    let (timelines, now) = timelines();
    let (channel, waiter) = (channel(0), Arc::new(()));
    let streams = [channel.as_str()];
    let (mut cursor, mut watch) = (now, timelines.watch(&streams, now, &waiter));
    for number in 0..operations {
        let (_, woken) = timelines.publish(channel.clone(), now, 100, number);
        assert_eq!(woken.len(), 1);
        if let Watched::Waiting(watch) = watch {
            timelines.unwatch(watch);
        }
        let catch = timelines.catch_up(&streams, cursor, now);
        assert_eq!(catch.posts.len(), 1);
        cursor = catch.until;
        watch = timelines.watch(&streams, cursor, &waiter);
    }
}

#[expect(clippy::unwrap_used, reason = "it is a filter")]
fn filter(operations: u64) {
    let text = "meta.lang == 'en' && (data.size > 3 || data.kind LIKE 'news*')";
    let filter = MessageFilter::parse(text).unwrap();
    for _ in 0..operations {
        let facts =
            Facts::new(Some(r#"{"lang":"en","from":"ann"}"#), r#"{"text":"hello","size":2,"kind":"newsletter"}"#);
        black_box(filter.matches(&facts));
    }
}

fn route(operations: u64) {
    let target =
        "/v2/subscribe/demo/room/0?tt=17000000000000000&tr=1&uuid=ann&heartbeat=300&pnsdk=ours%2F1.0&requestid=6f1a";
    for _ in 0..operations {
        let target = Target::new(black_box(target));
        black_box(Route::of(Method::Get, &target).is_ok());
        black_box(target.query("tt").is_ok());
    }
}

#[expect(clippy::unwrap_used, reason = "names made here are names")]
fn envelope(operations: u64) {
    let key = SubscribeKey::new("demo").unwrap();
    let message = Message {
        kind: Kind::Message,
        channel: channel(0),
        publisher: Some("ann".into()),
        sequence: None,
        original: None,
        meta: None,
        message_type: None,
        payload: Json::parse(r#""~0000000001xxxxxxxxxxxxx""#).unwrap(),
    };
    let mut out = Vec::with_capacity(1024);
    for _ in 0..operations {
        out.clear();
        message.write_envelope(&mut out, &key, Timetoken::from_ticks(17_000_000_000_000_000));
        black_box(&out);
    }
}
