//! Lists of app context in PostgreSQL: whether an index of an entry finds a page. Any other index the database chooses itself.

use deadpool_postgres::{GenericClient, Object};
use engine::context::{List, Query, order};
use tokio_postgres::types::ToSql;
use tokio_postgres::{IsolationLevel, Row};
use wire::SubscribeKey;
use wire::context::TextField;

use crate::StoreError;
use crate::context::cut;
use crate::context::entry_index::{EntryIndex, Lacking, MAX_INDEXES};
use crate::context::filter::{By, Narrow};
use crate::context::list::Lists;
use crate::context::rows;
use crate::context::sql::{Bound, Dialect, Statement};

/// How many statements a connection keeps prepared: lists have one for each form of filter and order.
const STATEMENTS: usize = 128;

/// How many equalities of one filter are counted, to find the one that the fewest records fulfil.
const MAX_COUNTED: usize = 8;

/// What was found of a list.
pub(super) struct Found<T> {
    /// The rows of the page, in the order in which they were fetched.
    pub(super) rows: Vec<T>,
    /// How many there are over all pages, where that was asked.
    pub(super) total: Option<u64>,
    /// An index of an entry that would have found them.
    pub(super) lacks_index: Option<Lacking>,
}

/// The rows of a page.
pub(super) async fn find<T>(
    mut db: Object,
    key: &SubscribeKey,
    query: &Query,
    read: impl Fn(&Row, bool) -> Result<T, StoreError>,
) -> Result<Found<T>, StoreError> {
    if db.statement_cache.size() > STATEMENTS {
        db.statement_cache.clear();
    }
    // Several statements see one state of the data; one alone does anyhow.
    if query.count || Lists::new(key, query, Dialect::Postgres).segments() > 1 {
        let snapshot = db.build_transaction().read_only(true).isolation_level(IsolationLevel::RepeatableRead);
        let snapshot = snapshot.start().await?;
        let found = find_in(&snapshot, key, query, read).await?;
        snapshot.commit().await?;
        Ok(found)
    } else {
        find_in(&db, key, query, read).await
    }
}

async fn find_in<T>(
    db: &impl GenericClient,
    key: &SubscribeKey,
    query: &Query,
    read: impl Fn(&Row, bool) -> Result<T, StoreError>,
) -> Result<Found<T>, StoreError> {
    let mut lists = Lists::new(key, query, Dialect::Postgres);
    let Plan { narrowest, lacks_index } = plan(db, key, query, &lists).await?;
    if let Some((narrow, true)) = &narrowest {
        lists = lists.narrowed(narrow.clone());
    }
    let total = match (query.count, &narrowest, &query.filter) {
        (false, ..) => None,
        (true, Some((narrow, _)), Some(filter)) if narrow.is_all_of(filter) => {
            Some(count(db, &lists.count_of(narrow, None)).await?)
        }
        (true, ..) => Some(count(db, &lists.count()).await?),
    };
    let mut found = page(db, &lists, query).await?;
    if lists.trusts_names() && found.iter().any(has_long_name) {
        lists = lists.with_long_names();
        found = page(db, &lists, query).await?;
    }
    let rows = found.iter().map(|row| read(row, lists.joins())).collect::<Result<Vec<T>, _>>()?;
    let lacks_index = match lacks_index {
        Some(lacking) if rows.is_empty() && !is_worth(db, key, query, &lacking).await? => None,
        lacking => lacking,
    };
    Ok(Found { rows, total, lacks_index })
}

/// Whether an index is worth making that would have found nothing.
async fn is_worth(
    db: &impl GenericClient,
    key: &SubscribeKey,
    query: &Query,
    lacking: &Lacking,
) -> Result<bool, StoreError> {
    let Some(kind) = Lacking::to_be_asked(query) else { return Ok(false) };
    let text = "SELECT FROM records WHERE space = (SELECT space FROM spaces WHERE subscribe_key = $1 AND kind = $2)
                AND $3::text = ANY (custom_names) LIMIT 1";
    let statement = db.prepare_cached(text).await?;
    Ok(db.query_opt(&statement, &[&key.as_str(), &kind.as_str(), &lacking.entry]).await?.is_some())
}

async fn page(db: &impl GenericClient, lists: &Lists<'_>, query: &Query) -> Result<Vec<Row>, StoreError> {
    let mut found = Vec::with_capacity(query.fetch());
    for segment in 0..lists.segments() {
        if found.len() == query.fetch() {
            break;
        }
        found.extend(rows_of(db, &lists.segment(segment, query.fetch() - found.len())).await?);
    }
    Ok(found)
}

/// Whether a record has a name of which an index has but the beginning.
fn has_long_name(row: &Row) -> bool {
    // Behind the id.
    let column = 1 + TextField::ALL.iter().take_while(|field| **field != TextField::Name).count();
    let name = row.try_get::<_, Option<&str>>(column).ok().flatten();
    name.is_some_and(|name| order::text_key(name).len() >= cut::NAME)
}

/// How a list is found.
#[derive(Default)]
struct Plan {
    /// The equality of the filter that the fewest records fulfil, of those that have an index, and whether the list is found by that.
    narrowest: Option<(Narrow, bool)>,
    lacks_index: Option<Lacking>,
}

/// The indexes of entries of a space, and how many records it has.
struct Indexes {
    /// Each with its entry, and whether it is whole.
    all: Vec<(String, EntryIndex, bool)>,
    records: u64,
}

/// The rules are those of `sqlite::lists`, but that the database itself knows how many have a name or a status.
async fn plan(
    db: &impl GenericClient,
    key: &SubscribeKey,
    query: &Query,
    lists: &Lists<'_>,
) -> Result<Plan, StoreError> {
    let mut plan = Plan::default();
    let (List::Records(_), Some(filter)) = (&query.list, &query.filter) else { return Ok(plan) };
    let candidates = Narrow::all(filter);
    let is_entry = |narrow: &Narrow| matches!(narrow.by, By::Entry { .. });
    let are_entries = candidates.iter().all(is_entry);
    let mut entries: Vec<_> = candidates.into_iter().filter(is_entry).take(MAX_COUNTED).collect();
    if entries.is_empty() {
        return Ok(plan);
    }
    let Indexes { all, records } = indexes(db, key, query).await?;
    for narrow in &mut entries {
        let By::Entry { name, .. } = &narrow.by else { continue };
        let whole = all.iter().filter(|(entry, _, whole)| entry == name && *whole).map(|(_, index, _)| *index);
        let lacking = narrow.choose_index(&whole.collect::<Vec<_>>(), &query.sort);
        let is_new = |lacking: &Lacking| {
            let is_this = |(entry, index, _): &(String, EntryIndex, bool)| {
                *entry == lacking.entry && index.by_name == lacking.by_name
            };
            all.len() < MAX_INDEXES && !all.iter().any(is_this)
        };
        plan.lacks_index = lacking.filter(is_new).or(plan.lacks_index);
    }
    entries.retain(|narrow| matches!(narrow.by, By::Entry { index: Some(_), .. }));
    // The only one whose index has the order of the list is read until the page is full, however many there are.
    let suits = |narrow: &Narrow| are_entries && narrow.follows(&query.sort);
    if let [narrow] = &entries[..]
        && suits(narrow)
    {
        plan.narrowest = entries.pop().map(|narrow| (narrow, true));
        return Ok(plan);
    }
    // Reading the list in its order costs some `limit * records / matches` rows; finding all matches costs `matches`.
    let few = (query.limit as u64 * records).isqrt();
    let mut narrowest: Option<(Narrow, u64)> = None;
    for narrow in entries {
        let most = narrowest.as_ref().map_or(few + 1, |(_, matches)| *matches);
        let matches = count(db, &lists.count_of(&narrow, Some(most))).await?;
        if narrowest.is_none() || matches < most {
            narrowest = Some((narrow, matches));
        }
    }
    plan.narrowest = narrowest.map(|(narrow, matches)| {
        let is_found = suits(&narrow) || matches <= few;
        (narrow, is_found)
    });
    Ok(plan)
}

async fn indexes(db: &impl GenericClient, key: &SubscribeKey, query: &Query) -> Result<Indexes, StoreError> {
    let mut indexes = Indexes { all: Vec::new(), records: 0 };
    let List::Records(kind) = query.list else { return Ok(indexes) };
    let text = "SELECT i.entry, i.custom_index, i.by_name, i.through IS NULL, s.records
                FROM spaces s JOIN custom_indexes i ON i.space = s.space WHERE s.subscribe_key = $1 AND s.kind = $2";
    let statement = db.prepare_cached(text).await?;
    for row in db.query(&statement, &[&key.as_str(), &kind.as_str()]).await? {
        let index = EntryIndex { number: row.try_get(1)?, by_name: row.try_get(2)? };
        indexes.all.push((row.try_get(0)?, index, row.try_get(3)?));
        indexes.records = row.try_get::<_, i64>(4)?.unsigned_abs();
    }
    Ok(indexes)
}

async fn count(db: &impl GenericClient, statement: &Statement) -> Result<u64, StoreError> {
    let counted = rows_of(db, statement).await?;
    let count = counted.first().map(|row| row.try_get::<_, i64>(0)).transpose()?;
    Ok(count.unwrap_or_default().unsigned_abs())
}

async fn rows_of(db: &impl GenericClient, statement: &Statement) -> Result<Vec<Row>, StoreError> {
    let values: Vec<&(dyn ToSql + Sync)> = statement
        .values
        .iter()
        .map(|value| match value {
            Bound::Integer(integer) => integer as &(dyn ToSql + Sync),
            Bound::Text(text) => text,
            Bound::Bytes(bytes) => bytes,
        })
        .collect();
    let prepared = db.prepare_cached(&statement.text).await?;
    Ok(db.query(&prepared, &values).await?)
}

impl rows::Row for Row {
    fn text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn integer(&self, column: usize) -> Result<Option<i64>, StoreError> {
        Ok(self.try_get(column)?)
    }
}
