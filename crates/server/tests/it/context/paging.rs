//! Lists, page by page, while records come and go.

use serde_json::{Value, json};
use testkit::TestServer;

use super::{call, everywhere, get, ids, join, remove, set};

async fn users(server: &TestServer, names: impl IntoIterator<Item = String>) {
    let records: Vec<Value> = names.into_iter().map(|id| json!({"id": id, "name": format!("user {id}")})).collect();
    assert_eq!(call(server, "POST", "/uuids", "", &json!(records).to_string()).await.status, 200);
}

#[tokio::test]
async fn who_pages_meets_everybody_who_stays_exactly_once() {
    for sort in ["", "&sort=name", "&sort=updated:desc,name", "&sort=status"] {
        for server in everywhere("").await {
            users(&server, (0..40).map(|n| format!("stays-{n:02}"))).await;
            users(&server, (0..40).map(|n| format!("goes-{n:02}"))).await;
            let (mut met, mut cursor, mut page) = (Vec::new(), String::new(), 0);
            loop {
                let list = get(&server, &format!("/uuids?limit=7{sort}&start={cursor}")).await;
                if ids(&list).is_empty() {
                    assert!(list.get("next").is_none());
                    break;
                }
                met.extend(ids(&list).into_iter().filter(|id| id.starts_with("stays")));
                cursor = list["next"].as_str().unwrap().to_owned();
                // Records before and after the place of the reader come and go.
                remove(&server, &format!("/uuids/goes-{page:02}")).await;
                remove(&server, &format!("/uuids/goes-{:02}", 39 - page)).await;
                users(&server, [format!("a-comes-{page}"), format!("z-comes-{page}")]).await;
                page += 1;
                assert!(page < 30, "never at an end");
            }
            met.sort();
            assert_eq!(met, (0..40).map(|n| format!("stays-{n:02}")).collect::<Vec<_>>(), "{sort}");
        }
    }
}

#[tokio::test]
async fn the_way_back_is_the_way_there() {
    for server in everywhere("").await {
        users(&server, (0..23).map(|n| format!("u{n:02}"))).await;
        for sort in ["", "&sort=name:desc"] {
            let mut there = Vec::new();
            let mut list = get(&server, &format!("/uuids?limit=5&count=1{sort}")).await;
            assert!(list.get("prev").is_none(), "nothing is before the first page");
            while !ids(&list).is_empty() {
                assert_eq!(list["totalCount"], 23);
                there.push(ids(&list));
                let next = list["next"].as_str().unwrap().to_owned();
                list = get(&server, &format!("/uuids?limit=5&count=1{sort}&start={next}")).await;
            }
            assert_eq!(there.len(), 5);
            let mut back = Vec::new();
            while let Some(prev) = list["prev"].as_str() {
                list = get(&server, &format!("/uuids?limit=5{sort}&end={prev}")).await;
                back.insert(0, ids(&list));
            }
            // From the end, pages are cut from the end.
            assert_eq!(back.concat(), there.concat(), "{sort}");
        }
    }
}

#[tokio::test]
async fn memberships_page_from_both_sides() {
    for server in everywhere("").await {
        for n in 0..12 {
            join(&server, "ann", &format!("room-{n:02}")).await;
            join(&server, &format!("user-{n:02}"), "lobby").await;
        }
        for (path, end) in [("/uuids/ann/channels", "channel"), ("/channels/lobby/uuids", "uuid")] {
            let (mut met, mut cursor) = (Vec::new(), String::new());
            loop {
                let list = get(&server, &format!("{path}?limit=5&start={cursor}")).await;
                let page: Vec<Value> = list["data"].as_array().unwrap().clone();
                let Some(next) = list["next"].as_str() else { break };
                met.extend(page.iter().map(|item| item[end]["id"].as_str().unwrap()[5..].to_owned()));
                cursor = next.to_owned();
            }
            assert_eq!(met, (0..12).map(|n| format!("{n:02}")).collect::<Vec<_>>());
        }
    }
}

#[tokio::test]
async fn custom_data_filters_and_sorts() {
    for server in everywhere("").await {
        for (id, team, rank) in [("ann", "x", 3), ("bob", "y", 1), ("cid", "x", 2)] {
            set(&server, &format!("/uuids/{id}"), json!({"custom": {"team": team, "rank": rank}})).await;
            let membership = json!({"set": [{"channel": {"id": "lobby"}, "custom": {"rank": rank}}]});
            set(&server, &format!("/uuids/{id}/channels"), membership).await;
        }
        let list = get(&server, "/uuids?filter=custom.team%20%3D%3D%20%22x%22&sort=custom.rank").await;
        assert_eq!(ids(&list), ["cid", "ann"]);
        let list = get(&server, "/channels/lobby/uuids?sort=custom.rank:desc&filter=uuid.custom.team%20!=%20'y'").await;
        let members: Vec<&Value> =
            list["data"].as_array().unwrap().iter().map(|member| &member["uuid"]["id"]).collect();
        assert_eq!(members, ["ann", "cid"]);
    }
}
