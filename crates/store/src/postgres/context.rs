//! App context in PostgreSQL.

use engine::context::{List, Manage, Managed, Query, Refused, Remove, Removed, Row as Listed, Set, Written};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_postgres::Row;
use wire::context::{Joined, Kind, Moment, Page, Record};
use wire::{RecordId, SubscribeKey};

use super::overlay::Needs;
use super::{Postgres, lists};
use crate::context::apply;
use crate::context::rows::{self, MEMBERSHIP_COLUMNS, damaged, id_key, record_columns};
use crate::{Committed, Context, Numbered, Reply};

impl Context for Postgres {
    fn record(&self, key: &SubscribeKey, kind: Kind, id: &RecordId) -> Reply<'_, Option<Record>> {
        let (key, id_key) = (key.clone(), id_key(id));
        Box::pin(async move {
            let db = self.reader().await?;
            let text = format!(
                "SELECT {} FROM records
                 WHERE space = (SELECT space FROM spaces WHERE subscribe_key = $1 AND kind = $2) AND id_key = $3",
                record_columns("")
            );
            let statement = db.prepare_cached(&text).await?;
            let row = db.query_opt(&statement, &[&key.as_str(), &kind.as_str(), &id_key]).await?;
            row.map_or(Ok(None), |row| rows::record(&row, 0))
        })
    }

    fn records(&self, key: &SubscribeKey, query: &Query) -> Reply<'_, Page<Record>> {
        let (key, query) = (key.clone(), query.clone());
        Box::pin(async move {
            let List::Records(kind) = query.list else {
                return Ok(query.page(Vec::new(), None, |item| Listed::Record(item)));
            };
            let read = |row: &Row, _| rows::record(row, 0)?.ok_or_else(|| damaged("a row without an id"));
            let found = lists::find(self.reader().await?, &key, &query, read).await?;
            if let Some(index) = found.lacks_index {
                self.writer.order_index(key, kind, index);
            }
            Ok(query.page(found.rows, found.total, |item| Listed::Record(item)))
        })
    }

    fn memberships(&self, key: &SubscribeKey, query: &Query) -> Reply<'_, Page<Joined>> {
        let (key, query) = (key.clone(), query.clone());
        Box::pin(async move {
            let List::Memberships { owner, .. } = query.list else {
                return Ok(query.page(Vec::new(), None, |item| Listed::membership(item, Kind::Channel)));
            };
            let read = |row: &Row, joins| {
                let record = if joins { rows::record(row, MEMBERSHIP_COLUMNS)? } else { None };
                Ok(Joined { membership: rows::membership(row, 0)?, record })
            };
            let found = lists::find(self.reader().await?, &key, &query, read).await?;
            Ok(query.page(found.rows, found.total, |item| Listed::membership(item, owner.other())))
        })
    }

    fn set(&self, key: &SubscribeKey, set: Set, now: Moment) -> Reply<'_, Committed<Result<Written, Refused>>> {
        let mut needs = Needs::default();
        needs_of_set(&mut needs, key, &set);
        Box::pin(self.writer.write(key.clone(), needs, move |tables| apply::set(tables, &set, now)))
    }

    fn set_many(
        &self,
        key: &SubscribeKey,
        sets: Vec<Set>,
        now: Moment,
    ) -> Reply<'_, Committed<Vec<Result<Written, Refused>>>> {
        let mut needs = Needs::default();
        sets.iter().for_each(|set| needs_of_set(&mut needs, key, set));
        Box::pin(self.writer.write(key.clone(), needs, move |tables| apply::set_many(tables, &sets, now)))
    }

    fn remove(&self, key: &SubscribeKey, remove: Remove) -> Reply<'_, Committed<Result<Removed, Refused>>> {
        let mut needs = Needs::default();
        needs.records.insert((key.clone(), remove.kind, remove.id.clone()));
        if remove.needs_others() {
            needs.owners.insert((key.clone(), remove.kind, remove.id.clone()));
        }
        Box::pin(self.writer.write(key.clone(), needs, move |tables| apply::remove(tables, &remove)))
    }

    fn manage(
        &self,
        key: &SubscribeKey,
        manage: Manage,
        now: Moment,
    ) -> Reply<'_, Committed<Result<Managed, Refused>>> {
        let mut needs = Needs::default();
        for other in manage.others() {
            let (user, channel) = apply::ends(manage.owner, &manage.id, other);
            needs.memberships.insert((key.clone(), user.clone(), channel.clone()));
            if manage.integrity {
                needs.records.insert((key.clone(), manage.owner.other(), other.clone()));
            }
        }
        if manage.integrity {
            needs.records.insert((key.clone(), manage.owner, manage.id.clone()));
        }
        Box::pin(self.writer.write(key.clone(), needs, move |tables| apply::manage(tables, &manage, now)))
    }

    fn events(&self) -> Reply<'_, UnboundedReceiver<Numbered>> {
        Box::pin(self.writer.events())
    }

    fn told(&self, last: u64) -> Reply<'_, ()> {
        Box::pin(async move {
            let last = i64::try_from(last).unwrap_or(i64::MAX);
            let db = self.reader().await?;
            let delete = db.prepare_cached("DELETE FROM outbox WHERE sequence <= $1").await?;
            db.execute(&delete, &[&last]).await?;
            Ok(())
        })
    }
}

fn needs_of_set(needs: &mut Needs, key: &SubscribeKey, set: &Set) {
    needs.records.insert((key.clone(), set.kind, set.id.clone()));
    if set.kind == Kind::User {
        needs.owners.insert((key.clone(), set.kind, set.id.clone()));
    }
}
