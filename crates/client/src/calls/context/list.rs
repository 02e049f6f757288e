//! Lists: how long, which part, which records, in which order.

use std::fmt;

use super::Page;
use crate::call::Call;
use crate::operation::Operation;
use crate::request::Request;

/// What a list is asked for with.
#[derive(Clone, Debug, Default)]
pub struct ListingOptions {
    limit: Option<u32>,
    page: Option<Page>,
    filter: Option<String>,
    sort: Vec<SortKey>,
}

impl ListingOptions {
    pub(crate) fn ask(&self, request: Request) -> Request {
        let (start, end) = match &self.page {
            Some(Page::Next(cursor)) => (Some(cursor.as_str()), None),
            Some(Page::Previous(cursor)) => (None, Some(cursor.as_str())),
            None => (None, None),
        };
        let sort = self.sort.iter().map(SortKey::to_string).collect::<Vec<_>>().join(",");
        request
            .with_some("limit", self.limit.map(|limit| limit.to_string()))
            .with_some("start", start)
            .with_some("end", end)
            .with_some("filter", self.filter.as_deref())
            .with_some("sort", (!sort.is_empty()).then_some(sort))
    }
}

/// Operations that are answered with a list.
pub trait Listing: Operation {
    /// The options so far.
    fn listing_mut(&mut self) -> &mut ListingOptions;

    /// Whether records are to be counted over all pages.
    fn total_count_mut(&mut self) -> &mut bool;
}

/// Which records, in which order, and how many at a time.
///
/// ```
/// # testkit::example::run(async |origin| {
/// # use hereabouts::{Client, Config};
/// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
/// let mut page = None;
/// loop {
///     let listed = client.get_all_user_metadata().filter("name LIKE \"A*\"").limit(100).page(page).await?;
///     for user in &listed.data {
///         println!("{} {:?}", user.id, user.name);
///     }
///     let Some(next) = listed.next.filter(|_| !listed.data.is_empty()) else { break };
///     page = Some(next);
/// }
/// # Ok::<(), hereabouts::Error>(()) });
/// ```
impl<M, O: Listing> Call<M, O> {
    /// How many records a page has, at most. Default, and most: 100.
    pub fn limit(mut self, limit: u32) -> Self {
        self.operation.listing_mut().limit = Some(limit);
        self
    }

    /// Which page: `next` or `prev` of an earlier answer. Default: the first.
    pub fn page(mut self, page: impl Into<Option<Page>>) -> Self {
        self.operation.listing_mut().page = page.into();
        self
    }

    /// Which records, as an expression: `name LIKE "A*" && status == "active"` (`docs/protocol/app-context.md`, "filter").
    /// Default: all.
    pub fn filter(mut self, expression: impl Into<String>) -> Self {
        self.operation.listing_mut().filter = Some(expression.into());
        self
    }

    /// In which order; earlier keys count more. Default: by id.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").user("ann").origin(origin))?;
    /// use hereabouts::calls::context::{SortKey, SortKeyValue};
    ///
    /// let sort = [SortKey::asc(SortKeyValue::Id), SortKey::desc(SortKeyValue::Updated)];
    /// let users = client.get_all_user_metadata().sort(sort).limit(10).await?;
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn sort(mut self, keys: impl IntoIterator<Item = SortKey>) -> Self {
        self.operation.listing_mut().sort = keys.into_iter().collect();
        self
    }

    /// Whether the answer says how many records there are over all pages. Default: no.
    pub fn include_total_count(mut self, yes: bool) -> Self {
        *self.operation.total_count_mut() = yes;
        self
    }
}

/// Something to sort by, and which way.
///
/// ```
/// use hereabouts::calls::context::{SortKey, SortKeyValue};
///
/// assert_eq!(SortKey::asc(SortKeyValue::Name).to_string(), "name:asc");
/// assert_eq!(SortKey::desc("custom.score").to_string(), "custom.score:desc");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortKey {
    field: SortKeyValue,
    descending: bool,
}

/// Something to sort by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SortKeyValue {
    /// The id.
    Id,
    /// The name.
    Name,
    /// When it last changed.
    Updated,
    /// The status.
    Status,
    /// The type.
    Type,
    /// Any other field by its name on the wire: `email`, `custom.team`, `channel.name`.
    Field(String),
}

impl SortKey {
    /// Smallest first.
    #[must_use]
    pub fn asc(field: impl Into<SortKeyValue>) -> Self {
        Self { field: field.into(), descending: false }
    }

    /// Largest first.
    #[must_use]
    pub fn desc(field: impl Into<SortKeyValue>) -> Self {
        Self { field: field.into(), descending: true }
    }
}

impl From<&str> for SortKeyValue {
    fn from(field: &str) -> Self {
        Self::Field(field.to_owned())
    }
}

impl From<String> for SortKeyValue {
    fn from(field: String) -> Self {
        Self::Field(field)
    }
}

impl fmt::Display for SortKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = match &self.field {
            SortKeyValue::Id => "id",
            SortKeyValue::Name => "name",
            SortKeyValue::Updated => "updated",
            SortKeyValue::Status => "status",
            SortKeyValue::Type => "type",
            SortKeyValue::Field(field) => field,
        };
        write!(f, "{field}:{}", if self.descending { "desc" } else { "asc" })
    }
}
