//! What a cursor catches: the messages after it, merged over several streams.

use std::sync::Arc;

use smallvec::SmallVec;
use wire::Timetoken;

use super::timeline::{Post, Timeline};

/// What was waiting behind a cursor.
#[derive(Debug)]
pub struct Catch<M> {
    /// The messages, oldest first; one copy for each stream that carries it.
    pub posts: SmallVec<[Caught<M>; 1]>,
    /// The streams were read up to here: a cursor that misses nothing.
    pub until: Timetoken,
    /// Set when messages between the cursor and `until` are no longer kept.
    pub gap: Option<Gap>,
}

/// A message, and the stream that carried it.
#[derive(Debug)]
pub struct Caught<M> {
    /// The message.
    pub post: Arc<Post<M>>,
    /// The index of the stream in the request.
    pub stream: usize,
}

/// Messages after `after`, up to and including `until`, may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The cursor of the reader.
    pub after: Timetoken,
    /// The newest message that is known to be missing, or the point before which nothing is known.
    pub until: Timetoken,
}

impl Gap {
    /// What is missing from two readings, of which the second went on where the first had ended.
    #[must_use]
    pub fn both(first: Option<Self>, second: Option<Self>) -> Option<Self> {
        let (Some(first), Some(second)) = (first, second) else { return first.or(second) };
        Some(Self { after: first.after, until: first.until.max(second.until) })
    }
}

impl<M> Catch<M> {
    pub(super) fn new(until: Timetoken) -> Self {
        Self { posts: SmallVec::new(), until, gap: None }
    }

    /// Takes what one of the streams has after `after`.
    pub(super) fn read<W>(&mut self, timeline: &Timeline<M, W>, stream: usize, after: Timetoken) {
        let posts = timeline.between(after, self.until);
        self.posts.extend(posts.map(|post| Caught { post: Arc::clone(post), stream }));
        self.lose(after, timeline.lost_until());
    }

    /// Notes that messages up to and including `until` are no longer kept, if that is after `after`.
    pub(super) fn lose(&mut self, after: Timetoken, until: Timetoken) {
        if until > after {
            let until = self.gap.map_or(until, |gap| gap.until.max(until));
            self.gap = Some(Gap { after, until });
        }
    }

    /// Puts the streams' messages into one order, and keeps the newest `most` of them, each with all its copies.
    pub(super) fn merge(mut self, after: Timetoken, most: usize) -> Self {
        self.posts.sort_by_key(|caught| (caught.post.timetoken, caught.stream));
        let begins = |index: &usize| *index == 0 || self.timetoken(*index) != self.timetoken(*index - 1);
        let first = (0..self.posts.len()).rev().filter(begins).take(most).last().unwrap_or(0);
        if first > 0 {
            let until = self.timetoken(first - 1);
            self.lose(after, until);
            self.posts.drain(..first);
        }
        self
    }

    fn timetoken(&self, index: usize) -> Timetoken {
        self.posts[index].post.timetoken
    }
}
