//! What must be in each reply, worked out from what happened.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use engine::pubsub::Gap;
use node::Keyset;
use wire::Timetoken;

use super::crowd::{CHANNELS, MOVING};
use crate::support::{listen, payload};

/// A message or an event that was published.
#[derive(Clone, Debug)]
pub(super) struct Post {
    pub(super) timetoken: Timetoken,
    pub(super) channel: String,
    pub(super) payload: String,
    /// What filters look at. None for events, to which filters do not apply.
    pub(super) even: Option<bool>,
}

/// A channel came to `moving`, or went, between two timetokens.
pub(super) struct Change {
    pub(super) channel: String,
    pub(super) added: bool,
    pub(super) before: Timetoken,
    pub(super) after: Timetoken,
}

/// An answer to a subscriber.
pub(super) struct Reply {
    pub(super) names: String,
    pub(super) even_only: bool,
    /// The cursor that was sent, and the one that came back.
    pub(super) after: Timetoken,
    pub(super) until: Timetoken,
    /// Drawn before the poll and after its answer.
    pub(super) asked: Timetoken,
    pub(super) answered: Timetoken,
    pub(super) gap: Option<Gap>,
    pub(super) items: Vec<Heard>,
}

#[derive(Debug)]
pub(super) struct Heard {
    pub(super) timetoken: Timetoken,
    pub(super) channel: String,
    pub(super) matched: String,
    pub(super) payload: String,
}

/// The channels of the groups that do not change.
pub(super) struct Streams(HashMap<&'static str, Vec<&'static str>>);

impl Streams {
    pub(super) fn of_groups(groups: &[(&'static str, &'static str)]) -> Self {
        Self(groups.iter().map(|(name, members)| (*name, members.split(' ').collect())).collect())
    }
}

/// Whether a channel is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carried {
    Yes,
    /// It may be or not: a change of the group was under way.
    Perhaps,
    No,
}

/// Everything that was published, and the stays of channels in the group that changes.
pub(super) struct Truth {
    posts: BTreeMap<Timetoken, Post>,
    last_message: Timetoken,
    stays: HashMap<String, Vec<Stay>>,
}

/// A stay of a channel in a group. Both ends are known up to a stretch.
struct Stay {
    begin: (Timetoken, Timetoken),
    end: (Timetoken, Timetoken),
}

impl Truth {
    pub(super) fn new(messages: Vec<Post>, events: Vec<Post>, changes: Vec<Change>) -> Self {
        let last_message = messages.iter().map(|post| post.timetoken).max().unwrap();
        let mut posts = BTreeMap::new();
        for post in messages.into_iter().chain(events) {
            let twice = posts.insert(post.timetoken, post);
            assert!(twice.is_none(), "a timetoken was given twice: {twice:?}");
        }
        let mut stays: HashMap<String, Vec<Stay>> = HashMap::new();
        for Change { channel, added, before, after } in changes {
            let stays = stays.entry(channel).or_default();
            match added {
                true => stays.push(Stay { begin: (before, after), end: (Timetoken::MAX, Timetoken::MAX) }),
                false => stays.last_mut().unwrap().end = (before, after),
            }
        }
        Self { posts, last_message, stays }
    }

    /// How often the group changed before the last message.
    pub(super) fn changes_in_time(&self) -> usize {
        let ends = |stay: &Stay| [stay.begin.1, stay.end.1];
        self.stays.values().flatten().flat_map(ends).filter(|moment| *moment < self.last_message).count()
    }

    /// Joins and ends alternate for each user of each channel, and each event has the occupancy after it.
    pub(super) fn check_presence(&self) {
        let mut here: HashMap<&str, BTreeSet<String>> = HashMap::new();
        for post in self.posts.values().filter(|post| post.even.is_none()) {
            let event: serde_json::Value = serde_json::from_str(&post.payload).unwrap();
            let (action, user) = (event["action"].as_str().unwrap(), event["uuid"].as_str().unwrap().to_owned());
            let users = here.entry(&post.channel).or_default();
            let is_change = match action {
                "join" => users.insert(user),
                "leave" => users.remove(&user),
                other => panic!("nobody should cause {other}"),
            };
            assert!(is_change, "not in turn: {post:?}");
            assert_eq!(event["occupancy"], users.len(), "{post:?}");
        }
    }

    pub(super) fn check_log(&self, who: usize, log: &[Reply], groups: &Streams) {
        for pair in log.windows(2) {
            assert_eq!(pair[0].until, pair[1].after, "subscriber {who} kept its cursor");
        }
        assert!(log.last().unwrap().until >= self.last_message, "subscriber {who} read to the end");
        for reply in log {
            self.check_reply(who, reply, groups);
        }
    }

    fn check_reply(&self, who: usize, reply: &Reply, groups: &Streams) {
        let Reply { names, after, until, gap, items, .. } = reply;
        let place = || format!("subscriber {who} with {names} ({after}..{until}], gap {gap:?}");
        assert!(items.is_sorted_by_key(|item| item.timetoken), "in order: {}", place());
        let mut got: BTreeSet<(Timetoken, &str)> = BTreeSet::new();
        for item in items {
            assert!(item.timetoken > *after && item.timetoken <= *until, "{item:?}: {}", place());
            assert!(got.insert((item.timetoken, &item.matched)), "twice: {item:?}: {}", place());
            let post = self.posts.get(&item.timetoken);
            let post = post.unwrap_or_else(|| panic!("nobody published {item:?}: {}", place()));
            assert_eq!((&item.channel, &item.payload), (&post.channel, &post.payload), "{}", place());
        }
        if after >= until {
            return;
        }
        let listed: Vec<&str> = names.split(' ').collect();
        for post in self.posts.range((Bound::Excluded(*after), Bound::Included(*until))).map(|(_, post)| post) {
            let is_wanted = !reply.even_only || post.even != Some(false);
            for name in &listed {
                let carried = if is_wanted { self.carried(name, &listed, post, reply, groups) } else { Carried::No };
                let is_here = got.remove(&(post.timetoken, name.trim_start_matches('@')));
                let is_told = gap.is_some_and(|gap| post.timetoken > gap.after && post.timetoken <= gap.until);
                match carried {
                    Carried::Yes => assert!(is_here || is_told, "missing on {name}: {post:?}: {}", place()),
                    Carried::No => assert!(!is_here, "not for {name}: {post:?}: {}", place()),
                    Carried::Perhaps => {}
                }
            }
        }
        assert!(got.is_empty(), "nobody asked for {got:?}: {}", place());
    }

    /// Whether a name of a request carries a message, by the words of the protocol page.
    fn carried(&self, name: &str, listed: &[&str], post: &Post, reply: &Reply, groups: &Streams) -> Carried {
        let channel = post.channel.as_str();
        let (base, is_event) = match channel.strip_suffix("-pnpres") {
            Some(base) => (base, true),
            None => (channel, false),
        };
        let yes = |yes: bool| if yes { Carried::Yes } else { Carried::No };
        let from = reply.asked.max(post.timetoken);
        if let Some(group) = name.strip_prefix('@') {
            // `g-pnpres` carries the events of the members; `g` what is published on a member, also on one that is the
            // presence stream of another channel.
            let (group, member) = match group.strip_suffix("-pnpres") {
                Some(_) if !is_event => return Carried::No,
                Some(group) => (group, base),
                None => (group, channel),
            };
            return match group {
                "moving" if member != "hall" => self.was_moving(member, from, reply.answered),
                _ => yes(groups.0[group].contains(&member)),
            };
        }
        match name.strip_suffix("-pnpres") {
            // One copy of an event, though both the pattern and its presence stream are listed.
            Some(pattern) if pattern.ends_with(".*") && listed.contains(&pattern) => Carried::No,
            Some(pattern) if pattern.ends_with(".*") => yes(is_event && is_below(base, pattern)),
            Some(_) => yes(channel == name),
            None if name.ends_with(".*") => yes(is_below(base, name)),
            None => yes(channel == name),
        }
    }

    fn was_moving(&self, member: &str, from: Timetoken, to: Timetoken) -> Carried {
        let stays = self.stays.get(member).map_or(&[][..], Vec::as_slice);
        if stays.iter().any(|stay| stay.begin.1 <= from && stay.end.0 >= to) {
            return Carried::Yes;
        }
        match stays.iter().any(|stay| stay.begin.0 <= to && stay.end.1 >= from) {
            true => Carried::Perhaps,
            false => Carried::No,
        }
    }
}

/// Whether `a.b` is below `a.*`. The channel that is literally named `a.*` is, too.
fn is_below(base: &str, pattern: &str) -> bool {
    base.starts_with(pattern.strip_suffix('*').unwrap())
}

/// All events, read by one reader when nobody writes any more.
pub(super) fn read_quietly(keyset: &Arc<Keyset>) -> Vec<Post> {
    let mut events = Vec::new();
    let more = ["a.*", "a.b.*", "b.*", "nothing-here"];
    let names: BTreeSet<&str> = CHANNELS.into_iter().chain(MOVING.split(' ')).chain(more).collect();
    for name in names {
        let mut cursor = Timetoken::from_ticks(17_000_000_000_000_000);
        loop {
            let batch = listen(&format!("{name}-pnpres")).after(cursor).now(keyset);
            if batch.items.is_empty() {
                break;
            }
            cursor = batch.cursor;
            // The presence stream of a pattern carries those of the channels below it, too.
            let own = batch.items.iter().filter(|item| item.channel().base() == name);
            events.extend(own.map(|item| Post {
                timetoken: item.timetoken(),
                channel: item.channel().to_string(),
                payload: payload(item),
                even: None,
            }));
        }
    }
    events
}
