//! Channels and channel groups: where something is to happen, or to be seen.

use crate::call::Call;
use crate::error::Error;
use crate::names::Names;
use crate::operation::Operation;
use crate::request::Request;

/// Channels and channel groups.
///
/// ```
/// use hereabouts::Places;
///
/// let places = Places { channels: vec!["kitchen".into(), "hall".into()], groups: Vec::new() };
/// assert_eq!((places.segment().as_str(), places.only_channel()), ("kitchen,hall", None));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Channels.
    pub channels: Vec<String>,
    /// Channel groups.
    pub groups: Vec<String>,
}

impl Places {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.groups.is_empty()
    }

    /// The one channel that is named, when nothing else is.
    #[must_use]
    pub fn only_channel(&self) -> Option<&str> {
        match (self.channels.as_slice(), self.groups.as_slice()) {
            ([channel], []) => Some(channel),
            _ => None,
        }
    }

    /// The path segment that names the channels; a comma alone stands for none.
    #[must_use]
    pub fn segment(&self) -> String {
        if self.channels.is_empty() { ",".to_owned() } else { self.channels.join(",") }
    }

    /// The request with the groups.
    #[must_use]
    pub fn with_groups(&self, request: Request) -> Request {
        request.with_some("channel-group", (!self.groups.is_empty()).then(|| self.groups.join(",")))
    }

    /// An error if there are none.
    pub(crate) fn require(&self) -> Result<(), Error> {
        if self.is_empty() { Err(Error::usage("this call needs a channel or a channel group")) } else { Ok(()) }
    }

    pub(crate) fn add_channels(&mut self, names: impl Names) {
        add(&mut self.channels, names.names());
    }

    pub(crate) fn add_groups(&mut self, names: impl Names) {
        add(&mut self.groups, names.names());
    }
}

/// Adds names, each once.
fn add(to: &mut Vec<String>, names: Vec<String>) {
    for name in names {
        if !to.contains(&name) {
            to.push(name);
        }
    }
}

/// Operations on channels and channel groups.
pub trait OnPlaces: Operation {
    /// The channels and groups that it names so far.
    fn places_mut(&mut self) -> &mut Places;
}

impl<M, O: OnPlaces> Call<M, O> {
    /// These channels as well: a name, a list of names, an array or a tuple.
    pub fn channels(mut self, channels: impl Names) -> Self {
        self.operation.places_mut().add_channels(channels);
        self
    }

    /// The channels of these groups as well.
    pub fn channel_groups(mut self, groups: impl Names) -> Self {
        self.operation.places_mut().add_groups(groups);
        self
    }
}
