//! Lists as SQL.
//!
//! - A page is found by an index, whichever page it is. What comes after a position is cut into segments, each an
//!   equality on the first keys of the order and a bound on the next: for an order by name, first those of the same name
//!   with a greater id, then those with a greater name. A segment is asked only while the page is not full.
//! - The judge of all this is [`Query::answer`].

mod groups;

use engine::context::{Direction, Edge, Field, Item, Key, List, Of, Position, Query, Range, Value, order};
use wire::SubscribeKey;
use wire::context::{Kind, TextField};

use super::cut;
use super::entry_index::EntryIndex;
use super::filter::{self, By, Columns, Narrow};
use super::order_index::OrderIndex;
use super::rows::{id_key, membership_columns, record_columns};
use super::sql::{Bound, Dialect, Statement, UNSET, column, has_key};

/// A list of one key set, as SQL.
pub(crate) struct Lists<'q> {
    key: &'q SubscribeKey,
    query: &'q Query,
    dialect: Dialect,
    /// Whether the metadata at the other end is needed.
    joins: bool,
    /// By whose index the list is found, instead of by its order.
    narrow: Option<Narrow>,
    /// PostgreSQL: whether to look for names that are longer than that index has them.
    long_names: bool,
    /// SQLite: the indexes that are there, of those that are made when they are wanted.
    order_indexes: &'q [OrderIndex],
}

impl<'q> Lists<'q> {
    pub(crate) fn new(key: &'q SubscribeKey, query: &'q Query, dialect: Dialect) -> Self {
        let mut lists = Self { key, query, dialect, joins: false, narrow: None, long_names: false, order_indexes: &[] };
        let sorts = query.sort.keys.iter().any(|key| lists.is_joined(&key.field));
        let filters = query.filter.as_ref().is_some_and(|tree| filter::any_field(tree, |field| lists.is_joined(field)));
        lists.joins = query.include.joined.is_some() || sorts || filters;
        lists
    }

    /// Whether the rows hold the metadata at the other end, behind the membership.
    pub(crate) const fn joins(&self) -> bool {
        self.joins
    }

    pub(crate) fn narrowed(mut self, narrow: Narrow) -> Self {
        self.narrow = Some(narrow);
        let is_long = |key: &Bound| matches!(key, Bound::Bytes(key) if key.len() >= cut::NAME);
        let mut keys = self.query.sort.keys.iter().zip(self.position().map_or(&[][..], |position| &position.values));
        let long_position = keys.any(|(key, value)| is_long(&bound(&key.field, value)));
        self.long_names = self.dialect == Dialect::Postgres && long_position;
        self
    }

    /// Whether a page is in the order of the names that an index has. It is right unless a name of it is longer there.
    pub(crate) fn trusts_names(&self) -> bool {
        let is_name = |key: &Key| key.field.item == Item::Text(TextField::Name);
        self.dialect == Dialect::Postgres && self.has_name_of_index() && self.query.sort.keys.iter().any(is_name)
    }

    /// In the order of whole names, which the database then may have to find by sorting.
    pub(crate) const fn with_long_names(mut self) -> Self {
        self.long_names = true;
        self
    }

    /// With the indexes that are there, of those that are made when they are wanted.
    pub(crate) fn by_indexes(mut self, there: &'q [OrderIndex]) -> Self {
        self.order_indexes = there;
        self
    }

    /// Whether an index is there, of those that are made when they are wanted.
    pub(crate) fn has(&self, index: OrderIndex) -> bool {
        self.order_indexes.contains(&index)
    }

    fn is_joined(&self, field: &Field) -> bool {
        // The id at the other end is the membership's own.
        matches!(self.query.list, List::Memberships { .. }) && field.of == Of::Joined && field.item != Item::Id
    }

    /// How many statements answer the page at most.
    pub(crate) fn segments(&self) -> usize {
        self.position().map_or(1, |_| self.query.sort.keys.len() + 1)
    }

    fn position(&self) -> Option<&'q Position> {
        match &self.query.range {
            Range::First => None,
            Range::From(position) | Range::Before(position) => Some(position),
        }
    }

    /// The rows of a segment, the nearest to the position first.
    pub(crate) fn segment(&self, segment: usize, limit: usize) -> Statement {
        self.segment_by(segment, limit, 0)
    }

    /// The same, found by the index of the nth key of the order.
    fn segment_by(&self, segment: usize, limit: usize, nth: usize) -> Statement {
        let mut sql = Statement::new(self.dialect);
        // When the index tells everything that is asked, but in another order, ids are found and sorted first, and only those
        // of the page are looked up: a record takes many times the time of its entry in an index.
        let sort = &self.query.sort;
        let ids_first = match (&self.narrow, &self.query.filter) {
            (Some(narrow), Some(filter)) if sort.keys.is_empty() => narrow.is_all_of(filter) && !narrow.follows(sort),
            _ => false,
        };
        if ids_first {
            sql.push("WITH ids AS (SELECT ").push(match self.dialect {
                Dialect::Sqlite => "c.id_key AS id_key, c.record AS record",
                Dialect::Postgres => "c.id_key",
            });
            self.push_ids(&mut sql, limit);
            sql.push(") SELECT ").push(&record_columns("r.")).push(" FROM ids");
            self.push_records_of(&mut sql, "ids");
            sql.push(" ORDER BY ids.id_key").push(if self.ascends(self.query.sort.id) { "" } else { " DESC" });
            return sql;
        }
        sql.push("SELECT ");
        match self.query.list {
            List::Records(_) => sql.push(&record_columns("r.")),
            List::Memberships { .. } if self.joins => {
                sql.push(&membership_columns("m.")).push(", ").push(&record_columns("r."))
            }
            List::Memberships { .. } => sql.push(&membership_columns("m.")),
        };
        self.from(&mut sql, Some(nth));
        let keys = &self.query.sort.keys;
        let equal = match self.position() {
            None => 0,
            Some(position) => {
                let equal = keys.len() - segment;
                for (key, value) in keys.iter().zip(&position.values).take(equal) {
                    self.push_bound(&mut sql, &key.field, value, [" = ", " = "]);
                }
                if let Some(next) = keys.get(equal) {
                    let words = if self.ascends(next.direction) { [" > ", " >= "] } else { [" < ", " <= "] };
                    self.push_bound(&mut sql, &next.field, &position.values[equal], words);
                } else {
                    self.push_id_bound(&mut sql, position);
                }
                equal
            }
        };
        self.push_order(&mut sql, equal, limit);
        sql
    }

    /// Orders by the keys from the nth on, then by id.
    fn push_order(&self, sql: &mut Statement, from: usize, limit: usize) {
        sql.push(" ORDER BY ");
        for key in &self.query.sort.keys[from..] {
            let direction = if self.ascends(key.direction) { ", " } else { " DESC, " };
            if self.is_cut(&key.field) {
                sql.push(self.cut_name()).push(direction);
            }
            self.push_key(sql, &key.field);
            sql.push(direction);
        }
        self.push_by_id(sql, limit);
    }

    fn push_by_id(&self, sql: &mut Statement, limit: usize) {
        sql.push(self.id_column()).push(if self.ascends(self.query.sort.id) { "" } else { " DESC" });
        sql.push(" LIMIT ").bind(Bound::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
    }

    /// The ids of a page of a list by id, of which the index of an entry tells everything.
    fn push_ids(&self, sql: &mut Statement, limit: usize) {
        let Some(narrow) = &self.narrow else { return };
        sql.push(" FROM custom_values c WHERE ");
        self.push_narrow(sql, narrow, "c.");
        if let Some(position) = self.position() {
            self.push_id_bound(sql, position);
        }
        sql.push(" ORDER BY ");
        self.push_by_id(sql, limit);
    }

    /// Bounds the id by that of a position.
    fn push_id_bound(&self, sql: &mut Statement, position: &Position) {
        // The record itself belongs to the page on the far side of its edge.
        let itself = position.edge == if self.query.is_backward() { Edge::After } else { Edge::Before };
        sql.push(" AND ").push(self.id_column()).push(match (self.ascends(self.query.sort.id), itself) {
            (true, true) => " >= ",
            (true, false) => " > ",
            (false, true) => " <= ",
            (false, false) => " < ",
        });
        sql.bind(Bound::Bytes(id_key(&position.id)));
    }

    /// How many rows pass the filter, over all pages.
    pub(crate) fn count(&self) -> Statement {
        let mut sql = Statement::new(self.dialect);
        if let (List::Records(kind), None) = (&self.query.list, &self.query.filter) {
            sql.push("SELECT coalesce(max(records), 0) FROM spaces WHERE subscribe_key = ");
            sql.bind(Bound::Text(self.key.as_str().into())).push(" AND kind = ");
            sql.bind(Bound::Text(kind.as_str().into()));
            return sql;
        }
        sql.push("SELECT count(*)");
        self.from(&mut sql, None);
        sql
    }

    /// How many records fulfil an equality, without looking at them; not more than `most`, if that is given and it costs less.
    pub(crate) fn count_of(&self, narrow: &Narrow, most: Option<u64>) -> Statement {
        let mut sql = Statement::new(self.dialect);
        let table = match &narrow.by {
            By::Status { key } => return self.count_of_status(key),
            By::Entry { .. } => "custom_values",
            By::Name { .. } => "records INDEXED BY records_by_name",
        };
        sql.push("SELECT count(*) FROM (SELECT 1 FROM ").push(table).push(" WHERE ");
        self.push_narrow(&mut sql, narrow, "");
        if let Some(most) = most {
            sql.push(" LIMIT ").bind(Bound::Integer(i64::try_from(most).unwrap_or(i64::MAX)));
        }
        sql.push(") AS found");
        sql
    }

    /// How many have a status, by its key.
    pub(crate) fn count_of_status(&self, key: &[u8]) -> Statement {
        let mut sql = Statement::new(self.dialect);
        let List::Records(kind) = &self.query.list else { return sql };
        sql.push("SELECT coalesce(max(records), 0) FROM statuses WHERE space = ");
        self.push_space(&mut sql, kind.as_str());
        sql.push(" AND status_key = ").bind(Bound::Bytes(key.to_vec()));
        sql
    }

    /// `FROM` and everything of `WHERE` that does not depend on the position; by the index of the nth key of the order.
    fn from(&self, sql: &mut Statement, nth: Option<usize>) {
        match &self.query.list {
            List::Records(kind) => match &self.narrow {
                Some(narrow) => {
                    let entry = matches!(narrow.by, By::Entry { .. });
                    match narrow.by {
                        By::Entry { .. } => {
                            sql.push(" FROM custom_values c");
                            self.push_records_of(sql, "c");
                        }
                        By::Status { .. } => _ = sql.push(" FROM records r INDEXED BY records_by_status"),
                        By::Name { .. } => _ = sql.push(" FROM records r INDEXED BY records_by_name"),
                    }
                    sql.push(" WHERE ");
                    self.push_narrow(sql, narrow, if entry { "c." } else { "r." });
                }
                None => {
                    sql.push(" FROM records r");
                    if let Some(nth) = nth {
                        self.push_hint(sql, nth);
                    }
                    sql.push(" WHERE r.space = ");
                    self.push_space(sql, kind.as_str());
                }
            },
            List::Memberships { owner, id } => {
                sql.push(" FROM memberships m");
                if self.joins {
                    sql.push(" LEFT JOIN records r ON r.space = ");
                    self.push_space(sql, owner.other().as_str());
                    sql.push(" AND r.id_key = ").push(self.id_column());
                }
                sql.push(" WHERE m.space = ");
                self.push_space(sql, MEMBERSHIPS);
                sql.push(match owner {
                    Kind::User => " AND m.user_key = ",
                    Kind::Channel => " AND m.channel_key = ",
                });
                sql.bind(Bound::Bytes(id_key(id)));
            }
        }
        if let Some(tree) = &self.query.filter {
            sql.push(" AND ");
            let told = self.narrow.as_ref().filter(|narrow| narrow.is_exact());
            filter::push(sql, tree, told.map(|narrow| &narrow.comparison), self);
        }
    }

    /// Joins the records of rows of an index of an entry, in the order of those: neither database may turn it around.
    fn push_records_of(&self, sql: &mut Statement, rows: &str) {
        let List::Records(kind) = &self.query.list else { return };
        match self.dialect {
            Dialect::Sqlite => _ = sql.push(" CROSS JOIN records r ON r.record = ").push(rows).push(".record"),
            Dialect::Postgres => {
                sql.push(" CROSS JOIN LATERAL (SELECT * FROM records WHERE space = ");
                self.push_space(sql, kind.as_str());
                sql.push(" AND id_key = ").push(rows).push(".id_key LIMIT 1) r");
            }
        }
    }

    /// What an index has of those that fulfil the narrowest part of the filter.
    fn push_narrow(&self, sql: &mut Statement, narrow: &Narrow, table: &str) {
        let List::Records(kind) = &self.query.list else { return };
        if let By::Entry { key, index, .. } = &narrow.by {
            let Some(EntryIndex { number, by_name }) = *index else { return };
            sql.push(table).push("custom_index = ").bind(Bound::Integer(number));
            let key = match self.dialect {
                Dialect::Sqlite => key.clone(),
                Dialect::Postgres => cut::cut(key.clone(), cut::VALUE),
            };
            sql.push(" AND ").push(table).push("value_key = ").bind(Bound::Bytes(key));
            if !by_name {
                sql.push(" AND ").push(table).push("name_key = ").bind(Bound::Bytes(Vec::new()));
            }
            return;
        }
        sql.push(table).push("space = ");
        self.push_space(sql, kind.as_str());
        match &narrow.by {
            By::Entry { .. } => {}
            By::Status { key } => {
                sql.push(" AND ").push(table).push("status_key = ").bind(Bound::Bytes(key.clone()));
            }
            By::Name { from, below } => {
                sql.push(" AND ").push(table).push("name_key >= ").bind(Bound::Bytes(from.clone()));
                sql.push(" AND ").push(table).push("name_key < ").bind(Bound::Bytes(below.clone()));
            }
        }
    }

    /// The indexes of an entry of `custom` that are whole: their numbers, and whether they are in the order of names.
    pub(crate) fn indexes_of(&self, name: &str) -> Statement {
        let mut sql = Statement::new(self.dialect);
        let List::Records(kind) = &self.query.list else { return sql };
        sql.push("SELECT custom_index, by_name FROM custom_indexes WHERE space = ");
        self.push_space(&mut sql, kind.as_str());
        sql.push(" AND entry = ").bind(Bound::Text(name.to_owned())).push(" AND through IS NULL");
        sql
    }

    /// SQLite keeps no figures about the data, and might find a list by its filter and then sort all of it.
    fn push_hint(&self, sql: &mut Statement, nth: usize) {
        if self.dialect == Dialect::Sqlite {
            let item = self.query.sort.keys.get(nth).map(|key| &key.field.item);
            let index = item.and_then(OrderIndex::of).filter(|index| self.has(*index));
            sql.push(" INDEXED BY ").push(&match (item, index) {
                (Some(Item::Text(TextField::Name)), _) => "records_by_name".to_owned(),
                (_, Some(index)) => index.name(),
                (_, None) => "records_by_id".to_owned(),
            });
        }
    }

    fn push_space(&self, sql: &mut Statement, kind: &str) {
        sql.push("(SELECT space FROM spaces WHERE subscribe_key = ").bind(Bound::Text(self.key.as_str().into()));
        sql.push(" AND kind = ").bind(Bound::Text(kind.into())).push(")");
    }

    /// Whether rows are fetched in the ascending order of a key with this direction.
    fn ascends(&self, direction: Direction) -> bool {
        (direction == Direction::Ascending) != self.query.is_backward()
    }

    /// The key of what tells a row from every other of its list.
    fn id_column(&self) -> &'static str {
        match (&self.query.list, &self.narrow) {
            (List::Records(_), Some(Narrow { by: By::Entry { .. }, .. })) => "c.id_key",
            (List::Records(_), _) => "r.id_key",
            (List::Memberships { owner: Kind::User, .. }, _) => "m.channel_key",
            (List::Memberships { owner: Kind::Channel, .. }, _) => "m.user_key",
        }
    }

    /// Whether the index of the field has but the beginning of its key.
    fn is_cut(&self, field: &Field) -> bool {
        let is_record = matches!(self.query.list, List::Records(_));
        let is_name = is_record && field.item == Item::Text(TextField::Name);
        self.dialect == Dialect::Postgres && is_name && !self.has_name_of_index()
    }

    /// The beginning of the key of a name.
    fn cut_name(&self) -> &'static str {
        if self.is_by_name_index() { "c.name_key" } else { CUT_NAME }
    }

    /// Whether the list is found by an index of an entry that is in the order of names.
    fn is_by_name_index(&self) -> bool {
        match &self.narrow {
            Some(Narrow { by: By::Entry { index, .. }, .. }) => index.is_some_and(|index| index.by_name),
            Some(_) | None => false,
        }
    }

    /// Whether the key of a name is taken from there.
    fn has_name_of_index(&self) -> bool {
        self.is_by_name_index() && !self.long_names
    }

    /// Bounds a key, with the first word; and its beginning, where the index has that, with the second.
    fn push_bound(&self, sql: &mut Statement, field: &Field, value: &Value<'_>, words: [&str; 2]) {
        let bound = bound(field, value);
        if let (true, Bound::Bytes(key)) = (self.is_cut(field), &bound) {
            sql.push(" AND ").push(self.cut_name()).push(words[1]);
            sql.bind(Bound::Bytes(cut::cut(key.clone(), cut::NAME)));
        }
        sql.push(" AND ");
        self.push_key(sql, field);
        sql.push(words[0]).bind(bound);
    }

    /// What a field sorts by: never null.
    fn push_key(&self, sql: &mut Statement, field: &Field) {
        if self.has_name_of_index() && field.item == Item::Text(TextField::Name) {
            sql.push("c.name_key");
            return;
        }
        let may_lack = self.is_joined(field) || matches!(field.item, Item::Custom(_));
        if may_lack {
            sql.push("coalesce(");
        }
        self.push_plain(sql, field);
        if may_lack {
            sql.push(", ");
            match field.item {
                Item::Updated => sql.push(LATEST),
                Item::Id | Item::Text(_) | Item::WholeCustom | Item::Custom(_) => sql.unset_key(),
            };
            sql.push(")");
        }
    }

    /// Whether there is a column with the key of a text.
    fn keeps_key(&self, field: &Field, text: TextField) -> bool {
        let of_membership = matches!(self.query.list, List::Memberships { .. }) && field.of == Of::Own;
        self.dialect == Dialect::Postgres || (has_key(text) && !of_membership)
    }

    /// The table that has a field.
    fn table(&self, field: &Field) -> &'static str {
        match (&self.query.list, field.of) {
            (List::Memberships { .. }, Of::Own) => "m.",
            (List::Records(_), _) | (List::Memberships { .. }, Of::Joined) => "r.",
        }
    }
}

impl Columns for Lists<'_> {
    fn push_plain(&self, sql: &mut Statement, field: &Field) {
        let table = self.table(field);
        match &field.item {
            Item::Id => sql.push(self.id_column()),
            Item::Text(text) if self.keeps_key(field, *text) => sql.push(table).push(column(*text)).push("_key"),
            Item::Text(text) => sql.push("text_key(").push(table).push(column(*text)).push(")"),
            Item::Updated => sql.push(table).push("updated"),
            Item::WholeCustom => sql.push(table).push("custom"),
            Item::Custom(name) => sql.push_entry(table, name),
        };
    }

    fn makes_key(&self, field: &Field) -> bool {
        matches!(field.item, Item::Text(text) if !self.keeps_key(field, text))
    }

    fn push_text(&self, sql: &mut Statement, field: &Field) {
        let table = self.table(field);
        match &field.item {
            Item::Id => sql.push(match &self.query.list {
                List::Records(_) => "r.id",
                List::Memberships { owner: Kind::User, .. } => "m.channel_id",
                List::Memberships { owner: Kind::Channel, .. } => "m.user_id",
            }),
            Item::Text(text) => sql.push(table).push(column(*text)),
            Item::Updated => sql.push(table).push("updated"),
            Item::WholeCustom => sql.push(table).push("custom"),
            Item::Custom(name) => sql.push_entry_text(table, name),
        };
    }
}

/// The kind under which [`spaces`](super) has the memberships of a key set.
pub(crate) const MEMBERSHIPS: &str = "membership";

/// The beginning of the key of a name, as PostgreSQL's index has it.
const CUT_NAME: &str = "substring(r.name_key FROM 1 FOR 1000)";

/// Sorts behind every moment.
const LATEST: &str = "9223372036854775807";

/// A value of a field as the database compares it, behind all others when it is unset.
fn bound(field: &Field, value: &Value<'_>) -> Bound {
    match (&field.item, value) {
        (_, Value::Moment(moment)) => Bound::Integer(moment.micros()),
        (Item::Updated, _) => Bound::Integer(i64::MAX),
        (Item::Custom(_), value) => Bound::Bytes(value.custom_key().unwrap_or_else(|| UNSET.to_vec())),
        (_, Value::Text(text)) => Bound::Bytes(order::text_key(text)),
        (_, _) => Bound::Bytes(UNSET.to_vec()),
    }
}
