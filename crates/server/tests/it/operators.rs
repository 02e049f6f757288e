//! The pages for operators.

use std::collections::BTreeSet;

use testkit::{Edge, TestServer};

#[tokio::test]
async fn health_and_readiness_are_told() {
    for edge in Edge::ALL {
        let server = TestServer::builder().edge(edge).start().await;
        for (page, text) in [("/health", "alive\n"), ("/ready", "ready\n")] {
            let reply = server.get(page).await;
            assert_eq!((reply.status, reply.text().as_str()), (200, text));
        }
    }
}

#[tokio::test]
async fn metrics_have_every_figure_in_the_text_form_of_openmetrics() {
    let server = TestServer::start().await;
    server.get("/time/0").await;
    let reply = server.get("/metrics").await;
    assert!(reply.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let text = reply.text();
    assert!(text.ends_with("# EOF\n"));
    let described: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE hereabouts_")).collect();
    let expected = BTreeSet::from([
        "connections gauge",
        "deliveries counter",
        "delivery_age_seconds histogram",
        "gaps counter",
        "joins counter",
        "joins_refused counter",
        "lapses counter",
        "leaves counter",
        "memory_budget_bytes gauge",
        "memory_resident_bytes gauge",
        "memory_used_bytes gauge",
        "occupancy gauge",
        "parked_polls gauge",
        "published counter",
        "queued_bytes gauge",
        "refused counter",
        "request_seconds histogram",
        "requests counter",
    ]);
    assert_eq!(described, expected);
    assert!(text.contains(r#"hereabouts_occupancy{keyset="open"} 0"#), "{text}");
    assert!(!text.contains("\"sub\""), "keys are nobody's business");
}

#[tokio::test]
async fn figures_move_with_what_happens() {
    for edge in Edge::ALL {
        let server = TestServer::builder().edge(edge).start().await;
        let room = "/v2/presence/sub-key/sub/channel/room";
        let cursor = server.get("/v2/subscribe/sub/room/0?tt=0&uuid=ann").await.timetoken();
        let poll = server.park(&format!("/v2/subscribe/sub/room/0?tt={cursor}&uuid=ann")).await;
        assert_eq!(server.metric("hereabouts_occupancy").await, 1.0);
        assert_eq!(server.metric("hereabouts_parked_polls").await, 1.0);
        let mut poll = poll;
        server.get("/publish/pub/sub/0/room/0/1").await;
        poll.receive().await.unwrap();
        server.get(&format!("{room}/leave?uuid=ann")).await;
        server.get("/nowhere").await;
        server.get("/publish/pub/sub/0/room/0/nonsense").await;
        for (figure, value) in [
            ("hereabouts_occupancy", 0.0),
            ("hereabouts_parked_polls", 0.0),
            ("hereabouts_joins_total", 1.0),
            ("hereabouts_leaves_total", 1.0),
            ("hereabouts_lapses_total", 0.0),
            // The join, the message, the leave.
            ("hereabouts_published_total", 3.0),
            ("hereabouts_deliveries_total", 1.0),
            ("hereabouts_gaps_total", 0.0),
            ("hereabouts_delivery_age_seconds_count", 1.0),
        ] {
            assert_eq!(server.metric(figure).await, value, "{edge:?} {figure}");
        }
        assert!(server.metric("hereabouts_queued_bytes").await > 0.0);
        let text = server.get("/metrics").await.text();
        for line in [
            r#"hereabouts_requests_total{operation="subscribe",status="200"} 2"#,
            r#"hereabouts_requests_total{operation="publish",status="200"} 1"#,
            r#"hereabouts_requests_total{operation="publish",status="400"} 1"#,
            r#"hereabouts_requests_total{operation="leave",status="200"} 1"#,
            r#"hereabouts_requests_total{operation="unknown",status="404"} 1"#,
            r#"hereabouts_request_seconds_count{operation="publish"} 2"#,
        ] {
            assert!(text.contains(line), "{edge:?}: {line} is not in\n{text}");
        }
    }
}
