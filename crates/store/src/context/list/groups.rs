//! An order by status and then by name, or by the time of the change: group by group.
//!
//! No index has such an order, in either direction of each. But each group of a status has it in the index of the next key,
//! where the others are passed over, or is small enough to be sorted. So a page costs what a list costs that asks for one
//! status, instead of sorting everybody who has it.

use engine::context::{Item, List};
use wire::context::TextField;

use super::Lists;
use crate::context::order_index::OrderIndex;
use crate::context::sql::{Bound, Statement};

impl Lists<'_> {
    /// Whether this order is read group by group: it can be, and the index of the next key is there.
    pub(crate) fn is_grouped(&self) -> bool {
        self.key_in_groups().is_some_and(|item| OrderIndex::of(item).is_none_or(|index| self.has(index)))
    }

    /// The index that finds this list in its order, where it is one of those that are made when they are wanted. Groups of many
    /// are found by that of the next key.
    pub(crate) fn wants(&self) -> Option<OrderIndex> {
        let first = || self.query.sort.keys.first().map(|key| &key.field.item);
        let is_of_records = matches!(self.query.list, List::Records(_));
        let item = self.key_in_groups().or_else(first).filter(|_| is_of_records)?;
        OrderIndex::of(item)
    }

    /// The key after the status, if the order can be read group by group. One who filters may have to pass over nearly everybody,
    /// and does that once.
    fn key_in_groups(&self) -> Option<&Item> {
        let may_be = matches!(self.query.list, List::Records(_)) && self.query.filter.is_none();
        match &self.query.sort.keys[..] {
            [first, next, ..] if may_be && first.field.item == Item::Text(TextField::Status) => {
                let item = &next.field.item;
                matches!(item, Item::Updated | Item::Text(TextField::Name)).then_some(item)
            }
            _ => None,
        }
    }

    /// The group of the position, by the key of its status.
    pub(crate) fn group_of_position(&self) -> Option<Vec<u8>> {
        let (position, first) = (self.position()?, self.query.sort.keys.first()?);
        match super::bound(&first.field, position.values.first()?) {
            Bound::Bytes(key) => Some(key),
            Bound::Integer(_) | Bound::Text(_) => None,
        }
    }

    /// The group after another, or the first one.
    pub(crate) fn next_group(&self, after: Option<&[u8]>) -> Statement {
        let mut sql = Statement::new(self.dialect);
        let List::Records(kind) = &self.query.list else { return sql };
        let ascends = self.query.sort.keys.first().is_none_or(|first| self.ascends(first.direction));
        sql.push("SELECT status_key FROM statuses WHERE space = ");
        self.push_space(&mut sql, kind.as_str());
        if let Some(key) = after {
            sql.push(if ascends { " AND status_key > " } else { " AND status_key < " });
            sql.bind(Bound::Bytes(key.to_vec()));
        }
        sql.push(if ascends { " ORDER BY status_key LIMIT 1" } else { " ORDER BY status_key DESC LIMIT 1" });
        sql
    }

    /// The first of a group; found by the index of the next key when there are many.
    pub(crate) fn of_group(&self, group: &[u8], many: bool, limit: usize) -> Statement {
        let mut sql = Statement::new(self.dialect);
        sql.push("SELECT ").push(&super::record_columns("r."));
        self.from(&mut sql, Some(usize::from(many)));
        sql.push(" AND r.status_key = ").bind(Bound::Bytes(group.to_vec()));
        self.push_order(&mut sql, 1, limit);
        sql
    }

    /// A segment that is within the group of the position.
    pub(crate) fn segment_in_group(&self, segment: usize, many: bool, limit: usize) -> Statement {
        self.segment_by(segment, limit, usize::from(many))
    }
}
