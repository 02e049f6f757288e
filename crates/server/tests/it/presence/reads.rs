//! Here now and where now: pages, patterns, everything.

use super::{CALLS, Place, users};

#[tokio::test]
async fn pages_are_in_the_order_of_arrival() {
    let place = Place::usual().await;
    for user in ["dan", "ann", "cho", "bob"] {
        place.arrive("room", user).await;
    }
    for (page, expected) in [
        ("", "dan ann cho bob"),
        ("limit=2", "dan ann"),
        ("limit=2&offset=2", "cho bob"),
        ("limit=2&offset=3", "bob"),
        ("offset=1", "ann cho bob"),
        ("limit=1000&offset=4", ""),
        ("offset=99999999", ""),
    ] {
        let here = place.server.ask(&format!("{CALLS}/channel/room?{page}")).await;
        assert_eq!(users(&here["uuids"]).join(" "), expected, "{page}");
        assert_eq!(here["occupancy"], 4, "{page}");
        let both = place.server.ask(&format!("{CALLS}/channel/room,empty?{page}")).await;
        assert_eq!(users(&both["payload"]["channels"]["room"]["uuids"]).join(" "), expected, "{page}");
        let all = place.server.ask(&format!("{CALLS}?{page}")).await;
        assert_eq!(users(&all["payload"]["channels"]["room"]["uuids"]).join(" "), expected, "{page}");
    }
    let counted = place.server.ask(&format!("{CALLS}/channel/room?limit=0")).await;
    assert_eq!((counted["occupancy"].as_u64(), counted.get("uuids")), (Some(4), None));
}

#[tokio::test]
async fn a_page_has_a_largest_size() {
    let usual = Place::usual().await;
    let wide = Place::with("presence.here_now_limit_max = 5000").await;
    let narrow = Place::with("presence.here_now_limit_max = 2").await;
    let not_more = |most| format!("Cannot return more than {most} uuids at a time");
    for (place, limit, complaint) in [
        (&usual, "1000", None),
        (&usual, "1001", Some(not_more(1000))),
        (&usual, "-1", Some("Limit must be greater than or equal to 0".to_owned())),
        (&usual, "many", Some("Limit must be greater than or equal to 0".to_owned())),
        (&usual, "1&offset=-1", Some("Offset must be greater than or equal to 0".to_owned())),
        (&usual, "1&offset=x", Some("Offset must be greater than or equal to 0".to_owned())),
        (&wide, "5000", None),
        (&wide, "5001", Some(not_more(5000))),
        (&narrow, "2", None),
        (&narrow, "3", Some(not_more(2))),
    ] {
        for target in [format!("{CALLS}/channel/room"), format!("{CALLS}/channel/a,b"), CALLS.to_owned()] {
            let reply = place.server.get(&format!("{target}?limit={limit}")).await;
            let expected = if complaint.is_some() { 400 } else { 200 };
            assert_eq!(reply.status, expected, "{target} {limit}");
            assert_eq!(reply.json().get("message").and_then(|text| text.as_str()), complaint.as_deref().or(Some("OK")));
        }
    }
}

#[tokio::test]
async fn more_users_than_a_page_holds_are_found_page_by_page() {
    let place = Place::usual().await;
    let mut connection = place.server.connect().await;
    for user in 0..1100 {
        let joined = connection.get(&format!("{CALLS}/channel/room/heartbeat?uuid=u{user}")).await;
        assert_eq!(joined.unwrap().status, 200);
    }
    let first = place.server.ask(&format!("{CALLS}/channel/room")).await;
    let second = place.server.ask(&format!("{CALLS}/channel/room?offset=1000")).await;
    assert_eq!((&first["occupancy"], &second["occupancy"]), (&1100.into(), &1100.into()));
    let all = [users(&first["uuids"]), users(&second["uuids"])];
    assert_eq!(all.each_ref().map(Vec::len), [1000, 100]);
    assert_eq!(all.concat(), (0..1100).map(|user| format!("u{user}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_pattern_may_stand_for_the_channels_below_it() {
    let place = Place::usual().await;
    for (channel, user) in [("a.b", "ann"), ("a.b.c", "bob"), ("a.*", "cho"), ("a", "dan"), ("ab", "eve")] {
        place.arrive(channel, user).await;
    }
    let here = async |target: &str| {
        let reply = place.server.ask(&format!("{CALLS}/channel/{target}")).await;
        let channels = reply["payload"]["channels"].as_object().cloned().unwrap_or_default();
        channels.into_iter().map(|(channel, _)| channel).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(place.here("a.*").await, ["cho"], "without the option it is a channel of that name");
    assert_eq!(here("a.*?patterns=1").await, "a.* a.b a.b.c");
    assert_eq!(here("a.b.*?patterns=1").await, "a.b.c");
    assert_eq!(here("a.*,ab?patterns=1").await, "a.* a.b a.b.c ab");
    assert_eq!(here("a.*,a.b?patterns=1").await, "a.* a.b a.b.c", "each once");
    assert_eq!(here("z.*?patterns=1").await, "");

    place.arrive("a.b,lobby,z.y", "eve").await;
    for (among, expected) in
        [("", "a.b ab lobby z.y"), ("lobby", "lobby"), ("a.*", "a.b"), ("a.*,z.*", "a.b z.y"), ("nowhere", "")]
    {
        let found = place.server.ask(&format!("{CALLS}/uuid/eve?channel={among}")).await;
        let mut found = users(&found["payload"]["channels"]);
        found.sort();
        assert_eq!(found.join(" "), expected, "{among}");
    }
}

#[tokio::test]
async fn everywhere_is_every_occupied_channel() {
    let place = Place::usual().await;
    let everywhere = async || place.server.ask(CALLS).await["payload"].clone();
    assert_eq!(everywhere().await, serde_json::json!({"channels": {}, "total_channels": 0, "total_occupancy": 0}));
    place.arrive("lobby,room,a.*", "ann").await;
    place.arrive("room", "bob").await;
    place.arrive("gone", "cho&heartbeat=5").await;
    place.pass(5);
    let expected = serde_json::json!({
        "channels": {
            "a.*": {"uuids": ["ann"], "occupancy": 1},
            "lobby": {"uuids": ["ann"], "occupancy": 1},
            "room": {"uuids": ["ann", "bob"], "occupancy": 2},
        },
        "total_channels": 3,
        "total_occupancy": 4,
    });
    assert_eq!(everywhere().await, expected);
}
