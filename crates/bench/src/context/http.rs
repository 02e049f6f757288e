//! Our server, over HTTP.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use super::database::{self, Database};
use super::load::{Caller, Records, Subject};
use super::operation::{Ask, BULK, Counted, Depth, Listing, Operation, far_page, number};
use super::people::{self, Person};
use super::process::{self, Memory};
use crate::client::Client;
use crate::server::Server;

const USERS: &str = "/v2/objects/demo/uuids";

/// A server with users.
pub(super) struct Http<'d> {
    server: Server,
    database: &'d Database,
    /// Of its PostgreSQL, if it has one.
    address: Option<String>,
    users: usize,
}

impl<'d> Http<'d> {
    pub(super) async fn start(program: &Path, framework: bool, database: &'d Database) -> anyhow::Result<Self> {
        let address = database.create().await?;
        let server = Server::start(program, framework, address.as_deref()).await?;
        Ok(Self { server, database, address, users: 0 })
    }

    /// Adds users until there are so many. The first ones have the channels.
    pub(super) async fn grow(&mut self, users: usize) -> anyhow::Result<()> {
        let mut client = Client::connect(self.server.address).await?;
        for first in (self.users..users).step_by(BULK) {
            client.ask("POST", USERS, &bulk(number(first), BULK.min(users - first))).await?;
        }
        if self.users == 0 {
            join_channels(&mut client).await?;
        }
        self.users = users;
        database::settle(self.address.as_deref()).await
    }

    /// Starts it anew on what it has: what was told lately is then in memory no more.
    pub(super) async fn restart(&mut self) -> anyhow::Result<()> {
        self.server.restart().await
    }

    pub(super) fn memory(&self) -> anyhow::Result<Memory> {
        process::memory(self.server.id()?)
    }

    /// Bytes in its folder.
    pub(super) fn stored(&self) -> anyhow::Result<u64> {
        let files = std::fs::read_dir(self.server.data())?;
        files.map(|file| Ok(file?.metadata()?.len())).sum()
    }

    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.server.stop().await
    }
}

impl Subject for Http<'_> {
    type Caller = Connection;

    async fn callers(&self, operation: Operation, count: usize) -> anyhow::Result<Vec<Connection>> {
        let parameters = match operation {
            Operation::List(_, Depth::Far) => self.far(parameters(operation)).await?,
            _ => parameters(operation).to_owned(),
        };
        let list = match operation {
            Operation::Memberships => format!("{USERS}/{}/channels?{parameters}", people::user(people::CROWDED)),
            _ => format!("{USERS}?{parameters}"),
        };
        let mut callers = Vec::new();
        for _ in 0..count {
            let client = Client::connect(self.server.address).await?;
            callers.push(Connection { client, list: list.clone(), of_team: operation.is_of_team() });
        }
        Ok(callers)
    }

    fn records(&self) -> Option<Records> {
        Some(match &self.address {
            None => Records::Folder(self.server.data().to_owned()),
            Some(address) => Records::Postgres(address.clone()),
        })
    }

    fn cpu(&self) -> anyhow::Result<Option<Duration>> {
        let server = process::cpu(self.server.id()?)?;
        Ok(self.database.cpu()?.map(|database| server + database))
    }
}

impl Http<'_> {
    /// The query of the far page, found as a client finds it.
    async fn far(&self, query: &str) -> anyhow::Result<String> {
        let mut client = Client::connect(self.server.address).await?;
        let mut page = query.to_owned();
        for _ in 1..far_page(self.users) {
            let reply: Value = serde_json::from_slice(client.get(&format!("{USERS}?{page}")).await?)?;
            page = format!("{query}&start={}", reply["next"].as_str().context("no next page")?);
        }
        Ok(page)
    }
}

/// What an operation asks of a list, apart from where it begins.
pub(super) fn parameters(operation: Operation) -> &'static str {
    match operation {
        Operation::List(listing, _) => match listing {
            Listing::ByName => "sort=name",
            Listing::ActiveByName => "sort=name&filter=status%3D%3D%22active%22",
            Listing::Team => "filter=custom.team%3D%3D",
            Listing::TeamByName => "sort=name&filter=custom.team%3D%3D",
            Listing::ByStatusAndName => "sort=status:desc,name",
        },
        Operation::Count(Counted::All) => "limit=1&count=true",
        Operation::Count(Counted::Active | Counted::ActiveAlone) => {
            "limit=1&count=true&filter=status%3D%3D%22active%22"
        }
        Operation::Memberships => "include=channel,custom",
        Operation::Get | Operation::Create | Operation::Update | Operation::Bulk => "",
    }
}

/// The value that a team's filter lacks.
pub(super) fn team_value(team: usize) -> String {
    format!("%22{}%22", people::team(team))
}

/// A connection, and the list that it asks for.
pub(super) struct Connection {
    client: Client,
    list: String,
    of_team: bool,
}

impl Caller for Connection {
    /// Method, target and body.
    type Request = (&'static str, String, String);

    fn request(&self, ask: Ask) -> Self::Request {
        let get = |target| ("GET", target, String::new());
        let set = |n, body: &Value| ("PATCH", format!("{USERS}/{}", people::user(n)), body.to_string());
        match ask {
            Ask::Get(n) => get(format!("{USERS}/{}", people::user(n))),
            Ask::List { team } if self.of_team => get(format!("{}{}", self.list, team_value(team))),
            Ask::List { .. } | Ask::Memberships | Ask::Count => get(self.list.clone()),
            Ask::Create(n) => set(n, &Person::new(n).json()),
            Ask::Update { user, round } => set(user, &people::update(user, round)),
            Ask::Bulk(first) => ("POST", USERS.to_owned(), bulk(first, BULK)),
        }
    }

    async fn call(&mut self, (method, target, body): Self::Request) -> anyhow::Result<()> {
        self.client.ask(method, &target, &body).await.map(drop)
    }
}

/// The body of a bulk write of so many users.
fn bulk(first: u32, count: usize) -> String {
    let user = |n| {
        let mut body = Person::new(n).json();
        body["id"] = people::user(n).into();
        body
    };
    (first..first + number(count)).map(user).collect::<Value>().to_string()
}

async fn join_channels(client: &mut Client) -> anyhow::Result<()> {
    let channels: Value =
        (0..people::MEMBERSHIPS).map(|n| json!({"id": people::channel(n), "name": people::channel_name(n)})).collect();
    client.ask("POST", "/v2/objects/demo/channels", &channels.to_string()).await?;
    let target = format!("{USERS}/{}/channels?limit=1", people::user(people::CROWDED));
    for body in people::joins() {
        client.ask("PATCH", &target, &body).await?;
    }
    Ok(())
}
