//! PostgreSQL itself: the statements that a program would send it for the same rows, without a server of ours between.
//!
//! It keeps no keys in the text order of the protocol, checks nothing, and tells nobody of a change.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::json;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};

use super::database::{self, Database, connect};
use super::load::{Caller, Subject};
use super::operation::{Ask, BULK, Counted, Depth, Listing, Operation, far_page, number};
use super::people::{self, Person};

/// Sessions that write. More are slower, since each commit wakes them all.
const WRITING: usize = 16;
const PAGE: usize = 100;

const TABLES: &str = r#"
CREATE TABLE people (
    id          text COLLATE "C" PRIMARY KEY,
    name        text COLLATE "C",
    email       text,
    profile_url text,
    status      text COLLATE "C",
    type        text,
    custom      jsonb,
    updated     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX people_by_name ON people (name, id);
CREATE INDEX people_by_status ON people (status DESC, name, id);
CREATE INDEX people_by_custom ON people USING gin (custom jsonb_path_ops);
CREATE TABLE rooms (id text COLLATE "C" PRIMARY KEY, name text, updated timestamptz NOT NULL DEFAULT now());
CREATE TABLE memberships (
    person  text COLLATE "C" NOT NULL,
    room    text COLLATE "C" NOT NULL,
    updated timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person, room)
);"#;

const BULK_INSERT: &str = "
INSERT INTO people (id, name, email, profile_url, status, type, custom)
SELECT id, name, email, profile_url, status, 'member', custom::jsonb
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
  AS new (id, name, email, profile_url, status, custom)
ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, email = EXCLUDED.email, profile_url = EXCLUDED.profile_url,
  status = EXCLUDED.status, custom = EXCLUDED.custom, updated = now()";

/// A database with users.
pub(super) struct PostgresItself<'d> {
    server: &'d Database,
    address: String,
    users: usize,
}

impl<'d> PostgresItself<'d> {
    pub(super) async fn open(server: &'d Database) -> anyhow::Result<Self> {
        let address = server.create().await?.context("it has no server")?;
        connect(&address).await?.batch_execute(TABLES).await?;
        Ok(Self { server, address, users: 0 })
    }

    /// Adds users until there are so many.
    pub(super) async fn grow(&mut self, users: usize) -> anyhow::Result<()> {
        let db = connect(&self.address).await?;
        let insert = db.prepare(BULK_INSERT).await?;
        for first in (self.users..users).step_by(BULK) {
            Rows::of(number(first), BULK.min(users - first)).insert(&db, &insert).await?;
        }
        if self.users == 0 {
            let rooms: Vec<_> = (0..people::MEMBERSHIPS).map(people::channel).collect();
            let names: Vec<_> = (0..people::MEMBERSHIPS).map(people::channel_name).collect();
            let insert = "INSERT INTO rooms (id, name) SELECT * FROM unnest($1::text[], $2::text[])";
            db.execute(insert, &[&rooms, &names]).await?;
            let join = "INSERT INTO memberships (person, room) SELECT $1, unnest($2::text[])";
            db.execute(join, &[&people::user(people::CROWDED), &rooms]).await?;
        }
        self.users = users;
        database::settle(Some(&self.address)).await
    }

    /// The row before the far page: its values under the order, and its id.
    async fn before_far(&self, order: &str) -> anyhow::Result<[String; 3]> {
        let offset = (far_page(self.users) - 1) * PAGE - 1;
        let text = format!("SELECT status, name, id FROM people ORDER BY {order} OFFSET {offset} LIMIT 1");
        let row = connect(&self.address).await?.query_one(&text, &[]).await?;
        Ok([row.try_get(0)?, row.try_get(1)?, row.try_get(2)?])
    }

    /// The statement of a row, and its values where they are always the same.
    async fn statement(&self, operation: Operation) -> anyhow::Result<(String, Vec<String>)> {
        const USER: &str = "SELECT id, name, email, profile_url, status, type, custom::text, updated::text FROM people";
        let plain = |text: String| (text, Vec::new());
        Ok(match operation {
            Operation::Get => plain(format!("{USER} WHERE id = $1")),
            Operation::List(Listing::ByName, Depth::First) => plain(format!("{USER} ORDER BY name, id LIMIT {PAGE}")),
            Operation::List(Listing::ByName, Depth::Far) => {
                let [_, name, id] = self.before_far("name, id").await?;
                let text = format!("{USER} WHERE (name, id) > ($1, $2) ORDER BY name, id LIMIT {PAGE}");
                (text, vec![name, id])
            }
            Operation::List(Listing::ActiveByName, _) => {
                plain(format!("{USER} WHERE status = 'active' ORDER BY name, id LIMIT {PAGE}"))
            }
            Operation::List(Listing::Team, _) => {
                plain(format!("{USER} WHERE custom @> $1::text::jsonb ORDER BY id LIMIT {PAGE}"))
            }
            Operation::List(Listing::TeamByName, _) => {
                plain(format!("{USER} WHERE custom @> $1::text::jsonb ORDER BY name, id LIMIT {PAGE}"))
            }
            Operation::List(Listing::ByStatusAndName, Depth::First) => {
                plain(format!("{USER} ORDER BY status DESC, name, id LIMIT {PAGE}"))
            }
            Operation::List(Listing::ByStatusAndName, Depth::Far) => {
                let values = self.before_far("status DESC, name, id").await?;
                // One condition with OR would read the status from its first row on.
                let text = format!(
                    "({USER} WHERE status = $1 AND (name, id) > ($2, $3) ORDER BY name, id LIMIT {PAGE})
                     UNION ALL
                     ({USER} WHERE status < $1 ORDER BY status DESC, name, id LIMIT {PAGE}) LIMIT {PAGE}"
                );
                (text, values.into())
            }
            Operation::Memberships => {
                let text = format!(
                    "SELECT m.room, m.updated::text, r.name, r.updated::text FROM memberships m
                     LEFT JOIN rooms r ON r.id = m.room WHERE m.person = $1 ORDER BY m.room LIMIT {PAGE}"
                );
                (text, vec![people::user(people::CROWDED)])
            }
            Operation::Count(Counted::All) => plain("SELECT count(*) FROM people".to_owned()),
            Operation::Count(Counted::Active | Counted::ActiveAlone) => {
                plain("SELECT count(*) FROM people WHERE status = 'active'".to_owned())
            }
            Operation::Create => plain(
                "INSERT INTO people (id, name, email, profile_url, status, type, custom)
                 VALUES ($1, $2, $3, $4, $5, 'member', $6::text::jsonb)
                 ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, email = EXCLUDED.email, profile_url = EXCLUDED.profile_url,
                 status = EXCLUDED.status, custom = EXCLUDED.custom, updated = now()
                 RETURNING id, updated::text"
                    .to_owned(),
            ),
            Operation::Update => plain(
                "INSERT INTO people AS p (id, name, status) VALUES ($1, $2, $3)
                 ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, status = EXCLUDED.status, updated = now()
                 RETURNING p.id, p.name, p.email, p.profile_url, p.status, p.type, p.custom::text, p.updated::text"
                    .to_owned(),
            ),
            Operation::Bulk => plain(BULK_INSERT.to_owned()),
        })
    }
}

impl Subject for PostgresItself<'_> {
    type Caller = Session;

    async fn callers(&self, operation: Operation, count: usize) -> anyhow::Result<Vec<Session>> {
        let (text, values) = self.statement(operation).await?;
        let values: Arc<[String]> = values.into();
        let mut sessions = Vec::new();
        for _ in 0..if operation.is_write() { count.min(WRITING) } else { count } {
            let db = connect(&self.address).await?;
            let statement = db.prepare(&text).await?;
            sessions.push(Session { db: Arc::new(db), statement, values: Arc::clone(&values) });
        }
        Ok(sessions.iter().cycle().take(count).cloned().collect())
    }

    fn cpu(&self) -> anyhow::Result<Option<Duration>> {
        self.server.cpu()
    }
}

/// A session, perhaps shared, with the one statement that it runs.
#[derive(Clone)]
pub(super) struct Session {
    db: Arc<Client>,
    statement: Statement,
    values: Arc<[String]>,
}

/// The values of a statement.
pub(super) enum Values {
    Same,
    These(Vec<String>),
    Rows(Rows),
}

impl Caller for Session {
    type Request = Values;

    fn request(&self, ask: Ask) -> Values {
        match ask {
            Ask::Get(n) => Values::These(vec![people::user(n)]),
            Ask::List { team } if self.values.is_empty() && !self.statement.params().is_empty() => {
                Values::These(vec![json!({"team": people::team(team)}).to_string()])
            }
            Ask::List { .. } | Ask::Memberships | Ask::Count => Values::Same,
            Ask::Create(n) => {
                let Person { name, email, profile_url, status, custom } = Person::new(n);
                Values::These(vec![people::user(n), name, email, profile_url, status.to_owned(), custom.to_string()])
            }
            Ask::Update { user, round } => {
                Values::These(vec![people::user(user), people::new_name(user, round), "active".to_owned()])
            }
            Ask::Bulk(first) => Values::Rows(Rows::of(first, BULK)),
        }
    }

    async fn call(&mut self, values: Values) -> anyhow::Result<()> {
        let values = match &values {
            Values::Same => &*self.values,
            Values::These(values) => values,
            Values::Rows(rows) => return rows.insert(&self.db, &self.statement).await,
        };
        let values: Vec<_> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        match self.db.query(&self.statement, &values).await?.is_empty() {
            true => bail!("it found nothing"),
            false => Ok(()),
        }
    }
}

/// Users by columns, as one statement takes them.
#[derive(Default)]
pub(super) struct Rows {
    columns: [Vec<String>; 6],
}

impl Rows {
    fn of(first: u32, count: usize) -> Self {
        let mut rows = Self::default();
        for n in first..first + number(count) {
            let Person { name, email, profile_url, status, custom } = Person::new(n);
            let values = [people::user(n), name, email, profile_url, status.to_owned(), custom.to_string()];
            rows.columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
        }
        rows
    }

    async fn insert(&self, db: &Client, statement: &Statement) -> anyhow::Result<()> {
        let columns: Vec<_> = self.columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect();
        db.execute(statement, &columns).await?;
        Ok(())
    }
}
