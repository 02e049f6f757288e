//! A request for a list: which one, which part of it, and how it is shown.

use wire::RecordId;
use wire::context::{Fault, Include, Kind, Page, TextField};
use wire::target::Target;

use super::{Field, Filter, Item, Position, Row, Sort};

/// Which list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum List {
    /// All users, or all channels.
    Records(Kind),
    /// The memberships of a user, or the members of a channel.
    Memberships {
        /// Whose list it is.
        owner: Kind,
        /// Its id.
        id: RecordId,
    },
}

/// A kind of list: what its rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// Users, or channels.
    Records(Kind),
    /// Memberships of a user ([`Kind::User`]), or members of a channel.
    Memberships(Kind),
}

impl List {
    /// What its rows are.
    #[must_use]
    pub fn kind(&self) -> ListKind {
        match self {
            Self::Records(kind) => ListKind::Records(*kind),
            Self::Memberships { owner, .. } => ListKind::Memberships(*owner),
        }
    }
}

impl ListKind {
    /// The kind at the other end of the memberships that it lists.
    #[must_use]
    pub fn joined(self) -> Option<Kind> {
        match self {
            Self::Records(_) => None,
            Self::Memberships(owner) => Some(owner.other()),
        }
    }

    /// The field that a path names in a filter of this list.
    #[must_use]
    pub fn field(self, path: &[&str]) -> Option<Field> {
        match (self, path) {
            (Self::Records(kind), path) => {
                (path == ["id"]).then_some(Item::Id).or_else(|| item(kind.fields(), path)).map(Field::own)
            }
            (Self::Memberships(owner), [first, rest @ ..]) if *first == owner.other().as_str() => {
                (rest == ["id"]).then_some(Item::Id).or_else(|| item(owner.other().fields(), rest)).map(Field::joined)
            }
            (Self::Memberships(_), path) => item(TextField::OF_MEMBERSHIP, path).map(Field::own),
        }
    }
}

fn item(fields: &[TextField], path: &[&str]) -> Option<Item> {
    match path {
        ["updated"] => Some(Item::Updated),
        ["custom"] => Some(Item::WholeCustom),
        ["custom", name] => Some(Item::Custom((*name).into())),
        [name] => fields.iter().find(|field| field.as_str() == *name).map(|field| Item::Text(*field)),
        _ => None,
    }
}

/// Which part of a list is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Range {
    /// The first page.
    First,
    /// The records from a position on (`start`).
    From(Position),
    /// The records just before a position (`end`), in the same order as always.
    Before(Position),
}

/// A request for a page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Which list.
    pub list: List,
    /// The records that are wanted; all when none.
    pub filter: Option<Filter>,
    /// In which order.
    pub sort: Sort,
    /// Which part.
    pub range: Range,
    /// The most records of a page: 1 to [`Query::MAX_LIMIT`].
    pub limit: usize,
    /// Whether the records that pass the filter are counted.
    pub count: bool,
    /// What is shown of each record.
    pub include: Include,
}

impl Query {
    /// The largest page, and the default.
    pub const MAX_LIMIT: usize = 100;

    /// The first page of a list, with nothing else asked.
    #[must_use]
    pub fn new(list: List) -> Self {
        Self {
            list,
            filter: None,
            sort: Sort::default(),
            range: Range::First,
            limit: Self::MAX_LIMIT,
            count: false,
            include: Include::default(),
        }
    }

    /// Reads the parameters of a list.
    ///
    /// ```
    /// use engine::context::{List, Query};
    /// use wire::{context::Kind, target::Target};
    /// let target = Target::new("/?limit=5&count=True&sort=name&filter=status%20%3D%3D%20'on'");
    /// let query = Query::parse(List::Records(Kind::User), &target).unwrap();
    /// assert_eq!((query.limit, query.count), (5, true));
    /// ```
    ///
    /// # Errors
    /// The [`Fault`] of the first parameter that is wrong: `limit`, `count`, `filter`, `sort`, `start`, `end`.
    pub fn parse(list: List, target: &Target<'_>) -> Result<Self, Fault> {
        let (kind, mut query) = (list.kind(), Self::new(list));
        query.include = include(target, kind.joined())?;
        if let Some(text) = parameter(target, "limit")? {
            query.limit = limit(&text)?;
        }
        query.count = query.include.total;
        if let Some(text) = parameter(target, "count")? {
            query.count |= match text.to_ascii_lowercase().as_str() {
                "1" | "true" => true,
                "0" | "false" => false,
                _ => return Err(Fault::query("count", "Must be 1, true, 0 or false.")),
            };
        }
        if let Some(text) = parameter(target, "filter")? {
            query.filter = Filter::parse(&text, kind).map_err(|error| Fault::query("filter", error.to_string()))?;
        }
        query.sort = Sort::parse(&joined_values(target, "sort")?, kind)?;
        query.range = match (parameter(target, "start")?, target.raw_query("end")) {
            (Some(text), _) => Range::From(query.position("start", &text)?),
            (None, Some(_)) => match parameter(target, "end")? {
                Some(text) => Range::Before(query.position("end", &text)?),
                None => Range::First,
            },
            (None, None) => Range::First,
        };
        Ok(query)
    }

    /// Whether rows are fetched against their order, the nearest to the position first.
    #[must_use]
    pub fn is_backward(&self) -> bool {
        match self.range {
            Range::First | Range::From(_) => false,
            Range::Before(_) => true,
        }
    }

    /// How many rows to fetch for [`Query::page`]. Backward one more than a page, to know whether there is another page.
    #[must_use]
    pub fn fetch(&self) -> usize {
        self.limit + usize::from(self.is_backward())
    }

    /// The page that the fetched rows make: at most [`Query::fetch`] of them, in the order in which they were fetched.
    #[must_use]
    pub fn page<T>(&self, mut rows: Vec<T>, total: Option<u64>, row: impl Fn(&T) -> Row<'_>) -> Page<T> {
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        if self.is_backward() {
            rows.reverse();
        }
        let cursor = |position: Position| position.encode(&self.list, &self.sort);
        let prev = match (&self.range, rows.first()) {
            (Range::First, _) => None,
            // The empty page after the last one: what is before it is before the position that led here.
            (Range::From(position), None) => Some(cursor(position.clone())),
            (Range::From(_), Some(first)) => Some(cursor(Position::before(row(first), &self.sort))),
            (Range::Before(_), first) => {
                first.filter(|_| more).map(|first| cursor(Position::before(row(first), &self.sort)))
            }
        };
        let next = rows.last().map(|last| cursor(Position::after(row(last), &self.sort)));
        Page { items: rows, total: total.filter(|_| self.count), next, prev }
    }

    /// The page of a list that is at hand as a whole. What every store must answer, said plainly.
    #[must_use]
    pub fn answer<T>(&self, rows: Vec<T>, row: impl Fn(&T) -> Row<'_>) -> Page<T> {
        let mut rows: Vec<T> = rows
            .into_iter()
            .filter(|item| self.filter.as_ref().is_none_or(|filter| filter.matches(&row(item))))
            .collect();
        let total = rows.len() as u64;
        rows.sort_by(|left, right| self.sort.compare(row(left), row(right)));
        match &self.range {
            Range::First => {}
            Range::From(position) => rows.retain(|item| position.is_passed_by(row(item), &self.sort)),
            Range::Before(position) => {
                rows.retain(|item| !position.is_passed_by(row(item), &self.sort));
                rows.reverse();
            }
        }
        rows.truncate(self.fetch());
        self.page(rows, Some(total), row)
    }

    fn position(&self, parameter: &str, text: &str) -> Result<Position, Fault> {
        Position::decode(text, &self.list, &self.sort)
            .ok_or_else(|| Fault::query(parameter, "Must be a cursor of this list in this order."))
    }
}

/// Reads `include` of a request that shows one record, or a list of memberships of which `joined` is the other end.
///
/// # Errors
/// A [`Fault`] when the value cannot be decoded; unknown names are none.
pub fn include(target: &Target<'_>, joined: Option<Kind>) -> Result<Include, Fault> {
    joined_values(target, "include").map(|list| Include::parse(&list, joined))
}

fn limit(text: &str) -> Result<usize, Fault> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::query("limit", "Must be a whole number that is not negative."));
    }
    // What is too large for the type is too large for a page.
    Ok(match text.parse() {
        Ok(0) => Query::MAX_LIMIT,
        Ok(limit) => usize::min(limit, Query::MAX_LIMIT),
        Err(_) => Query::MAX_LIMIT,
    })
}

fn parameter<'t>(target: &Target<'t>, name: &str) -> Result<Option<std::borrow::Cow<'t, str>>, Fault> {
    target.query(name).map_err(|error| Fault::query(name, error.to_string()))
}

/// The values of a parameter that is a comma list and may be repeated.
fn joined_values(target: &Target<'_>, name: &str) -> Result<String, Fault> {
    target.queries(name).map(|values| values.join(",")).map_err(|error| Fault::query(name, error.to_string()))
}
