//! What browsers need: replies as scripts for the very old ones, CORS for the others.

use super::PUBLISH;
use crate::both::{Both, get, post, request};

const PRESENCE: &str = "/v2/presence/sub-key/sub";

#[tokio::test]
async fn a_reply_is_wrapped_in_the_call_that_was_asked_for() {
    let both = Both::start().await;
    for (target, reply) in [
        ("/time/cb".to_owned(), "200 cb([17"),
        ("/time/$_1".to_owned(), "200 $_1([17"),
        ("/publish/pub/sub/0/room/cb/1".to_owned(), "200 cb([1,"),
        ("/publish/pub/sub/0/room/cb/nonsense".to_owned(), "400 cb([0,\"Invalid JSON\""),
        ("/publish/pub/nobody/0/room/cb/1".to_owned(), "400 cb({"),
        ("/signal/pub/sub/0/room/cb/1".to_owned(), "200 cb([1,"),
        ("/v2/subscribe/sub/room/cb?tt=0".to_owned(), "200 cb({\"t\":"),
        ("/v2/subscribe/sub/room/cb?tt=x".to_owned(), "400 cb({"),
        ("/subscribe/sub/room/cb/0".to_owned(), "200 cb([[],"),
        (format!("{PRESENCE}/channel/room/heartbeat?uuid=a&callback=cb"), "200 cb({"),
        (format!("{PRESENCE}/channel/room/heartbeat?callback=cb"), "400 cb({"),
        (format!("{PRESENCE}?callback=cb"), "200 cb({"),
        ("/v1/channel-registration/sub-key/sub/channel-group?callback=cb".to_owned(), "200 {"),
    ] {
        both.check(&target, get(&target), &[reply]).await;
    }
}

#[tokio::test]
async fn a_callback_that_is_no_plain_name_is_never_repeated() {
    let both = Both::start().await;
    for callback in ["0", "1cb", "a.b", "alert(1)", "a%28", "%3Cscript%3E", "a%2Fb", "cb;x", &"c".repeat(65), "%E4"] {
        both.check(callback, get(&format!("/time/{callback}")), &["200 [17"]).await;
        both.check(callback, get(&format!("{PRESENCE}?callback={callback}")), &["200 {"]).await;
        let publish = format!("/publish/pub/sub/0/room/{callback}/1");
        both.check(callback, get(&publish), &["200 [1,"]).await;
    }
}

#[tokio::test]
async fn a_browser_may_ask_everything_from_everywhere() {
    let both = Both::start().await;
    for target in ["/time/0", PUBLISH, "/nowhere", "/v2/subscribe/nobody/room/0", "/v1/channel-registration/sub-key/s"]
    {
        let preflight = request("OPTIONS", target, "Origin: http://a\r\nAccess-Control-Request-Method: POST\r\n", "");
        let reply = both.reply(preflight).await;
        assert_eq!((reply.status, reply.body.len()), (200, 0), "{target}");
        let list = |name| reply.header(name).unwrap_or_default().to_ascii_lowercase();
        let methods = list("access-control-allow-methods");
        assert!(["get", "post", "delete", "options"].iter().all(|method| methods.contains(method)), "{methods}");
        let headers = list("access-control-allow-headers");
        let wanted = ["origin", "x-requested-with", "content-type", "accept", "content-encoding", "authorization"];
        assert!(wanted.iter().all(|header| headers.contains(header)), "{headers}");
        assert!(list("access-control-max-age").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    }
}

#[tokio::test]
async fn every_reply_can_be_read_by_a_browser_and_by_every_client() {
    let both = Both::start().await;
    for (request, status) in [
        (get("/time/0"), 200),
        (get("/v2/subscribe/sub/room/0?tt=0"), 200),
        (get("/v2/subscribe/nobody/room/0?tt=0"), 400),
        (get("/v2/subscribe/guarded-sub/room/0?tt=0"), 403),
        (get("/v2/subscribe/sub/room/0?tt=1&filter-expr=%28"), 481),
        (get("/nowhere"), 404),
        (request("DELETE", "/time/0", "", ""), 405),
        (post(PUBLISH, "nonsense"), 400),
        (get(&format!("/time/0?{}", "a".repeat(40_000))), 414),
        (request("POST", PUBLISH, "Content-Length: 3000000\r\n", ""), 413),
    ] {
        let reply = both.reply(request).await;
        assert_eq!(reply.status, status);
        let header = |name| reply.header(name).unwrap_or_default();
        assert!(header("content-type").contains("javascript") || header("content-type").contains("json"), "{status}");
        assert_eq!(header("access-control-allow-origin"), "*", "{status}");
        assert_eq!(header("access-control-expose-headers"), "*", "{status}");
        assert!(header("cache-control").contains("no-cache"), "{status}");
        assert!(matches!(reply.body.last(), Some(b'}' | b']')), "{status}: {}", reply.text());
    }
}
