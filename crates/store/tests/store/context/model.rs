//! The judge: commands and lists as the engine answers them, in memory.

use std::collections::BTreeMap;

use engine::context::{
    Condition, CustomMode, List, ListKind, Manage, Managed, Query, Range, Refused, Remove, Removed, Row, Set, Written,
    order,
};
use serde_json::{Value, json};
use store::{Committed, Store};
use wire::context::{Include, Joined, Kind, Membership, Moment, Record, Shown, TextField};
use wire::{RecordId, SubscribeKey};

use super::{at, id, position, query};
use crate::contract::Place;
use crate::names::key;

/// What a store must answer.
#[derive(Default)]
struct Model {
    records: BTreeMap<(Kind, RecordId), Record>,
    memberships: BTreeMap<(RecordId, RecordId), Membership>,
}

impl Model {
    fn others(&self, owner: Kind, id: &RecordId) -> Vec<RecordId> {
        let held = self.memberships.values().filter(|membership| membership.end(owner) == id);
        let mut others: Vec<RecordId> = held.map(|membership| membership.end(owner.other()).clone()).collect();
        others.sort_by(|left, right| order::compare(left.as_str(), right.as_str()));
        others
    }

    fn set(&mut self, set: &Set, now: Moment) -> Result<Written, Refused> {
        let place = (set.kind, set.id.clone());
        let mut written = set.apply(self.records.get(&place), now)?;
        if let (Some(event), Kind::User) = (&mut written.event, set.kind) {
            event.also_on(&self.others(set.kind, &set.id));
        }
        self.records.insert(place, written.record.clone());
        Ok(written)
    }

    fn remove(&mut self, remove: &Remove) -> Result<Removed, Refused> {
        let place = (remove.kind, remove.id.clone());
        let others = self.others(remove.kind, &remove.id);
        let removed = remove.apply(self.records.get(&place), &others)?;
        self.records.remove(&place);
        if removed.memberships {
            self.memberships.retain(|_, membership| membership.end(remove.kind) != &remove.id);
        }
        Ok(removed)
    }

    fn manage(&mut self, manage: &Manage, now: Moment) -> Result<Managed, Refused> {
        let exists = |kind, id: &RecordId| self.records.contains_key(&(kind, id.clone()));
        manage.missing(exists(manage.owner, &manage.id), |id| exists(manage.owner.other(), id))?;
        let current: Vec<Membership> =
            self.memberships.values().filter(|held| held.end(manage.owner) == &manage.id).cloned().collect();
        let managed = manage.apply(&current, now)?;
        for membership in &managed.put {
            self.memberships.insert((membership.user.clone(), membership.channel.clone()), membership.clone());
        }
        self.memberships.retain(|_, held| {
            held.end(manage.owner) != &manage.id || !managed.remove.contains(held.end(manage.owner.other()))
        });
        Ok(managed)
    }

    fn list(&self, kind: Kind) -> Vec<Record> {
        self.records.iter().filter(|((of, _), _)| *of == kind).map(|(_, record)| record.clone()).collect()
    }

    fn joined(&self, owner: Kind, id: &RecordId) -> Vec<Joined> {
        let held = self.memberships.values().filter(|held| held.end(owner) == id);
        let join = |membership: &Membership| {
            let other = (owner.other(), membership.end(owner.other()).clone());
            Joined { membership: membership.clone(), record: self.records.get(&other).cloned() }
        };
        held.map(join).collect()
    }
}

/// Numbers that look random and come again with their seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }

    fn one<'o, T: ?Sized>(&mut self, of: &[&'o T]) -> &'o T {
        of[self.below(of.len())]
    }

    fn text(&mut self) -> &'static str {
        self.one(&[
            "ann", "Ann", "ANN", "a_nn", "an", "b", "Änn", "änn", "b%", "b\\", "*", "x", " x", "10", "2", "K",
            "\u{212a}",
        ])
    }

    fn id(&mut self) -> RecordId {
        id(self.one(&["ann", "Ann", "a-nn", "bob", "b_b", "b%b", "cé", "10", "2", "zed"]))
    }

    fn entry(&mut self) -> &'static str {
        self.one(&["team", "age", "a\"b.c", "ключ", "ok"])
    }

    fn scalar(&mut self) -> Value {
        match self.below(9) {
            0..4 => self.text().into(),
            4 => json!(self.below(4)),
            5 => json!(2.5),
            6 => json!(-1),
            7 => json!(self.below(2) == 0),
            _ => Value::Null,
        }
    }

    fn body(&mut self, fields: &[TextField]) -> Value {
        let mut body = serde_json::Map::new();
        for field in fields {
            match self.below(4) {
                0 => _ = body.insert(field.as_str().into(), Value::Null),
                1 | 2 => _ = body.insert(field.as_str().into(), self.text().into()),
                _ => {}
            }
        }
        match self.below(4) {
            0 => _ = body.insert("custom".into(), Value::Null),
            1 | 2 => {
                let custom: serde_json::Map<_, _> =
                    (0..self.below(4)).map(|_| (self.entry().to_owned(), self.scalar())).collect();
                body.insert("custom".into(), custom.into());
            }
            _ => {}
        }
        body.into()
    }

    fn mode(&mut self) -> CustomMode {
        if self.below(3) == 0 { CustomMode::Merge } else { CustomMode::Replace }
    }

    fn kind(&mut self) -> Kind {
        if self.below(2) == 0 { Kind::User } else { Kind::Channel }
    }

    fn set(&mut self, model: &Model) -> Set {
        let (kind, id) = (self.kind(), self.id());
        let body = self.body(kind.fields()).to_string();
        let condition = self.condition(model, kind, &id);
        Set::parse(kind, id, body.as_bytes(), self.mode(), condition).unwrap()
    }

    fn condition(&mut self, model: &Model, kind: Kind, id: &RecordId) -> Condition {
        match (self.below(8), model.records.get(&(kind, id.clone()))) {
            (0, _) => Condition::Exists,
            (1, _) => Condition::Is("stale".into()),
            (2, Some(record)) => Condition::Is(record.etag.as_str().into()),
            _ => Condition::None,
        }
    }

    fn manage(&mut self) -> Manage {
        let owner = self.kind();
        let other = owner.other().as_str();
        let set: Vec<Value> = (0..self.below(5))
            .map(|_| {
                let mut entry = self.body(TextField::OF_MEMBERSHIP);
                entry[other] = json!({"id": self.id().as_str()});
                entry
            })
            .collect();
        let named = |entry: &Value| set.iter().any(|set| set[other] == entry[other]);
        let delete: Vec<Value> = (0..self.below(4)).map(|_| json!({other: {"id": self.id().as_str()}})).collect();
        let delete: Vec<Value> = delete.into_iter().filter(|entry| !named(entry)).collect();
        let body = json!({"set": set, "delete": delete}).to_string();
        let integrity = self.below(4) == 0;
        Manage::parse(owner, self.id(), body.as_bytes(), self.mode(), integrity).unwrap()
    }

    fn path(&mut self, list: ListKind) -> (String, &'static str) {
        let (prefix, fields) = match list {
            ListKind::Records(kind) => (String::new(), kind.fields()),
            ListKind::Memberships(owner) => match self.below(2) {
                0 => (String::new(), TextField::OF_MEMBERSHIP),
                _ => (format!("{}.", owner.other().as_str()), owner.other().fields()),
            },
        };
        match self.below(6) {
            0 if !(prefix.is_empty() && matches!(list, ListKind::Memberships(_))) => (format!("{prefix}id"), "text"),
            1 => (format!("{prefix}updated"), "moment"),
            2 | 3 => (format!("{prefix}custom[{}]", Value::from(self.entry())), "any"),
            4 => (format!("{prefix}custom"), "null"),
            _ => (format!("{prefix}{}", fields[self.below(fields.len())].as_str()), "text"),
        }
    }

    fn filter(&mut self, list: ListKind, depth: usize) -> String {
        match self.below(if depth == 0 { 1 } else { 4 }) {
            0 => {
                let (path, type_) = self.path(list);
                let order = self.one(&["==", "!=", "<", "<=", ">", ">="]);
                let equal = self.one(&["==", "!="]);
                match (type_, self.below(8)) {
                    ("null", _) | (_, 0) => format!("{path} {equal} null"),
                    ("moment", _) => format!("{path} {order} \"{}\"", at(self.below(40) as i64)),
                    ("any", 1) => format!("{path} {order} {}", self.one(&["0", "2", "2.5", "-1", "3e0"])),
                    ("any", 2) => format!("{path} {equal} {}", self.one(&["true", "false"])),
                    (_, 3 | 4) => {
                        let pattern = self
                            .one(&["*", "a*", "A*", "*n", "a*n", "*_*", "b%", "b\\\\", "\\*", "ann", "*Ä*", "", "K*"]);
                        format!("{path} like \"{pattern}\"")
                    }
                    _ => format!("{path} {order} {}", Value::from(self.text())),
                }
            }
            1 => format!("!({})", self.filter(list, depth - 1)),
            word => {
                let parts: Vec<String> =
                    (0..2 + self.below(2)).map(|_| format!("({})", self.filter(list, depth - 1))).collect();
                parts.join(if word == 2 { " && " } else { " || " })
            }
        }
    }

    fn sort(&mut self, list: ListKind) -> String {
        let keys = (0..self.below(4)).map(|_| {
            let field = match list {
                ListKind::Records(Kind::User) => self.one(&[
                    "id",
                    "name",
                    "updated",
                    "status",
                    "type",
                    "email",
                    "externalId",
                    "profileUrl",
                    "custom.team",
                    "custom.age",
                ]),
                ListKind::Records(Kind::Channel) => {
                    self.one(&["id", "name", "updated", "status", "type", "description", "custom.ok"])
                }
                ListKind::Memberships(Kind::User) => self.one(&[
                    "channel.id",
                    "channel.name",
                    "channel.updated",
                    "channel.description",
                    "updated",
                    "status",
                    "type",
                    "id",
                    "name",
                ]),
                ListKind::Memberships(Kind::Channel) => self.one(&[
                    "uuid.id",
                    "uuid.name",
                    "uuid.updated",
                    "uuid.email",
                    "updated",
                    "status",
                    "type",
                    "id",
                    "name",
                ]),
            };
            format!("{field}{}", self.one(&["", ":asc", ":desc"]))
        });
        keys.collect::<Vec<_>>().join(",")
    }

    fn query(&mut self) -> Query {
        let list = match self.below(2) {
            0 => List::Records(self.kind()),
            _ => List::Memberships { owner: self.kind(), id: self.id() },
        };
        let kind = list.kind();
        let filter = if self.below(3) == 0 { String::new() } else { self.filter(kind, 3) };
        let mut query = query(list, &filter, &self.sort(kind));
        query.limit = 1 + self.below(5);
        query.count = true;
        if self.below(2) == 0 && kind.joined().is_some() {
            query.include = Include { joined: Some(Shown::ALL), ..Include::default() };
        }
        query
    }
}

/// Random commands, and random lists paged to their end and back: everything is as the model has it.
pub(crate) async fn any_commands_and_lists_are_as_the_engine_has_them(place: &impl Place) {
    let rounds: u64 = std::env::var("HEREABOUTS_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(6);
    let first: u64 = std::env::var("HEREABOUTS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    for seed in first..first + rounds {
        // Shown by the test runner when the test fails; HEREABOUTS_SEED begins with it.
        println!("seed {seed}");
        let (store, demo) = (place.open().await, key(&format!("seed-{seed}")));
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut model = Model::default();
        for step in 0..60 {
            command(&*store, &demo, &mut model, &mut dice, at(step / 2)).await;
            for _ in 0..3 {
                let query = dice.query();
                walk(&*store, &demo, &model, query, &mut dice).await;
            }
        }
        for kind in [Kind::User, Kind::Channel] {
            for record in model.list(kind) {
                assert_eq!(store.record(&demo, kind, &record.id).await.unwrap(), Some(record));
            }
        }
    }
}

async fn command(store: &dyn Store, key: &SubscribeKey, model: &mut Model, dice: &mut Dice, now: Moment) {
    fn same<T: PartialEq + std::fmt::Debug>(answer: &Committed<T>, expected: &T) {
        assert_eq!(&answer.outcome, expected);
    }
    match dice.below(8) {
        0 => {
            let (kind, id) = (dice.kind(), dice.id());
            let condition = dice.condition(model, kind, &id);
            let remove = Remove { kind, id, condition, integrity: dice.below(2) == 0 };
            same(&store.remove(key, remove.clone()).await.unwrap(), &model.remove(&remove));
        }
        1..4 => {
            let manage = dice.manage();
            same(&store.manage(key, manage.clone(), now).await.unwrap(), &model.manage(&manage, now));
        }
        4 => {
            let sets: Vec<Set> = (0..5).map(|_| dice.set(model)).collect();
            let answer = store.set_many(key, sets.clone(), now).await.unwrap();
            same(&answer, &sets.iter().map(|set| model.set(set, now)).collect());
        }
        _ => {
            let set = dice.set(model);
            same(&store.set(key, set.clone(), now).await.unwrap(), &model.set(&set, now));
        }
    }
}

async fn walk(store: &dyn Store, key: &SubscribeKey, model: &Model, mut query: Query, dice: &mut Dice) {
    for _ in 0..6 {
        let shown = || {
            format!(
                "{:?} sort={} {:?} {:?}",
                query.list,
                query.sort,
                query.filter.as_ref().map(ToString::to_string),
                query.range
            )
        };
        let (next, prev) = match query.list.clone() {
            List::Records(kind) => {
                let page = store.records(key, &query).await.unwrap();
                assert_eq!(page, query.answer(model.list(kind), |record| Row::Record(record)), "{}", shown());
                (page.next, page.prev)
            }
            List::Memberships { owner, id } => {
                let mut page = store.memberships(key, &query).await.unwrap();
                let mut expected = query.answer(model.joined(owner, &id), |item| Row::membership(item, owner.other()));
                if query.include.joined.is_none() {
                    // Then the store need not read it.
                    page.items.iter_mut().chain(&mut expected.items).for_each(|item| item.record = None);
                }
                assert_eq!(page, expected, "{}", shown());
                (page.next, page.prev)
            }
        };
        let range = match (dice.below(3), next, prev) {
            (0, _, Some(prev)) => Range::Before(position(&prev, &query)),
            (_, Some(next), _) => Range::From(position(&next, &query)),
            _ => return,
        };
        query.range = range;
    }
}
