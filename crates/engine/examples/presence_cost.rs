//! What presence costs: bytes a member, and nanoseconds an operation on one thread.
//!
//! `cargo run --release -p hereabouts-engine --example presence_cost [MEMBERS]` prints figures and judges none of
//! them. Members are visited in random order, which is what clients do and what a cache likes least.

use std::time::{Duration, Instant};

use engine::presence::{Device, Effects, Options, Page, Presence, Release, SaveCursor, Seats};
use wire::{ChannelName, InstanceId, Json, Timestamp, UserId};

const CHANNELS: usize = 10_000;
const TIMEOUT: Duration = Duration::from_secs(300);
/// As many as a node looks at before it gives the lock back.
const LOOKS_A_TURN: usize = 256;

type Place = (ChannelName, Option<Json>);

fn main() {
    let count: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let large = count / 10;
    println!("{count} members, ids of 20 bytes, {CHANNELS} channels, one of them with {large}");

    let channels: Vec<Place> = (0..CHANNELS).map(|index| (name(&format!("channel-{index:06}")), None)).collect();
    let mut random = Random(1);
    let mut members: Vec<(UserId, usize)> =
        (0..count).map(|index| (user(index), if index < large { 0 } else { 1 + random.below(CHANNELS - 1) })).collect();
    let (mut presence, mut effects) = (Presence::new(Options::default()), Effects::default());
    let mut now = Timestamp::from_millis(1_700_000_000_000);

    random.shuffle(&mut members);
    let (before, start, mut longest) = (resident_bytes(), Instant::now(), Duration::ZERO);
    for (user, channel) in &members {
        let one = Instant::now();
        let place = &channels[*channel..=*channel];
        let seats = presence.arrive(device(user), place, TIMEOUT, now, &mut effects);
        longest = longest.max(one.elapsed());
        effects.events.clear();
        std::hint::black_box(&seats);
    }
    report("join (with two looks at the clock)", start, count);
    println!("{:>12} µs  longest join", longest.as_micros());
    if let (Some(before), Some(after)) = (before, resident_bytes()) {
        println!("{:>12.1} B   a member, by resident memory", (after - before) as f64 / count as f64);
    }

    random.shuffle(&mut members);
    let mut handles: Vec<Seats> = Vec::with_capacity(count);
    let start = Instant::now();
    for (user, channel) in &members {
        let seats = presence.arrive(device(user), &channels[*channel..=*channel], TIMEOUT, now, &mut effects);
        handles.push(seats);
    }
    report("renew by name", start, count);

    let start = Instant::now();
    for seats in &handles {
        std::hint::black_box(presence.renew(seats, TIMEOUT, now));
    }
    report("renew by handle, random order", start, count);
    let start = Instant::now();
    for _ in 0..count {
        std::hint::black_box(presence.renew(&handles[0], TIMEOUT, now));
    }
    report("renew by handle, the same one", start, count);
    let start = Instant::now();
    for seats in &handles {
        presence.release(seats, Release::Answered, now, &mut effects);
    }
    report("answer a poll", start, count);

    let start = Instant::now();
    for _ in 0..count {
        std::hint::black_box(presence.here_now(&channels[0].0, None, now));
    }
    report("here now, occupancy of the largest", start, count);
    let page = |limit, offset| Some(Page { limit, offset });
    let start = Instant::now();
    for _ in 0..1_000 {
        std::hint::black_box(presence.here_now(&channels[0].0, page(1_000, 0), now));
    }
    report("here now, first 1,000 of the largest", start, 1_000);
    let start = Instant::now();
    for _ in 0..20 {
        std::hint::black_box(presence.here_now(&channels[0].0, page(1_000, large.saturating_sub(1_000)), now));
    }
    report("here now, last 1,000 of the largest", start, 20);
    let start = Instant::now();
    for _ in 0..20 {
        std::hint::black_box(presence.here_now(&channels[0].0, page(large, 0), now));
    }
    report("here now, all of the largest", start, 20);
    let start = Instant::now();
    for (user, _) in &members {
        std::hint::black_box(presence.where_now(user, now));
    }
    report("where now", start, count);
    let start = Instant::now();
    std::hint::black_box(presence.occupied(None, now));
    report("occupied channels, all", start, 1);

    let (start, mut saved, mut from, mut longest) = (Instant::now(), 0, Some(SaveCursor::default()), Duration::ZERO);
    while let Some(cursor) = from {
        let one = Instant::now();
        let (seats, next) = presence.save(cursor, 1_000, now);
        longest = longest.max(one.elapsed());
        saved += seats.len();
        from = next;
    }
    report("save", start, saved.max(1));
    println!("{:>12} µs  longest portion of 1,000", longest.as_micros());

    random.shuffle(&mut members);
    let leavers = &members[..count / 10];
    let start = Instant::now();
    for (user, channel) in leavers {
        presence.leave(device(user), std::slice::from_ref(&channels[*channel].0), now, &mut effects);
        effects.events.clear();
    }
    report("leave", start, leavers.len());
    for (user, channel) in leavers {
        presence.arrive(device(user), &channels[*channel..=*channel], TIMEOUT, now, &mut effects);
        effects.events.clear();
    }

    // Steady state: everybody renews every 100 s, in random order; time moves by 50 ms. All have joined within 25.6 s, so
    // their seats stand in one list of the wheel: they all come to be looked at in one tick, in as many turns as it takes.
    let (mut spent, mut longest, mut longest_turn, mut next) = (Duration::ZERO, Duration::ZERO, Duration::ZERO, 0);
    let (ticks, each) = (12_000, count.div_ceil(2_000));
    for _ in 0..ticks {
        now = now + Duration::from_millis(50);
        for _ in 0..each {
            let (user, channel) = &members[next % count];
            presence.arrive(device(user), &channels[*channel..=*channel], TIMEOUT, now, &mut effects);
            next += 1;
        }
        let start = Instant::now();
        loop {
            let one = Instant::now();
            let more = presence.advance(now, LOOKS_A_TURN, &mut effects);
            longest_turn = longest_turn.max(one.elapsed());
            if !more {
                break;
            }
        }
        spent += start.elapsed();
        longest = longest.max(start.elapsed());
    }
    println!("{:>12.2} µs  a tick of 50 ms while all renew, mean", spent.as_secs_f64() * 1e6 / f64::from(ticks));
    println!("{:>12} µs  longest tick, all its turns; {} lapsed", longest.as_micros(), effects.lapsed);
    println!("{:>12} µs  longest turn", longest_turn.as_micros());

    now = now + Duration::from_secs(4_000);
    let start = Instant::now();
    std::hint::black_box(presence.here_now(&channels[0].0, None, now));
    report("occupancy of the largest while all is due, the first time", start, 1);
    presence.advance(now, LOOKS_A_TURN, &mut effects);
    let start = Instant::now();
    std::hint::black_box(presence.here_now(&channels[0].0, None, now));
    report("the same after a turn", start, 1);
    let (start, mut longest) = (Instant::now(), Duration::ZERO);
    loop {
        let one = Instant::now();
        let more = presence.advance(now, LOOKS_A_TURN, &mut effects);
        effects.events.clear();
        longest = longest.max(one.elapsed());
        if !more {
            break;
        }
    }
    report("lapse, all at once", start, effects.lapsed.max(1));
    println!("{:>12} ms  all {} of them", start.elapsed().as_millis(), effects.lapsed);
    println!("{:>12} µs  longest turn", longest.as_micros());
}

/// The device of a client that does not name it.
fn device(user: &UserId) -> Device<'_> {
    static UNNAMED: InstanceId = InstanceId::unnamed();
    Device { user, instance: &UNNAMED }
}

fn report(what: &str, start: Instant, count: usize) {
    println!("{:>12.1} ns  {what}", start.elapsed().as_secs_f64() * 1e9 / count as f64);
}

#[expect(clippy::unwrap_used, reason = "names made here are names")]
fn name(text: &str) -> ChannelName {
    ChannelName::new(text).unwrap()
}

#[expect(clippy::unwrap_used, reason = "ids made here are ids")]
fn user(index: usize) -> UserId {
    UserId::new(format!("user-{index:015}")).unwrap()
}

/// Where the system tells it.
fn resident_bytes() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(text.split(' ').nth(1)?.parse::<usize>().ok()? * 4096)
}

/// SplitMix64: the same numbers in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last + 1);
            items.swap(last, other);
        }
    }
}
