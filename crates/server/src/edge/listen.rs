//! Accepts connections, and sees them off.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use node::{Purpose, Reserved};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use wire::Refusal;

use super::addresses::Guest;
use super::framework;
use super::lean::{self, After};
use super::tls::Tls;
use super::transport::Transport;
use crate::api::App;

/// Connections that the kernel completes while we are busy. The kernel caps it at its own limit.
const BACKLOG: i32 = 4096;
/// Pause after a failed accept: nearly always there are no file descriptors left, and they come back with time.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// What an open connection takes, with its task and its timer.
const CONNECTION_BYTES: usize = 2048;
/// How long a stopping server waits for replies on their way.
const DRAIN: Duration = Duration::from_secs(10);
/// How often it looks.
const DRAIN_LOOK: Duration = Duration::from_millis(10);

/// A socket that listens, before anything is served.
pub(crate) struct Listener {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
}

impl Listener {
    /// Listens, for clients that speak TLS if there is one.
    pub(crate) fn bind(address: SocketAddr, tls: Option<Arc<Tls>>) -> io::Result<Self> {
        let listener = listen(address)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, tls })
    }

    /// Where it listens; the port is the one that was taken.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is done, then drains: parked polls are answered, replies finished, connections closed.
    pub(crate) async fn serve(self, app: Arc<App>, stop: impl Future<Output = ()>) {
        let (stopping, stopped) = watch::channel(false);
        let router = framework::router(Arc::clone(&app));
        let mut connections = JoinSet::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                // Finished connections are let go of; there is nothing to learn from them.
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, from)) => match welcome(&app, connections.len(), from) {
                        Ok((guest, room)) => {
                            let (app, tls) = (Arc::clone(&app), self.tls.clone());
                            let serving = Serving { app, router: router.clone(), guest, room, stopped: stopped.clone() };
                            connections.spawn(serving.connection(stream, tls));
                        }
                        Err(refusal) => turn_away(&app, &stream, &refusal),
                    },
                    Err(error) => {
                        tracing::warn!(%error, "could not accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(self.listener);
        app.metrics.drain();
        app.node.close();
        // Only fails when no framework connection listens.
        let _ = stopping.send(true);
        drain(&app, &mut connections).await;
    }
}

/// A socket that listens.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart need not wait for the connections of the last run to be forgotten.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Waits until no request is under way; then whoever is connected only idles, and is cut off.
async fn drain<T: 'static>(app: &App, connections: &mut JoinSet<T>) {
    let until = Instant::now() + DRAIN;
    while app.metrics.under_way() > 0 && Instant::now() < until {
        tokio::time::sleep(DRAIN_LOOK).await;
    }
    // One more look, for replies that are being written by the framework.
    let _ = timeout_at(Instant::now() + DRAIN_LOOK, async { while connections.join_next().await.is_some() {} }).await;
    connections.shutdown().await;
}

/// Lets a connection in, if there is room for one more.
fn welcome(app: &App, open: usize, from: SocketAddr) -> Result<(Guest, Reserved), Refusal> {
    if open >= app.edge.connections_max {
        return Err(Refusal::TooManyConnections);
    }
    let guest = app.addresses.welcome(from.ip())?;
    let room = app.node.memory().reserve(CONNECTION_BYTES, Purpose::Answers).ok_or(Refusal::OutOfMemory)?;
    Ok((guest, room))
}

/// What a connection is served with.
struct Serving {
    app: Arc<App>,
    router: Router,
    guest: Guest,
    room: Reserved,
    stopped: watch::Receiver<bool>,
}

impl Serving {
    async fn connection(self, stream: TcpStream, tls: Option<Arc<Tls>>) {
        // Replies are written whole; waiting to fill a packet would only delay them.
        let _ = stream.set_nodelay(true);
        let app = Arc::clone(&self.app);
        let _open = app.metrics.connection();
        let Some(tls) = tls else { return self.serve(stream).await };
        if let Some(stream) = Box::pin(tls.accept(stream, app.edge.head)).await {
            Box::pin(self.serve(stream)).await;
        }
    }

    async fn serve<S: Transport>(self, stream: S) {
        let Self { app, router, guest, room, stopped } = self;
        let (stream, before, room) = if app.edge.lean {
            match Box::pin(lean::serve(&app, &guest, room, stream)).await {
                After::Closed => return,
                After::HandOver(stream, before, room) => (stream, before, room),
            }
        } else {
            (stream, Vec::new(), room)
        };
        Box::pin(framework::serve(&app, router, guest, room, stream, before, stopped)).await;
    }
}

/// One connection too many: says so, if the kernel takes it at once.
fn turn_away(app: &App, stream: &TcpStream, refusal: &Refusal) {
    let mut out = Vec::new();
    crate::api::refuse(app, refusal).write(&mut out, app.node.recent(), true);
    let _ = stream.try_write(&out);
}
