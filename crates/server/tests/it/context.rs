//! App context over HTTP.

mod bulk;
mod events;
mod faults;
mod merging;
mod mutations;
mod paging;
mod switches;
mod versions;

use serde_json::{Value, json};
use testkit::{Reply, TestServer};

use crate::both::request;
use crate::postgres;

const CALLS: &str = "/v2/objects/sub";

/// A server on each database that there is.
async fn everywhere(settings: &str) -> Vec<TestServer> {
    let sqlite = TestServer::builder().settings(settings);
    let postgres = postgres::on(sqlite.clone());
    let mut servers = Vec::new();
    for builder in [Some(sqlite), postgres].into_iter().flatten() {
        servers.push(builder.start().await);
    }
    servers
}

/// What is asked, and what came. A path begins below [`CALLS`].
async fn call(server: &TestServer, method: &str, path: &str, headers: &str, body: &str) -> Reply {
    let headers = format!("{headers}Content-Length: {}\r\n", body.len());
    let mut connection = server.connect().await;
    connection.send(request(method, &format!("{CALLS}{path}"), &headers, body)).await.unwrap();
    connection.receive().await.unwrap_or_else(|why| panic!("{method} {path}: {why}"))
}

/// The JSON of a call that succeeds.
#[track_caller]
fn done(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let body = reply.json();
    assert_eq!(body["status"], 200, "{body}");
    body
}

async fn set(server: &TestServer, path: &str, body: Value) -> Value {
    done(&call(server, "PATCH", path, "", &body.to_string()).await)["data"].clone()
}

async fn get(server: &TestServer, path: &str) -> Value {
    done(&call(server, "GET", path, "", "").await)
}

async fn remove(server: &TestServer, path: &str) {
    assert_eq!(done(&call(server, "DELETE", path, "", "").await)["data"], Value::Null);
}

async fn join(server: &TestServer, user: &str, channel: &str) {
    set(server, &format!("/uuids/{user}/channels"), json!({"set": [{"channel": {"id": channel}}]})).await;
}

/// The ids of a list of users or channels.
fn ids(list: &Value) -> Vec<String> {
    let items = list["data"].as_array().unwrap_or_else(|| panic!("no list: {list}"));
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}
