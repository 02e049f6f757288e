//! The store itself: the same calls without HTTP, in this process, as the limit of what the server can give.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, bail};
use engine::context::{Condition, CustomMode, List, Manage, Query, Refused, Set};
use store::{DataDirectory, Postgres, Settings, Sqlite, Store};
use tempfile::TempDir;
use tokio::runtime::{Handle, Runtime};
use wire::context::{Kind, Moment};
use wire::target::Target;
use wire::{RecordId, SubscribeKey};

use super::database::{self, Database};
use super::http::{parameters, team_value};
use super::load::{Caller, Records, Subject};
use super::operation::{Ask, BULK, Depth, Operation, far_page, number};
use super::people::{self, Person};
use super::process;

/// How often it is noted which events were told, as a server does.
const NOTED: Duration = Duration::from_secs(1);
/// More than there are in that time.
const HEARD_AT_ONCE: usize = 1 << 20;

/// A store with users, and threads of its own.
pub(super) struct InProcess<'d> {
    /// Left to end by itself: it may not be waited for in a thread of another.
    runtime: Option<Runtime>,
    store: Arc<dyn Store>,
    key: SubscribeKey,
    users: usize,
    database: &'d Database,
    /// Of its PostgreSQL, if it has one.
    address: Option<String>,
    data: TempDir,
}

impl<'d> InProcess<'d> {
    pub(super) async fn open(database: &'d Database) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let data = tempfile::tempdir()?;
        let address = database.create().await?;
        let store: Arc<dyn Store> = match address.clone() {
            Some(address) => Arc::new(runtime.spawn(async move { Postgres::open(&address).await }).await??),
            None => Arc::new(Sqlite::open(&DataDirectory::open(data.path())?, &Settings::default())?),
        };
        runtime.spawn(hear_events(Arc::clone(&store)));
        let key = SubscribeKey::new("demo")?;
        Ok(Self { runtime: Some(runtime), store, key, users: 0, database, address, data })
    }

    /// Adds users until there are so many.
    pub(super) async fn grow(&mut self, users: usize) -> anyhow::Result<()> {
        let (store, key, from) = (Arc::clone(&self.store), self.key.clone(), self.users);
        let fill = async move {
            for first in (from..users).step_by(BULK) {
                store.set_many(&key, new_users(number(first), BULK.min(users - first))?, now()?).await?;
            }
            if from == 0 {
                join_channels(&*store, &key).await?;
            }
            anyhow::Ok(())
        };
        self.runtime().spawn(fill).await??;
        self.users = users;
        database::settle(self.address.as_deref()).await
    }

    /// The query of the far page.
    async fn far(&self, mut query: String) -> anyhow::Result<String> {
        let begin = query.clone();
        for _ in 1..far_page(self.users) {
            let page = list(&query)?;
            let (store, key) = (Arc::clone(&self.store), self.key.clone());
            let page = self.runtime().spawn(async move { store.records(&key, &page).await }).await??;
            query = format!("{begin}&start={}", page.next.context("no next page")?);
        }
        Ok(query)
    }
}

impl Subject for InProcess<'_> {
    type Caller = Task;

    async fn callers(&self, operation: Operation, count: usize) -> anyhow::Result<Vec<Task>> {
        let parameters = match operation {
            Operation::List(_, Depth::Far) => self.far(parameters(operation).to_owned()).await?,
            _ => parameters(operation).to_owned(),
        };
        let lists = match operation {
            Operation::Memberships => {
                let list = List::Memberships { owner: Kind::User, id: user(people::CROWDED)? };
                vec![Query::parse(list, &Target::new(&format!("/?{parameters}"))).map_err(Refused::from)?]
            }
            operation if operation.is_of_team() => {
                let teams = people::teams(self.users);
                teams.map(|team| list(&format!("{parameters}{}", team_value(team)))).collect::<Result<_, _>>()?
            }
            _ => vec![list(&parameters)?],
        };
        let lists: Arc<[Query]> = lists.into();
        let task = || Task { store: Arc::clone(&self.store), key: self.key.clone(), lists: Arc::clone(&lists) };
        Ok((0..count).map(|_| task()).collect())
    }

    fn records(&self) -> Option<Records> {
        Some(match &self.address {
            None => Records::Folder(self.data.path().to_owned()),
            Some(address) => Records::Postgres(address.clone()),
        })
    }

    fn cpu(&self) -> anyhow::Result<Option<Duration>> {
        let own = process::cpu_of_this()?;
        Ok(self.database.cpu()?.map(|database| own + database))
    }

    fn runtime(&self) -> Handle {
        self.runtime.as_ref().map_or_else(Handle::current, |runtime| runtime.handle().clone())
    }
}

impl Drop for InProcess<'_> {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// One who calls the store.
pub(super) struct Task {
    store: Arc<dyn Store>,
    key: SubscribeKey,
    /// The list that is asked for; of teams, one for each.
    lists: Arc<[Query]>,
}

/// A call, its arguments read.
pub(super) enum Call {
    Get(RecordId),
    Records(usize),
    Memberships,
    Set(Box<Set>),
    SetMany(Vec<Set>),
}

impl Caller for Task {
    type Request = anyhow::Result<Call>;

    fn request(&self, ask: Ask) -> Self::Request {
        Ok(match ask {
            Ask::Get(n) => Call::Get(user(n)?),
            Ask::List { team } => Call::Records(team % self.lists.len()),
            Ask::Count => Call::Records(0),
            Ask::Memberships => Call::Memberships,
            Ask::Create(n) => Call::Set(Box::new(new_user(n)?)),
            Ask::Update { user: n, round } => {
                Call::Set(Box::new(set(Kind::User, user(n)?, &people::update(n, round).to_string())?))
            }
            Ask::Bulk(first) => Call::SetMany(new_users(first, BULK)?),
        })
    }

    async fn call(&mut self, request: Self::Request) -> anyhow::Result<()> {
        match request? {
            Call::Get(id) => {
                self.store.record(&self.key, Kind::User, &id).await?.context("no such user")?;
            }
            Call::Records(list) => {
                self.store.records(&self.key, &self.lists[list]).await?;
            }
            Call::Memberships => {
                self.store.memberships(&self.key, &self.lists[0]).await?;
            }
            Call::Set(set) => {
                self.store.set(&self.key, *set, now()?).await?.outcome?;
            }
            Call::SetMany(sets) => {
                for written in self.store.set_many(&self.key, sets, now()?).await?.outcome {
                    written?;
                }
            }
        }
        Ok(())
    }
}

/// Takes the events as a server does, so that they are not kept.
async fn hear_events(store: Arc<dyn Store>) -> anyhow::Result<()> {
    let mut events = store.events().await?;
    let mut batch = Vec::new();
    while events.recv_many(&mut batch, HEARD_AT_ONCE).await > 0 {
        if let Some(last) = batch.drain(..).next_back() {
            store.told(last.number).await?;
        }
        tokio::time::sleep(NOTED).await;
    }
    bail!("the store gave up its events")
}

async fn join_channels(store: &dyn Store, key: &SubscribeKey) -> anyhow::Result<()> {
    let channel = |n| {
        let body = serde_json::json!({"name": people::channel_name(n)}).to_string();
        set(Kind::Channel, RecordId::new(people::channel(n))?, &body)
    };
    let channels = (0..people::MEMBERSHIPS).map(channel).collect::<anyhow::Result<_>>()?;
    store.set_many(key, channels, now()?).await?;
    for body in people::joins() {
        let joins = Manage::parse(Kind::User, user(people::CROWDED)?, body.as_bytes(), CustomMode::Replace, false);
        store.manage(key, joins.map_err(Refused::from)?, now()?).await?.outcome?;
    }
    Ok(())
}

fn list(parameters: &str) -> anyhow::Result<Query> {
    Ok(Query::parse(List::Records(Kind::User), &Target::new(&format!("/?{parameters}"))).map_err(Refused::from)?)
}

fn user(n: u32) -> anyhow::Result<RecordId> {
    Ok(RecordId::new(people::user(n))?)
}

fn new_users(first: u32, count: usize) -> anyhow::Result<Vec<Set>> {
    (first..first + number(count)).map(new_user).collect()
}

fn new_user(n: u32) -> anyhow::Result<Set> {
    set(Kind::User, user(n)?, &Person::new(n).json().to_string())
}

fn set(kind: Kind, id: RecordId, body: &str) -> anyhow::Result<Set> {
    Ok(Set::parse(kind, id, body.as_bytes(), CustomMode::Replace, Condition::None).map_err(Refused::from)?)
}

fn now() -> anyhow::Result<Moment> {
    Ok(Moment::from_micros(i64::try_from(UNIX_EPOCH.elapsed()?.as_micros())?))
}
