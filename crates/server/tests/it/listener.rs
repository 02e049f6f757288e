//! Someone who listens, and is nowhere.

use serde_json::Value;
use testkit::TestServer;

/// A subscriber of some streams from a moment on.
pub(crate) struct Listener<'s> {
    server: &'s TestServer,
    streams: String,
    parameters: String,
    cursor: u64,
}

/// A channel that every listener hears as well: what was there before a message on it is there before the message.
const MARKER: &str = "marker";

impl<'s> Listener<'s> {
    pub(crate) async fn on(server: &'s TestServer, streams: &str) -> Self {
        Self::with(server, streams, "").await
    }

    /// With further parameters: `&filter-expr=…`
    pub(crate) async fn with(server: &'s TestServer, streams: &str, parameters: &str) -> Self {
        let streams = format!("{streams},{MARKER}");
        let cursor = server.get(&format!("/v2/subscribe/sub/{streams}/0?tt=0")).await.timetoken();
        Self { server, streams, parameters: parameters.to_owned(), cursor }
    }

    /// Every payload since the last time, as far as things have happened by now.
    pub(crate) async fn heard(&mut self) -> Vec<Value> {
        self.envelopes().await.iter().map(|message| message["d"].clone()).collect()
    }

    /// Every envelope since the last time, as far as things have happened by now.
    pub(crate) async fn envelopes(&mut self) -> Vec<Value> {
        // Whatever is due in presence happens before a call of presence is answered.
        self.server.ask("/v2/presence/sub-key/sub/uuid/nobody").await;
        let marker = self.server.get(&format!("/publish/pub/sub/0/{MARKER}/0/1?meta=%7B%22marker%22:1%7D")).await;
        let mut heard = Vec::new();
        while self.cursor < marker.timetoken() {
            let target = format!("/v2/subscribe/sub/{}/0?tt={}{}", self.streams, self.cursor, self.parameters);
            let reply = self.server.get(&target).await;
            self.cursor = reply.timetoken();
            let messages = reply.json()["m"].as_array().unwrap().clone();
            heard.extend(messages.into_iter().filter(|message| message["c"] != MARKER));
        }
        heard
    }

    /// The same in words: `join ann 1`, what, who, and how many there are now. Interval events have nobody:
    /// `interval 3 join ann,bob`.
    pub(crate) async fn events(&mut self) -> Vec<String> {
        self.heard().await.iter().map(in_words).collect()
    }
}

fn in_words(event: &Value) -> String {
    let mut words = vec![event["action"].as_str().unwrap_or("?").to_owned()];
    words.extend(event["uuid"].as_str().map(str::to_owned));
    words.push(event["occupancy"].to_string());
    for list in ["join", "leave", "timeout"] {
        if let Some(users) = event[list].as_array() {
            let users: Vec<&str> = users.iter().filter_map(Value::as_str).collect();
            words.push(format!("{list} {}", users.join(",")));
        }
    }
    if let Some(state) = event.get("data") {
        words.push(state.to_string());
    }
    if event["here_now_refresh"] == true {
        words.push("refresh".to_owned());
    }
    words.join(" ")
}
