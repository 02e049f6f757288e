//! What a transaction of the writer reads, and what it writes.
//!
//! Statements are sent without waiting for each other's answers: a round trip a statement would cost more than the statements do.

use std::collections::{HashMap, HashSet};

use deadpool_postgres::Object;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};
use wire::SubscribeKey;
use wire::context::Kind;

use super::custom_index;
use super::overlay::{MembershipPlace, Needs, Overlay, RecordPlace};
use super::put::{Values, membership_values, put_membership, put_record, record_values};
use crate::StoreError;
use crate::context::list::MEMBERSHIPS;
use crate::context::outbox;
use crate::context::rows::{self, damaged, id_key, membership_columns, record_columns};

/// The numbers of spaces, which never change.
#[derive(Debug, Default)]
pub(super) struct Spaces(HashMap<(SubscribeKey, &'static str), i64>);

impl Spaces {
    /// Looks up spaces that were not met before, in a transaction of their own: what is remembered must stay true.
    pub(super) async fn find(&mut self, db: &Object, needs: &Needs) -> Result<(), StoreError> {
        let records = needs.records.iter().map(|(key, kind, _)| (key, kind.as_str()));
        let owners = needs.owners.iter().map(|(key, ..)| (key, MEMBERSHIPS));
        let memberships = needs.memberships.iter().map(|(key, ..)| (key, MEMBERSHIPS));
        for (key, kind) in records.chain(owners).chain(memberships) {
            let place = (key.clone(), kind);
            if self.0.contains_key(&place) {
                continue;
            }
            let insert = "INSERT INTO spaces (subscribe_key, kind) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            db.execute(insert, &[&key.as_str(), &kind]).await?;
            let select = "SELECT space FROM spaces WHERE subscribe_key = $1 AND kind = $2";
            let space = db.query_one(select, &[&key.as_str(), &kind]).await?.try_get(0)?;
            self.0.insert(place, space);
        }
        Ok(())
    }

    /// The number of one that was found before.
    fn of(&self, key: &SubscribeKey, kind: &'static str) -> i64 {
        // No space has the number 0.
        self.0.get(&(key.clone(), kind)).copied().unwrap_or_default()
    }
}

/// Begins the transaction, waits for its turn, and reads. Answers the id of the transaction as well.
pub(super) async fn read(db: &Object, numbers: &Spaces, needs: &Needs) -> Result<(Overlay, String), StoreError> {
    let lock = db.prepare_cached("SELECT last, pg_current_xact_id()::text FROM commits FOR UPDATE").await?;
    let text = format!(
        "SELECT {} FROM unnest($1::bigint[], $2::bytea[]) WITH ORDINALITY AS n (space, id_key, ord)
         JOIN records r ON r.space = n.space AND r.id_key = n.id_key",
        record_columns("r.") + ", n.ord"
    );
    let records = db.prepare_cached(&text).await?;
    let text = format!(
        "SELECT {} FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) WITH ORDINALITY AS n (space, user_key, channel_key, ord)
         JOIN memberships m ON m.space = n.space AND m.user_key = n.user_key AND m.channel_key = n.channel_key",
        membership_columns("m.") + ", n.ord"
    );
    let memberships = db.prepare_cached(&text).await?;
    let of_users = db
        .prepare_cached(
            "SELECT m.channel_id, n.ord FROM unnest($1::bigint[], $2::bytea[]) WITH ORDINALITY AS n (space, key, ord)
             JOIN memberships m ON m.space = n.space AND m.user_key = n.key",
        )
        .await?;
    let of_channels = db
        .prepare_cached(
            "SELECT m.user_id, n.ord FROM unnest($1::bigint[], $2::bytea[]) WITH ORDINALITY AS n (space, key, ord)
             JOIN memberships m ON m.space = n.space AND m.channel_key = n.key",
        )
        .await?;
    let indexes = db.prepare_cached(custom_index::OF_SPACES).await?;

    let record_places: Vec<&RecordPlace> = needs.records.iter().collect();
    let membership_places: Vec<&MembershipPlace> = needs.memberships.iter().collect();
    let (users, channels): (Vec<&RecordPlace>, Vec<&RecordPlace>) =
        needs.owners.iter().partition(|(_, kind, _)| *kind == Kind::User);
    let record_spaces: Vec<i64> = record_places.iter().map(|(key, kind, _)| numbers.of(key, kind.as_str())).collect();
    let own_spaces: HashSet<i64> = record_spaces.iter().copied().collect();
    let own_spaces: Vec<i64> = own_spaces.into_iter().collect();
    let record_keys: Vec<Vec<u8>> = record_places.iter().map(|(_, _, id)| id_key(id)).collect();
    let spaces: Vec<i64> = membership_places.iter().map(|(key, ..)| numbers.of(key, MEMBERSHIPS)).collect();
    let user_keys: Vec<Vec<u8>> = membership_places.iter().map(|(_, user, _)| id_key(user)).collect();
    let channel_keys: Vec<Vec<u8>> = membership_places.iter().map(|(_, _, channel)| id_key(channel)).collect();
    let of = |places: &[&RecordPlace]| -> (Vec<i64>, Vec<Vec<u8>>) {
        places.iter().map(|(key, _, id)| (numbers.of(key, MEMBERSHIPS), id_key(id))).unzip()
    };
    let (user_owners, channel_owners) = (of(&users), of(&channels));

    let record_values: [&(dyn ToSql + Sync); 2] = [&record_spaces, &record_keys];
    let membership_values: [&(dyn ToSql + Sync); 3] = [&spaces, &user_keys, &channel_keys];
    let user_values: [&(dyn ToSql + Sync); 2] = [&user_owners.0, &user_owners.1];
    let channel_values: [&(dyn ToSql + Sync); 2] = [&channel_owners.0, &channel_owners.1];
    let index_values: [&(dyn ToSql + Sync); 1] = [&own_spaces];
    // Sent in this order; each sees what was committed before it began, and the second waits for its turn.
    let (_, last, records, memberships, of_users, of_channels, indexes) = tokio::try_join!(
        biased;
        db.batch_execute("BEGIN"),
        db.query_one(&lock, &[]),
        db.query(&records, &record_values),
        db.query(&memberships, &membership_values),
        db.query(&of_users, &user_values),
        db.query(&of_channels, &channel_values),
        db.query(&indexes, &index_values),
    )?;

    let transaction = last.try_get(1)?;
    let mut overlay = Overlay { last: last.try_get::<_, i64>(0)?.unsigned_abs(), ..Overlay::default() };
    overlay.indexes = custom_index::of_spaces(&indexes)?;
    overlay.records = needs.records.iter().map(|place| (place.clone(), None)).collect();
    overlay.memberships = needs.memberships.iter().map(|place| (place.clone(), None)).collect();
    overlay.others = needs.owners.iter().map(|place| (place.clone(), Default::default())).collect();
    for row in &records {
        overlay.records.insert(nth(&record_places, row)?, rows::record(row, 0)?);
    }
    for row in &memberships {
        overlay.memberships.insert(nth(&membership_places, row)?, Some(rows::membership(row, 0)?));
    }
    for (places, rows) in [(&users, &of_users), (&channels, &of_channels)] {
        for row in rows {
            let other = rows::id(row, 0)?;
            overlay.others.entry(nth(places, row)?).or_default().insert(id_key(&other), other);
        }
    }
    Ok((overlay, transaction))
}

/// Writes what the commands left.
pub(super) async fn flush(db: &Object, numbers: &Spaces, overlay: &Overlay) -> Result<(), StoreError> {
    let put_record = put_record(db).await?;
    let remove_record = db.prepare_cached("DELETE FROM records WHERE space = $1 AND id_key = $2").await?;
    let remove_entries = db.prepare_cached(custom_index::REMOVE).await?;
    let put_entries = db.prepare_cached(custom_index::PUT).await?;
    let put_membership = put_membership(db).await?;
    let remove_membership =
        db.prepare_cached("DELETE FROM memberships WHERE space = $1 AND user_key = $2 AND channel_key = $3").await?;
    let grow = db.prepare_cached("UPDATE spaces SET records = records + $2 WHERE space = $1").await?;
    let put_events = db
        .prepare_cached("INSERT INTO outbox (sequence, subscribe_key, event) SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[])")
        .await?;
    let note_last = db.prepare_cached("UPDATE commits SET last = $1").await?;

    let mut statements: Vec<(&Statement, Values)> = Vec::new();
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    for (place, before) in &overlay.changed_records {
        let (key, kind, id) = place;
        let space = numbers.of(key, kind.as_str());
        let after = overlay.records.get(place).and_then(Option::as_ref);
        match after {
            Some(record) => statements.push((&put_record, record_values(space, record))),
            None => statements.push((&remove_record, vec![Box::new(space), Box::new(id_key(id))])),
        }
        let indexes = overlay.indexes.get(&space).map(Vec::as_slice).unwrap_or_default();
        for (old, new) in custom_index::changes(indexes, before.as_ref(), after) {
            gone.extend(old);
            come.extend(new);
        }
    }
    for (statement, entries) in [(&remove_entries, gone), (&put_entries, come)] {
        if !entries.is_empty() {
            statements.push((statement, custom_index::columns(entries)));
        }
    }
    for place in &overlay.changed_memberships {
        let (key, user, channel) = place;
        let space = numbers.of(key, MEMBERSHIPS);
        match overlay.memberships.get(place) {
            Some(Some(membership)) => statements.push((&put_membership, membership_values(space, membership))),
            _ => statements
                .push((&remove_membership, vec![Box::new(space), Box::new(id_key(user)), Box::new(id_key(channel))])),
        }
    }
    for ((key, kind), more) in overlay.growth.iter().filter(|(_, more)| **more != 0) {
        statements.push((&grow, vec![Box::new(numbers.of(key, kind.as_str())), Box::new(*more)]));
    }
    if !overlay.events.is_empty() {
        let numbers: Vec<i64> = overlay.events.iter().map(|event| event.number.cast_signed()).collect();
        let keys: Vec<String> = overlay.events.iter().map(|event| event.key.as_str().to_owned()).collect();
        let texts = overlay.events.iter().map(|event| outbox::text(&event.event));
        let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
        statements.push((&put_events, vec![Box::new(numbers), Box::new(keys), Box::new(texts)]));
        statements.push((&note_last, vec![Box::new(overlay.last.cast_signed())]));
    }
    let calls = statements.iter().map(|(statement, values)| async move {
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| &**value as _).collect();
        db.execute(*statement, &values).await
    });
    Ok(together(calls).await?)
}

/// The place that the row answers, whose number from 1 on is the row's last column.
fn nth<P: Clone>(places: &[&P], row: &Row) -> Result<P, StoreError> {
    let number: i64 = row.try_get(row.len() - 1)?;
    let place = usize::try_from(number - 1).ok().and_then(|at| places.get(at));
    place.map(|place| (*place).clone()).ok_or_else(|| damaged("a row that nobody asked for"))
}

/// Awaits all, having begun each before waiting for any.
async fn together<T, E>(calls: impl Iterator<Item = impl Future<Output = Result<T, E>>>) -> Result<(), E> {
    let mut calls: Vec<_> = calls.map(|call| Some(Box::pin(call))).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for call in &mut calls {
            let Some(running) = call else { continue };
            match running.as_mut().poll(context) {
                std::task::Poll::Ready(Ok(_)) => *call = None,
                std::task::Poll::Ready(Err(error)) => return std::task::Poll::Ready(Err(error)),
                std::task::Poll::Pending => waiting = true,
            }
        }
        if waiting { std::task::Poll::Pending } else { std::task::Poll::Ready(Ok(())) }
    })
    .await
}
