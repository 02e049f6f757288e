//! Requests that were right once, and had an accident: no accident lets anybody in.

use serde_json::json;
use testkit::Edge;
use wire::route::{EXAMPLES, Method, Route};
use wire::target::Target;

use super::Site;
use super::routes::{FREE, body};
use crate::both::request;
use crate::dice::{Dice, sendable};

const ROUNDS: usize = if cfg!(debug_assertions) { 2_000 } else { 10_000 };

/// Whether a request asks the guarded key set for something that is not everybody's.
fn asks(method: &str, target: &str) -> bool {
    let target = Target::new(target);
    let Ok(route) = Route::of(Method::of(method), &target) else { return false };
    let key = route.subscribe_key().map(wire::decode);
    matches!(key, Some(Ok(key)) if key == "guarded-sub") && !matches!(route, Route::WhereNow { .. })
}

#[tokio::test]
async fn no_accident_lets_anybody_in_who_shows_nothing() {
    let everything = json!({".*": 255});
    let everything = json!({"patterns": {"channels": everything, "groups": everything, "uuids": everything}});
    let mut dice = Dice::seeded();
    let sites = [Site::start(Edge::Lean).await, Site::start(Edge::Framework).await];
    let tokens = [sites[0].permit(everything.clone(), 15).await, sites[1].permit(everything, 15).await];
    let (mut shut_out, mut let_in) = (0, 0);
    for round in 0..ROUNDS {
        let (site, token) = (&sites[round % 2], &tokens[round % 2]);
        let (method, example) = EXAMPLES[dice.roll(EXAMPLES.len())];
        let target = example.replace("/demo/demo/", "/guarded-pub/guarded-sub/").replace("/demo", "/guarded-sub");
        let (mut text, mut target) = (body(method, &target).to_owned(), target);
        match dice.roll(4) {
            0 => target = dice.damage(&target),
            1 => text = dice.damage(&text),
            2 => target.push_str(&dice.damage("&auth=p0F2AkF0GmW&signature=v2.x&timestamp=1700000000&uuid=ann")),
            _ => {}
        }
        let target = format!("/{}", sendable(&target).trim_start_matches('/'));
        let ask = async |target: &str| {
            let bytes = request(method, target, &format!("Content-Length: {}\r\n", text.len()), &text);
            let mut connection = site.server.connect().await;
            // Who is refused may find the connection closed before everything is sent.
            let _ = connection.send(&bytes).await;
            connection.receive().await.unwrap_or_else(|why| panic!("round {round}: {why}\n{bytes:.2000}"))
        };
        let reply = ask(&target).await;
        let shown = format!("round {round}: {method} {target:.500}: {} {}", reply.status, reply.text());
        assert!(reply.status < 500, "{shown}");
        if asks(method, &target) {
            assert!((400..500).contains(&reply.status), "{shown}");
            shut_out += 1;
        }
        // What a poll waits for does not come.
        if !FREE.iter().any(|free| target.starts_with(free)) && !target.contains("/subscribe/") {
            let sign = if target.contains('?') { '&' } else { '?' };
            let reply = ask(&format!("{target}{sign}auth={token}")).await;
            assert!(reply.status < 500, "with a token, {method} {target:.500}: {} {}", reply.status, reply.text());
            let_in += usize::from(reply.status == 200);
        }
    }
    println!("shut out {shut_out}, let in {let_in}");
    assert!(shut_out > ROUNDS / 4 && let_in > ROUNDS / 8, "shut out {shut_out}, let in {let_in}");
}
