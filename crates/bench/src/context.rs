//! App context: reads, pages and durable writes over many users.

use anyhow::Context;
use serde_json::{Value, json};

use crate::Arguments;
use crate::calls::row;
use crate::client::Client;
use crate::report::Report;
use crate::server::Server;

const USERS: &str = "/v2/objects/demo/uuids";
/// Records in one bulk write.
const BULK: usize = 1000;
/// Memberships of one user.
const MEMBERSHIPS: usize = 1000;
/// Memberships in one request.
const MEMBERSHIPS_AT_ONCE: usize = 100;
/// A page far behind the first.
const FAR_PAGE: usize = 900;
/// Users of a team, of all: `custom.team` has so many values.
const TEAMS: usize = 500;

pub(crate) async fn measure(server: &Server, arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    let users = arguments.users;
    let mut client = Client::connect(server.address).await?;
    fill(&mut client, users).await?;
    report.note(&format!("memory with {users} users, bytes"), server.memory()?.to_string());

    row(server, arguments, report, "get one user", move |connection, n| {
        get(format!("{USERS}/{}", name(connection.wrapping_mul(7919).wrapping_add(n.wrapping_mul(104_729)) % users)))
    })
    .await?;
    page(server, arguments, report, "first page of 100, sort=name", "sort=name").await?;
    let far = cursor(&mut client, FAR_PAGE.min(users / 100)).await?;
    page(server, arguments, report, "page 900 of 100, sort=name", &format!("sort=name&start={far}")).await?;
    page(
        server,
        arguments,
        report,
        "page of 100, filter on status, sort=name",
        "sort=name&filter=status%3D%3D%22active%22",
    )
    .await?;
    page(server, arguments, report, "page of 100, filter custom.team", "filter=custom.team%3D%3D%22team-7%22").await?;
    page(server, arguments, report, "limit=1, count of all", "limit=1&count=true").await?;
    row(server, arguments, report, "memberships of a user with 1,000, page of 100", |_, _| {
        get(format!("{USERS}/user-0000000/channels?include=channel,custom"))
    })
    .await?;
    row(server, arguments, report, "set one user, durable", move |connection, n| {
        let target = format!("{USERS}/{}", name((connection * 1009 + n) % users));
        ("PATCH", target, json!({"name": format!("Renamed {connection} {n}"), "status": "active"}).to_string())
    })
    .await
}

fn get(target: String) -> (&'static str, String, String) {
    ("GET", target, String::new())
}

fn name(n: usize) -> String {
    format!("user-{n:07}")
}

async fn page(
    server: &Server,
    arguments: &Arguments,
    report: &mut Report,
    what: &str,
    query: &str,
) -> anyhow::Result<()> {
    let target = format!("{USERS}?{query}");
    row(server, arguments, report, what, move |_, _| get(target.clone())).await
}

/// Users with names in another order than their ids, half of them active; one with many memberships.
async fn fill(client: &mut Client, users: usize) -> anyhow::Result<()> {
    let user = |n: usize| {
        json!({
            "id": name(n),
            "name": format!("{:07} Person", n.wrapping_mul(2_654_435_761) % 10_000_000),
            "status": if n.is_multiple_of(2) { "active" } else { "away" },
            "custom": {"team": format!("team-{}", n % TEAMS), "level": n % 100},
        })
    };
    for first in (0..users).step_by(BULK) {
        let records: Vec<Value> = (first..users.min(first + BULK)).map(user).collect();
        client.ask("POST", USERS, &Value::from(records).to_string()).await?;
    }
    for first in (0..MEMBERSHIPS).step_by(MEMBERSHIPS_AT_ONCE) {
        let entries: Vec<Value> = (first..first + MEMBERSHIPS_AT_ONCE)
            .map(|n| json!({"channel": {"id": format!("channel-{n:04}")}}))
            .collect();
        client
            .ask("PATCH", &format!("{USERS}/{}/channels?limit=1", name(0)), &json!({"set": entries}).to_string())
            .await?;
    }
    Ok(())
}

/// The cursor of a page, reached as a client reaches it.
async fn cursor(client: &mut Client, pages: usize) -> anyhow::Result<String> {
    let mut next = String::new();
    for _ in 1..pages.max(2) {
        let start = if next.is_empty() { String::new() } else { format!("&start={next}") };
        let reply: Value = serde_json::from_slice(client.get(&format!("{USERS}?sort=name{start}")).await?)?;
        next = reply["next"].as_str().context("no next page")?.to_owned();
    }
    Ok(next)
}
