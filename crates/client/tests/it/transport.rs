//! What goes over the wire beside the protocol: proxies, compression, headers, connections that are kept, and dates in answers.

use std::convert::Infallible;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use hereabouts::{Client, Config, ErrorKind};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use testkit::{OPEN, TestServer};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What a server was asked, request by request: the number of the connection, then the head as text.
type Asked = Arc<Mutex<Vec<(usize, String)>>>;

/// A server that answers everything with the same, and notes what it is asked.
async fn server(headers: &'static [(&'static str, &'static str)], body: impl Into<Bytes>) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let (asked, body) = (Asked::default(), body.into());
    let noted = Arc::clone(&asked);
    tokio::spawn(async move {
        for connection in 0.. {
            let Ok((socket, _)) = listener.accept().await else { return };
            let (asked, body) = (Arc::clone(&noted), body.clone());
            let answer = service_fn(move |request: Request<Incoming>| {
                let head = format!("{} {} {:?}", request.method(), request.uri(), request.headers());
                asked.lock().unwrap().push((connection, head));
                let response =
                    headers.iter().fold(Response::builder(), |response, (name, value)| response.header(*name, *value));
                let response = response.body(Full::new(body.clone())).unwrap();
                async { Ok::<_, Infallible>(response) }
            });
            tokio::spawn(async move {
                let serving = auto::Builder::new(TokioExecutor::new());
                let _ = serving.serve_connection(TokioIo::new(socket), answer).await;
            });
        }
    });
    (origin, asked)
}

const TIME: &str = "[17000000000000000]";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn an_answer_may_be_compressed_and_counts_by_what_it_becomes() {
    let (origin, asked) = server(&[("content-encoding", "gzip")], gzip(TIME.as_bytes())).await;
    let client = Client::new(Config::new("demo").origin(&origin)).unwrap();
    assert_eq!(client.time().await.unwrap().to_string(), "17000000000000000");
    assert!(asked.lock().unwrap()[0].1.contains(r#""accept-encoding": "gzip"#), "{asked:?}");

    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 100_000);
    let (origin, _) = server(&[("content-encoding", "gzip")], bomb).await;
    let error = Client::new(Config::new("demo").origin(&origin)).unwrap().time().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AnswerTooLarge);
}

#[tokio::test]
async fn headers_of_the_application_travel_with_every_request_on_one_connection() {
    let (origin, asked) = server(&[], TIME).await;
    let config =
        Config::new("demo").origin(&origin).header("x-application", "kitchen").header("authorization", "Basic eDp5");
    let client = Client::new(config).unwrap();
    for _ in 0..3 {
        client.time().await.unwrap();
    }
    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 3);
    for (connection, head) in asked {
        assert_eq!(connection, 0, "the connection is kept");
        for header in [r#""x-application": "kitchen""#, r#""authorization": "Basic eDp5""#] {
            assert!(head.contains(header), "{head}");
        }
    }
    for (name, value) in [("no header", "x"), ("x", "a\r\nb: c"), ("", "x")] {
        let client = Client::new(Config::new("demo").origin(&origin).header(name, value)).unwrap();
        assert_eq!(client.time().await.unwrap_err().kind(), ErrorKind::Usage, "{name:?}: {value:?}");
    }
}

#[tokio::test]
async fn a_date_in_retry_after_is_a_time_to_wait() {
    let headers = &[("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT"), ("date", "Sun, 06 Nov 1994 08:49:37 GMT")];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let head: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut socket = BufReader::new(socket);
        read_head(&mut socket).await.unwrap();
        let answer = format!("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n{head}\r\n");
        socket.write_all(answer.as_bytes()).await.unwrap();
    });
    let error = Client::new(Config::new("demo").origin(origin)).unwrap().time().await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Unavailable, Some(Duration::from_secs(30))));
}

/// A proxy: it notes the heads that it is sent, passes plain requests on, and opens tunnels. With `refuses` it does neither.
async fn proxy(refuses: bool) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&heads);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(pass(socket, Arc::clone(&noted), refuses));
        }
    });
    (address, heads)
}

async fn pass(client: TcpStream, noted: Arc<Mutex<Vec<String>>>, refuses: bool) -> Option<()> {
    let mut client = BufReader::new(client);
    let head = read_head(&mut client).await?;
    noted.lock().unwrap().push(head.clone());
    if refuses {
        let answer = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
        return client.write_all(answer.as_bytes()).await.ok();
    }
    let mut words = head.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let mut server = if method == "CONNECT" {
        let server = TcpStream::connect(target.replace("localhost", "127.0.0.1")).await.ok()?;
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.ok()?;
        server
    } else {
        let host = target.strip_prefix("http://")?.split('/').next()?;
        let mut server = TcpStream::connect(host).await.ok()?;
        server.write_all(head.replacen(&format!("http://{host}"), "", 1).as_bytes()).await.ok()?;
        server
    };
    tokio::io::copy_bidirectional(&mut client, &mut server).await.ok().map(drop)
}

/// A request's head, up to and with its empty line.
async fn read_head(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

#[tokio::test]
async fn a_plain_request_goes_through_the_proxy() {
    let server = TestServer::start().await;
    let (proxy, heads) = proxy(false).await;
    let origin = format!("http://{}", server.address());
    let config = Config::new(OPEN.subscribe).user("ann").origin(&origin).proxy(format!("http://bob:geheim@{proxy}"));
    assert!(!format!("{config:?}").contains("geheim"));
    let client = Client::new(config).unwrap();
    client.heartbeat().channels("lobby").await.unwrap();
    assert_eq!(client.here_now().channels("lobby").await.unwrap().total_occupancy, 1);
    let head = heads.lock().unwrap()[0].to_ascii_lowercase();
    assert!(head.starts_with(&format!("get {origin}/v2/presence/")), "{head}");
    assert!(head.contains("proxy-authorization: basic "), "{head}");
}

#[tokio::test]
async fn a_tls_request_goes_through_a_tunnel_that_sees_nothing_of_it() {
    let (origin, certificate) = crate::tls::server(&["h2", "http/1.1"]).await;
    let (proxy, heads) = proxy(false).await;
    let config = Config::new("demo").origin(&origin).root_certificate(certificate).proxy(format!("http://{proxy}"));
    assert_eq!(Client::new(config).unwrap().time().await.unwrap().ticks(), 2, "HTTP/2 through it");
    let host = origin.strip_prefix("https://").unwrap();
    let heads = heads.lock().unwrap();
    assert!(heads.len() == 1 && heads[0].starts_with(&format!("CONNECT {host} HTTP/1.1\r\n")), "{heads:?}");
}

#[tokio::test]
async fn a_proxy_that_refuses_or_is_away_is_told_without_its_password() {
    let (refusing, _) = proxy(true).await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    for (proxy, origin, kind) in [
        (&refusing, "http://127.0.0.1:1", ErrorKind::BadRequest),
        (&refusing, "https://localhost:1", ErrorKind::Connection),
        (&gone, "http://127.0.0.1:1", ErrorKind::Connection),
        (&gone, "https://localhost:1", ErrorKind::Connection),
    ] {
        let config = Config::new("demo").origin(origin).proxy(format!("http://bob:geheim@{proxy}"));
        let error = Client::new(config).unwrap().time().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{origin}: {error:?}");
        let mut text = format!("{error} {error:?}");
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            text.push_str(&format!(" {error} {error:?}"));
            cause = error.source();
        }
        assert!(!text.contains("geheim"), "{text}");
    }
}
