//! Lists of app context in SQLite: which index finds a page.

use engine::context::{List, Query};
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use wire::SubscribeKey;
use wire::context::TextField;

use super::order_index;
use crate::StoreError;
use crate::context::entry_index::{EntryIndex, Lacking};
use crate::context::filter::{By, Narrow};
use crate::context::list::Lists;
use crate::context::order_index::OrderIndex;
use crate::context::sql::{Dialect, Statement};

/// What was found of a list.
pub(super) struct Found<T> {
    /// The rows of the page, in the order in which they were fetched.
    pub(super) rows: Vec<T>,
    /// How many there are over all pages, where that was asked.
    pub(super) total: Option<u64>,
    /// An index of an entry that would have found them.
    pub(super) lacks_index: Option<Lacking>,
    /// An index of another field that would have.
    pub(super) lacks_order: Option<OrderIndex>,
}

const BY_STATUS: OrderIndex = OrderIndex::Text(TextField::Status);

/// The rows of a page.
pub(super) fn find<T>(
    db: &Connection,
    key: &SubscribeKey,
    query: &Query,
    read: impl Fn(&rusqlite::Row<'_>, bool) -> Result<T, StoreError>,
) -> Result<Found<T>, StoreError> {
    let there = order_indexes(db, query)?;
    let mut lists = Lists::new(key, query, Dialect::Sqlite).by_indexes(&there);
    let Plan { narrowest, nobody, lacks_index, mut lacks_order } = plan(db, key, query, &lists)?;
    if nobody {
        let total = query.count.then_some(0);
        return Ok(Found { rows: Vec::new(), total, lacks_index: None, lacks_order: None });
    }
    if let Some((narrow, true)) = &narrowest {
        lists = lists.narrowed(narrow.clone());
    } else if lacks_order.is_none() {
        lacks_order = lists.wants().filter(|index| !lists.has(*index));
    }
    let total = match (query.count, &narrowest, &query.filter) {
        (false, ..) => None,
        (true, Some((narrow, _)), Some(filter)) if narrow.is_all_of(filter) => {
            Some(count(db, &lists.count_of(narrow, None))?)
        }
        (true, ..) => Some(count(db, &lists.count())?),
    };
    let mut rows =
        Rows { db, read, joins: lists.joins(), wanted: query.fetch(), found: Vec::with_capacity(query.fetch()) };
    let mut in_groups = lists.is_grouped();
    if in_groups && !group_by_group(&mut rows, &lists, few(db, key, query)?)? {
        lacks_order = Some(BY_STATUS);
        rows.found.clear();
        in_groups = false;
    }
    if !in_groups {
        for segment in 0..lists.segments() {
            rows.fetch(|limit| lists.segment(segment, limit))?;
        }
    }
    let rows = rows.found;
    let (lacks_index, lacks_order) = match lacks_index {
        // Nobody has to wait for an index that would have found nothing.
        Some(lacking) if rows.is_empty() => (is_worth(db, key, query, &lacking)?.then_some(lacking), None),
        None if rows.is_empty() => (None, None),
        lacking => (lacking, lacks_order),
    };
    Ok(Found { rows, total, lacks_index, lacks_order })
}

/// Whether an index is worth making that would have found nothing.
fn is_worth(db: &Connection, key: &SubscribeKey, query: &Query, lacking: &Lacking) -> Result<bool, StoreError> {
    let Some(kind) = Lacking::to_be_asked(query) else { return Ok(false) };
    let mut find = db.prepare_cached(
        "SELECT 1 FROM records WHERE space = (SELECT space FROM spaces WHERE subscribe_key = ?1 AND kind = ?2)
         AND custom_key(custom, ?3) IS NOT NULL LIMIT 1",
    )?;
    Ok(find.exists([key.as_str(), kind.as_str(), &lacking.entry])?)
}

/// Which of the indexes are there that a list may be found by, of those that are made when they are wanted.
fn order_indexes(db: &Connection, query: &Query) -> Result<Vec<OrderIndex>, StoreError> {
    let List::Records(_) = query.list else { return Ok(Vec::new()) };
    let mut wanted: Vec<_> = query.sort.keys.iter().filter_map(|key| OrderIndex::of(&key.field.item)).collect();
    let narrows = query.filter.as_ref().map(Narrow::all).unwrap_or_default();
    if narrows.iter().any(|narrow| matches!(narrow.by, By::Status { .. })) {
        wanted.push(BY_STATUS);
    }
    let mut there = Vec::new();
    for index in wanted {
        if order_index::is_there(db, index)? {
            there.push(index);
        }
    }
    Ok(there)
}

/// The rows of a page, while it fills.
struct Rows<'d, T, R> {
    db: &'d Connection,
    read: R,
    joins: bool,
    /// How many make it full.
    wanted: usize,
    found: Vec<T>,
}

impl<T, R: Fn(&rusqlite::Row<'_>, bool) -> Result<T, StoreError>> Rows<'_, T, R> {
    fn is_full(&self) -> bool {
        self.found.len() >= self.wanted
    }

    /// Adds what a statement finds, given how many rows are wanted.
    fn fetch(&mut self, statement: impl FnOnce(usize) -> Statement) -> Result<(), StoreError> {
        if self.is_full() {
            return Ok(());
        }
        let statement = statement(self.wanted - self.found.len());
        let mut prepared = self.db.prepare_cached(&statement.text)?;
        let mut found = prepared.query(params_from_iter(&statement.values))?;
        while let Some(row) = found.next()? {
            self.found.push((self.read)(row, self.joins)?);
        }
        Ok(())
    }
}

/// Fills a page of an order by status and another key. A group of more than `few` is found by the index of that key, any
/// other by that of the status. Answers whether it could be done: not with such a group and without that index.
fn group_by_group<T>(
    rows: &mut Rows<'_, T, impl Fn(&rusqlite::Row<'_>, bool) -> Result<T, StoreError>>,
    lists: &Lists<'_>,
    few: u64,
) -> Result<bool, StoreError> {
    let db = rows.db;
    let many = |group: &[u8]| Ok::<_, StoreError>(count(db, &lists.count_of_status(group))? > few);
    let can = |many: bool| many || lists.has(BY_STATUS);
    let mut last = lists.group_of_position();
    if let Some(group) = &last {
        let many = many(group)?;
        if !can(many) {
            return Ok(false);
        }
        for segment in 0..lists.segments() - 1 {
            rows.fetch(|limit| lists.segment_in_group(segment, many, limit))?;
        }
    }
    while !rows.is_full() {
        let statement = lists.next_group(last.as_deref());
        let mut prepared = db.prepare_cached(&statement.text)?;
        let next =
            prepared.query_row(params_from_iter(&statement.values), |row| row.get::<_, Vec<u8>>(0)).optional()?;
        let Some(group) = next else { break };
        let many = many(&group)?;
        if !can(many) {
            return Ok(false);
        }
        rows.fetch(|limit| lists.of_group(&group, many, limit))?;
        last = Some(group);
    }
    Ok(true)
}

/// Reading the list in its order costs some `limit * records / matches` rows until the page is full; finding all matches
/// and sorting them costs `matches`. They are equal at the root of `limit * records`: below it, there are few.
fn few(db: &Connection, key: &SubscribeKey, query: &Query) -> Result<u64, StoreError> {
    let mut all = query.clone();
    all.filter = None;
    let records = count(db, &Lists::new(key, &all, Dialect::Sqlite).count())?;
    Ok((query.limit as u64 * records).isqrt())
}

/// How a list is found.
#[derive(Default)]
struct Plan {
    /// The equality of the filter that the fewest records fulfil, and whether the list is found by its index.
    narrowest: Option<(Narrow, bool)>,
    /// Whether an equality of the filter was counted, and nobody fulfils it.
    nobody: bool,
    lacks_index: Option<Lacking>,
    lacks_order: Option<OrderIndex>,
}

/// SQLite keeps no figures about the data, so we count.
fn plan(db: &Connection, key: &SubscribeKey, query: &Query, lists: &Lists<'_>) -> Result<Plan, StoreError> {
    let mut plan = Plan::default();
    let (List::Records(_), Some(filter)) = (&query.list, &query.filter) else { return Ok(plan) };
    let candidates = Narrow::all(filter);
    if candidates.is_empty() {
        return Ok(plan);
    }
    let has_index = |narrow: &Narrow| !matches!(narrow.by, By::Status { .. }) || lists.has(BY_STATUS);
    let mut indexed = Vec::with_capacity(candidates.len());
    for mut narrow in candidates {
        if let By::Entry { name, .. } = &narrow.by {
            let there = indexes_of(db, lists, name)?;
            let lacking = narrow.choose_index(&there, &query.sort);
            plan.lacks_index = lacking.or(plan.lacks_index);
            if there.is_empty() {
                continue;
            }
        }
        indexed.push(narrow);
    }
    // The only one whose index has the order of the list is read until the page is full, however many there are.
    if let [narrow] = &indexed[..]
        && narrow.follows(&query.sort)
        && has_index(narrow)
    {
        plan.narrowest = indexed.pop().map(|narrow| (narrow, true));
        return Ok(plan);
    }
    let few = few(db, key, query)?;
    let mut narrowest: Option<(Narrow, u64)> = None;
    for narrow in indexed {
        let most = narrowest.as_ref().map_or(few + 1, |(_, matches)| *matches);
        let matches = count(db, &lists.count_of(&narrow, Some(most)))?;
        if narrowest.is_none() || matches < most {
            narrowest = Some((narrow, matches));
        }
    }
    plan.nobody = narrowest.as_ref().is_some_and(|(_, matches)| *matches == 0);
    plan.narrowest = narrowest.map(|(narrow, matches)| {
        let has_index = has_index(&narrow);
        plan.lacks_order = (!has_index && matches <= few).then_some(BY_STATUS);
        let is_found = has_index && (narrow.follows(&query.sort) || matches <= few);
        (narrow, is_found)
    });
    Ok(plan)
}

fn count(db: &Connection, statement: &Statement) -> Result<u64, StoreError> {
    let mut prepared = db.prepare_cached(&statement.text)?;
    let count: i64 = prepared.query_row(params_from_iter(&statement.values), |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// The indexes of an entry that are whole.
fn indexes_of(db: &Connection, lists: &Lists<'_>, entry: &str) -> Result<Vec<EntryIndex>, StoreError> {
    let statement = lists.indexes_of(entry);
    let mut prepared = db.prepare_cached(&statement.text)?;
    let read = |row: &rusqlite::Row<'_>| Ok(EntryIndex { number: row.get(0)?, by_name: row.get(1)? });
    Ok(prepared.query_map(params_from_iter(&statement.values), read)?.collect::<Result<_, _>>()?)
}
