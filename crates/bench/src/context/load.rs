//! Many who ask at once, each as quickly as it is answered.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::ensure;
use hdrhistogram::Histogram;
use rusqlite::{Connection, OpenFlags};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::operation::{Ask, Depth, Listing, Operation};
use super::{database, process};
use crate::report::histogram;

/// Something that answers.
pub(super) trait Subject {
    /// Who asks it.
    type Caller: Caller;

    /// So many who may ask at once for what a row measures.
    async fn callers(&self, operation: Operation, count: usize) -> anyhow::Result<Vec<Self::Caller>>;

    /// CPU time used so far; none when nobody can know.
    fn cpu(&self) -> anyhow::Result<Option<Duration>>;

    /// Where its records are, if it makes an index when one is first wanted.
    fn records(&self) -> Option<Records> {
        None
    }

    /// Where callers run: in the generator's one thread, unless it is no process of its own.
    fn runtime(&self) -> Handle {
        Handle::current()
    }
}

/// One who asks, and waits for the answer.
pub(super) trait Caller: Send + 'static {
    /// A request, ready to be made.
    type Request: Send;

    /// Makes ready; that time does not count as waiting.
    fn request(&self, ask: Ask) -> Self::Request;

    /// Asks. Anything but a success is an error.
    fn call(&mut self, request: Self::Request) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// How long, by how many, among how many users.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) connections: usize,
    pub(super) time: Duration,
    pub(super) users: usize,
}

/// Where our records are.
pub(super) enum Records {
    /// In the SQLite of a folder.
    Folder(PathBuf),
    /// In a PostgreSQL of this address.
    Postgres(String),
}

/// What came of a row.
pub(super) struct Measured {
    /// Things done: of a bulk write, each record.
    operations: u64,
    took: Duration,
    cpu: Option<Duration>,
    /// CPU time of the generator.
    generator: Duration,
    latencies: Histogram<u64>,
}

impl Measured {
    pub(super) fn rate(&self) -> f64 {
        self.operations as f64 / self.took.as_secs_f64()
    }

    /// CPU time of each operation, in microseconds.
    pub(super) fn cpu_micros(&self) -> Option<f64> {
        self.cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / self.operations.max(1) as f64)
    }

    /// How long one waits for a request, in microseconds.
    pub(super) fn latency_micros(&self, quantile: f64) -> f64 {
        self.latencies.value_at_quantile(quantile) as f64 / 1000.0
    }

    /// How much of one core the generator took.
    pub(super) fn generator_share(&self) -> f64 {
        self.generator.as_secs_f64() / self.took.as_secs_f64()
    }
}

/// How long an index is waited for, and how often it is looked for.
const INDEX_PATIENCE: Duration = Duration::from_secs(180);
const LOOK: Duration = Duration::from_millis(50);

/// Asks once, and waits for the index that this asks for: a row of lists is not one of making indexes.
async fn wait_for_index<C: Caller>(
    caller: &mut C,
    operation: Operation,
    plan: Plan,
    records: &Records,
) -> anyhow::Result<()> {
    caller.call(caller.request(operation.ask(0, 1, 0, plan.users))).await?;
    let begun = Instant::now();
    while !records.have_index_of_teams(operation == Operation::List(Listing::TeamByName, Depth::First)).await? {
        ensure!(begun.elapsed() < INDEX_PATIENCE, "the index of teams is not whole after {INDEX_PATIENCE:?}");
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

impl Records {
    async fn have_index_of_teams(&self, by_name: bool) -> anyhow::Result<bool> {
        let whole = "SELECT count(*) FROM custom_indexes WHERE entry = 'team' AND by_name = $1 AND through IS NULL";
        let indexes: i64 = match self {
            Self::Folder(folder) => {
                let file = folder.join("hereabouts.sqlite");
                let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
                db.query_row(whole, [by_name], |row| row.get(0))?
            }
            Self::Postgres(address) => {
                database::connect(address).await?.query_one(whole, &[&by_name]).await?.try_get(0)?
            }
        };
        Ok(indexes > 0)
    }
}

/// Measures one row of one subject.
pub(super) async fn measure<S: Subject>(subject: &S, operation: Operation, plan: Plan) -> anyhow::Result<Measured> {
    let count = operation.connections(plan.connections);
    let runtime = subject.runtime();
    if let Some(records) = subject.records()
        && operation.is_of_team()
        && let Some(mut caller) = subject.callers(operation, 1).await?.pop()
    {
        runtime.spawn(async move { wait_for_index(&mut caller, operation, plan, &records).await }).await??;
    }
    let mut warm = JoinSet::new();
    for (connection, mut caller) in subject.callers(operation, count).await?.into_iter().enumerate() {
        // The first request of each finds nothing prepared.
        let first = operation.ask(connection, count, 0, plan.users);
        warm.spawn_on(async move { caller.call(caller.request(first)).await.map(|()| (connection, caller)) }, &runtime);
    }
    let mut callers = Vec::new();
    while let Some(caller) = warm.join_next().await {
        callers.push(caller??);
    }

    let (begun, cpu, generator) = (Instant::now(), subject.cpu()?, process::cpu_of_this()?);
    let until = begun + plan.time;
    let mut asking = JoinSet::new();
    for (connection, mut caller) in callers {
        let asks = async move {
            let mut latencies = histogram()?;
            let mut n = 0;
            while Instant::now() < until {
                n += 1;
                let request = caller.request(operation.ask(connection, count, n, plan.users));
                let asked = Instant::now();
                caller.call(request).await?;
                latencies.saturating_record(u64::try_from(asked.elapsed().as_nanos())?);
            }
            anyhow::Ok(latencies)
        };
        asking.spawn_on(asks, &runtime);
    }
    let mut latencies = histogram()?;
    while let Some(done) = asking.join_next().await {
        latencies.add(&done??)?;
    }
    Ok(Measured {
        operations: latencies.len() * operation.weight() as u64,
        took: begun.elapsed(),
        cpu: subject.cpu()?.zip(cpu).map(|(after, before)| after.saturating_sub(before)),
        generator: process::cpu_of_this()?.saturating_sub(generator),
        latencies,
    })
}
