//! Each way to run a call, against a real server.

use hereabouts::{Client, Config, blocking};
use testkit::{OPEN, TestServer};

fn config(server: &TestServer) -> Config {
    Config::new(OPEN.subscribe).publish_key(OPEN.publish).user("ann").origin(format!("http://{}", server.address()))
}

#[tokio::test]
async fn a_call_is_awaited_waited_for_or_called_back() {
    let server = TestServer::start().await;
    let client = Client::new(config(&server)).unwrap();
    let awaited = client.here_now().channels("lobby").await.unwrap();
    assert_eq!(awaited.total_occupancy, 0);

    let (done, called) = tokio::sync::oneshot::channel();
    client.publish().channel("lobby").message("hi").pn_async(|result, status| _ = done.send((result, status)));
    let (result, status) = called.await.unwrap();
    assert!(result.unwrap().timetoken > client.time().await.unwrap().minus(std::time::Duration::from_secs(60)));
    assert!(!status.is_error());

    let blocking = blocking::Client::new(config(&server)).unwrap();
    let enveloped = tokio::task::spawn_blocking(move || blocking.here_now().channels("lobby").envelope().sync());
    let enveloped = enveloped.await.unwrap().unwrap();
    assert_eq!((enveloped.result, enveloped.status.status_code), (awaited, Some(200)));
}
