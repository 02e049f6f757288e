//! Many users or channels in one request.

use serde_json::{Value, json};
use testkit::{Edge, TestServer};

use super::{call, done, everywhere, get, set};
use crate::listener::Listener;

async fn write(server: &TestServer, path: &str, records: &Value) -> Vec<Value> {
    done(&call(server, "POST", path, "", &records.to_string()).await)["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn each_record_is_answered_by_itself_in_the_order_of_the_request() {
    for edge in Edge::ALL {
        let server = TestServer::builder().edge(edge).start().await;
        set(&server, "/uuids/bob", json!({"name": "Bob"})).await;
        set(&server, "/uuids/cid", json!({"name": "Cid"})).await;
        let mut listener = Listener::on(&server, "ann,bob,cid,dan").await;
        let records = json!([
            {"id": "ann", "name": "Ann", "custom": {"a": 1}},
            {"id": "bob", "name": "Bob"},
            {"id": "cid", "name": "Cyd"},
            {"id": "dan", "name": 5},
            {"id": "d:n"},
            {"name": "nobody"},
            "dan",
            {"id": "ann", "email": "ann@example.org"},
        ]);
        let answers = write(&server, "/uuids", &records).await;
        let results: Vec<&Value> = answers.iter().map(|answer| &answer["result"]).collect();
        let expected = ["created", "unchanged", "changed", "refused", "refused", "refused", "refused", "changed"];
        assert_eq!(results, expected);
        let locations: Vec<&Value> = answers[3..7].iter().map(|answer| &answer["error"]["location"]).collect();
        assert_eq!(locations, ["3.name", "4.id", "5.id", "6"]);
        assert_eq!((&answers[4]["id"], &answers[5]["id"]), (&json!("d:n"), &Value::Null));
        let ann = get(&server, "/uuids/ann").await["data"].clone();
        assert_eq!((&ann["eTag"], &ann["name"]), (&answers[7]["eTag"], &json!("Ann")));
        let told: Vec<Value> = listener.heard().await.iter().map(|event| event["data"]["id"].clone()).collect();
        assert_eq!(told, ["ann", "cid", "ann"]);
    }
}

#[tokio::test]
async fn a_thousand_records_are_written_and_one_more_refuses_them_all() {
    for server in everywhere("").await {
        let records = |count: usize| {
            Value::Array((0..count).map(|n| json!({"id": format!("room-{n}"), "description": "d"})).collect())
        };
        let reply = call(&server, "POST", "/channels", "", &records(1001).to_string()).await;
        assert_eq!((reply.status, &reply.json()["error"]["details"][0]["location"]), (400, &json!("")));
        assert_eq!(get(&server, "/channels?count=1").await["totalCount"], 0);
        let answers = write(&server, "/channels", &records(1000)).await;
        assert!(answers.len() == 1000 && answers.iter().all(|answer| answer["result"] == "created"));
        assert_eq!(get(&server, "/channels?count=1").await["totalCount"], 1000);
        assert!(write(&server, "/channels", &json!([])).await.is_empty());
    }
}

#[tokio::test]
async fn only_a_body_that_is_no_array_is_refused_as_a_whole() {
    let server = TestServer::start().await;
    for body in ["", "{}", "null", "[", "[{]", "\u{feff}[]"] {
        let reply = call(&server, "POST", "/uuids", "", body).await;
        assert_eq!(reply.status, 400, "{body}");
        assert_eq!(reply.json()["error"]["details"][0]["locationType"], "body");
    }
}
