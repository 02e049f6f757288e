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
            let (of, field) = name.split_once('.').map_or((name, None), |(of, field)| (of, Some(field)));
            match field {
                None if include.own.add(name) => {}
                None if name == "totalCount" => include.total = true,
                None if is(of, joined) => _ = include.joined.get_or_insert_default(),
                Some(field) if is(of, joined) => {
                    let mut shown = include.joined.unwrap_or_default();
                    if shown.add(field) {
                        include.joined = Some(shown);
                    }
                }
                None | Some(_) => {}
            }
        }
        include
    }
}

fn is(name: &str, kind: Option<Kind>) -> bool {
    kind.is_some_and(|kind| kind.as_str() == name)
}
