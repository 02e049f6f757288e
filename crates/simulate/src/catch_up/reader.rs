//! A subscriber, and the judge of what it gets.

use std::collections::VecDeque;

use engine::pubsub::{Catch, Limits};
use wire::{ChannelName, Timetoken};

use super::{Body, Options, Truth};
use crate::dice::Dice;
use crate::violation::{Gate, Violation};

/// Polls that are remembered.
const POLLS: usize = 10;

#[derive(Clone, Debug)]
pub(crate) struct Reader {
    who: usize,
    names: Vec<String>,
    /// The channels that each stream carries, and the number of the next message of each.
    wants: Vec<Vec<(usize, usize)>>,
    cursor: Timetoken,
    /// What was published before this is not known to the server any more.
    forgotten: Timetoken,
    due: usize,
    away: bool,
    polls: VecDeque<String>,
}

impl Reader {
    pub(crate) fn new(
        who: usize,
        options: &Options,
        names: &[ChannelName],
        cursor: Timetoken,
        dice: &mut Dice,
    ) -> Self {
        let (mut own, mut wants) = (Vec::new(), Vec::new());
        for _ in 0..=dice.below(4) {
            let channel = dice.below(options.channels as u64) as usize;
            let is_pattern = dice.chance(0.3);
            let name = if is_pattern { format!("a{}.*", channel / 2) } else { names[channel].as_str().to_owned() };
            if own.contains(&name) {
                continue;
            }
            let pair = channel / 2 * 2..(channel / 2 * 2 + 2).min(names.len());
            wants.push(if is_pattern { pair.map(|channel| (channel, 0)).collect() } else { vec![(channel, 0)] });
            own.push(name);
        }
        let forgotten = Timetoken::ZERO;
        Self { who, names: own, wants, cursor, forgotten, due: 0, away: false, polls: VecDeque::new() }
    }

    pub(crate) fn streams(&self) -> &[String] {
        &self.names
    }

    pub(crate) fn cursor(&self) -> Timetoken {
        self.cursor
    }

    pub(crate) fn is_due(&self, turn: usize) -> bool {
        turn >= self.due
    }

    pub(crate) fn was_away(&self) -> bool {
        self.away
    }

    pub(crate) fn server_restarted(&mut self, start: Timetoken) {
        self.forgotten = start;
    }

    /// When it polls again: soon, or after a while.
    pub(crate) fn rest(&mut self, turn: usize, dice: &mut Dice) {
        self.away = dice.chance(0.05);
        self.due = turn + 1 + if self.away { dice.below(400) } else { dice.below(8) } as usize;
    }

    pub(crate) fn history(&self) -> Vec<String> {
        std::iter::once(format!("subscriber {} of {}", self.who, self.names.join(", ")))
            .chain(self.polls.clone())
            .collect()
    }

    /// Takes an answer. Answers how many messages are missing, and told of.
    pub(crate) fn take(&mut self, catch: &Catch<Body>, truth: &Truth, limits: &Limits) -> Result<u64, Violation> {
        self.remember(catch);
        let cursor = self.cursor;
        let refuse = |what: String| Err(Violation::new(Gate::R16, what));
        if !catch.posts.is_sorted_by_key(|caught| (caught.post.timetoken, caught.stream)) {
            return refuse("the messages are not in the order of their timetokens".to_owned());
        }
        if catch.until < cursor {
            return refuse(format!("the cursor goes back from {cursor} to {}", catch.until));
        }
        let waiting = self.waiting(truth, catch.until);
        let mut missing = 0;
        for caught in &catch.posts {
            let (timetoken, (channel, number)) = (caught.post.timetoken, caught.post.body);
            let (channel, number) = (channel as usize, number as usize);
            if timetoken <= cursor || timetoken > catch.until {
                return refuse(format!("{timetoken} is outside of {cursor} to {}", catch.until));
            }
            let Some((_, next)) = self.wants[caught.stream].iter_mut().find(|(wanted, _)| *wanted == channel) else {
                return refuse(format!("channel {channel} is not of stream {}", self.names[caught.stream]));
            };
            if truth.channels[channel].get(number) != Some(&timetoken) {
                return refuse(format!("message {number} of channel {channel} was not published at {timetoken}"));
            }
            if number < *next {
                return refuse(format!("message {number} of channel {channel} comes twice"));
            }
            missing += lost(&truth.channels[channel][*next..number], catch)?;
            *next = number + 1;
        }
        // What was published up to the new cursor and did not come will never come.
        for (channel, next) in self.wants.iter_mut().flatten() {
            let timetokens = &truth.channels[*channel];
            let end = *next + timetokens[*next..].partition_point(|timetoken| *timetoken <= catch.until);
            missing += lost(&timetokens[*next..end], catch)?;
            *next = end;
        }
        let kept = cursor >= self.forgotten && cursor > catch.until.minus(limits.age);
        if kept && waiting <= limits.messages && catch.gap.is_some() {
            return refuse(format!("a gap is told of, though only {waiting} messages were waiting"));
        }
        self.cursor = catch.until;
        Ok(missing)
    }

    /// How many messages wait: in all its streams together, or in the loudest of them where a pattern holds two channels.
    fn waiting(&self, truth: &Truth, until: Timetoken) -> usize {
        let count = |(channel, next): &(usize, usize)| {
            truth.channels[*channel][*next..].partition_point(|timetoken| *timetoken <= until)
        };
        self.wants.iter().flatten().map(count).sum()
    }

    fn remember(&mut self, catch: &Catch<Body>) {
        if self.polls.len() == POLLS {
            self.polls.pop_front();
        }
        let gap = catch.gap.map(|gap| format!(", gap {}..{}", gap.after, gap.until)).unwrap_or_default();
        self.polls.push_back(format!("{}..{}: {} messages{gap}", self.cursor, catch.until, catch.posts.len()));
    }
}

/// How many these are. All must lie in the gap that was told.
fn lost(timetokens: &[Timetoken], catch: &Catch<Body>) -> Result<u64, Violation> {
    let is_told =
        |timetoken: &Timetoken| catch.gap.is_some_and(|gap| *timetoken > gap.after && *timetoken <= gap.until);
    match timetokens.iter().find(|timetoken| !is_told(timetoken)) {
        Some(timetoken) => Err(Violation::new(Gate::R16, format!("{timetoken} is missing, and nothing says so"))),
        None => Ok(timetokens.len() as u64),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use engine::pubsub::{Gap, Ticker, Timelines};

    use super::*;

    const LIMITS: Limits = Limits { messages: 5, age: Duration::from_secs(1200), bytes: 1 << 20 };

    /// A subscriber of one channel on which so many messages wait, and what it would be answered with.
    fn waiting(count: usize) -> (Reader, Truth, Catch<Body>) {
        let now = Timetoken::from_ticks(17_000_000_000_000_000);
        let timelines: Timelines<Body, ()> = Timelines::new(Arc::new(Ticker::default()), LIMITS, now);
        let name = ChannelName::new("room").unwrap();
        let mut truth = Truth { channels: vec![Vec::new()], last: Timetoken::ZERO };
        for number in 0..count {
            let (post, _) = timelines.publish(name.clone(), now + Duration::from_secs(1), 10, (0, number as u32));
            truth.add(0, post.timetoken).unwrap();
        }
        let reader = Reader {
            who: 0,
            names: vec!["room".to_owned()],
            wants: vec![vec![(0, 0)]],
            cursor: now,
            forgotten: now,
            due: 0,
            away: false,
            polls: VecDeque::new(),
        };
        let catch = timelines.catch_up(reader.streams(), reader.cursor(), now + Duration::from_secs(2));
        (reader, truth, catch)
    }

    #[test]
    fn a_right_answer_is_taken_and_losses_that_are_told_are_counted() {
        for (count, missing) in [(0, 0), (1, 0), (5, 0), (6, 1), (40, 35)] {
            let (mut reader, truth, catch) = waiting(count);
            assert_eq!(reader.take(&catch, &truth, &LIMITS), Ok(missing), "{count}");
        }
    }

    #[test]
    fn each_way_of_answering_wrong_is_refused() {
        type Breaks = fn(&mut Catch<Body>);
        let breaks: [(&str, usize, Breaks); 8] = [
            ("the first message is lost", 5, |catch| drop(catch.posts.remove(0))),
            ("one in the middle is lost", 5, |catch| drop(catch.posts.remove(2))),
            ("the last message is lost", 5, |catch| drop(catch.posts.pop())),
            ("two are swapped", 5, |catch| catch.posts.swap(1, 2)),
            ("the cursor stays behind a message", 5, |catch| catch.until = catch.posts[3].post.timetoken),
            ("an overflow is hidden", 9, |catch| catch.gap = None),
            ("an overflow is told as too short", 9, |catch| {
                catch.gap = catch.gap.map(|gap| Gap { until: gap.until.previous(), ..gap });
            }),
            ("a gap is told where there is none", 4, |catch| {
                catch.gap = Some(Gap { after: Timetoken::ZERO, until: catch.until });
            }),
        ];
        for (what, count, breaks) in breaks {
            let (mut reader, truth, mut catch) = waiting(count);
            breaks(&mut catch);
            let refused = reader.take(&catch, &truth, &LIMITS);
            assert_eq!(refused.map_err(|violation| violation.gate), Err(Gate::R16), "{what}");
        }
    }

    #[test]
    fn a_message_that_comes_with_two_answers_is_refused() {
        let (mut reader, truth, catch) = waiting(3);
        let cursor = reader.cursor();
        reader.take(&catch, &truth, &LIMITS).unwrap();
        // As if the server had not looked at the cursor.
        reader.cursor = cursor;
        assert_eq!(reader.take(&catch, &truth, &LIMITS).unwrap_err().gate, Gate::R16);
    }
}
