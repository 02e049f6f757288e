//! `include`: which parts of a record a reply shows.

use super::Kind;

/// What a reply shows beside the default fields.
///
/// ```
/// use wire::context::{Include, Kind, Shown};
/// let include = Include::parse("custom, channel.type,uuid", Some(Kind::Channel));
/// assert_eq!(include.own, Shown { custom: true, ..Shown::default() });
/// assert_eq!(include.joined, Some(Shown { type_: true, ..Shown::default() }), "and the default fields of the channel");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Include {
    /// Fields of the listed record itself: of the membership, in lists of memberships.
    pub own: Shown,
    /// The metadata at the other end of a membership, and which of its fields.
    pub joined: Option<Shown>,
    /// `totalCount`, in lists.
    pub total: bool,
}

/// Fields that are shown only when they are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// `custom`
    pub custom: bool,
    /// `status`
    pub status: bool,
    /// `type`
    pub type_: bool,
}

impl Shown {
    /// Everything.
    pub const ALL: Self = Self { custom: true, status: true, type_: true };

    fn add(&mut self, name: &str) -> bool {
        match name {
            "custom" => self.custom = true,
            "status" => self.status = true,
            "type" => self.type_ = true,
            _ => return false,
        }
        true
    }
}

impl Include {
    /// Reads a comma list. `joined` is the kind at the other end of a membership, in lists of memberships.
    /// Unknown names are passed over.
    #[must_use]
    pub fn parse(list: &str, joined: Option<Kind>) -> Self {
        let mut include = Self::default();
        for name in list.split(',').map(str::trim) {
            if include.own.add(name) {
                continue;
            }
            if name == "totalCount" {
                include.total = true;
            }
            let below = joined.and_then(|kind| name.strip_prefix(kind.as_str()));
            match below.map(|rest| rest.strip_prefix('.').unwrap_or(rest)) {
                // `channel` alone; `channelname` is another name, which is unknown.
                Some("") => _ = include.joined.get_or_insert_default(),
                Some(field) if below.is_some_and(|rest| rest.starts_with('.')) => {
                    let mut shown = include.joined.unwrap_or_default();
                    if shown.add(field) {
                        include.joined = Some(shown);
                    }
                }
                Some(_) | None => {}
            }
        }
        include
    }
}
