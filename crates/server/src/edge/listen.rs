//! Accepts connections, and sees them off.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
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
use super::lean::{self, HandedOver};
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
    ///
    /// Not generic, so that the paths of this crate are compiled in this crate, as it is optimized.
    pub(crate) async fn serve(self, app: Arc<App>, mut stop: Pin<&mut (dyn Future<Output = ()> + Send)>) {
        let (stopping, stopped) = watch::channel(false);
        let router = framework::router(Arc::clone(&app));
        let service = Arc::new(Service { app: Arc::clone(&app), router, stopped });
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                // Finished connections are let go of; there is nothing to learn from them.
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, from)) => match welcome(&app, connections.len(), from) {
                        Ok((guest, room)) => {
                            // Replies are written whole; waiting to fill a packet would only delay them.
                            let _ = stream.set_nodelay(true);
                            let service = Arc::clone(&service);
                            match self.tls.clone() {
                                None => connections.spawn(service.serve(guest, room, stream)),
                                Some(tls) => connections.spawn(service.serve_encrypted(guest, room, stream, tls)),
                            };
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

/// What every connection is served with.
struct Service {
    app: Arc<App>,
    router: Router,
    stopped: watch::Receiver<bool>,
}

impl Service {
    /// Serves a connection. What waits here is most of what the server has in memory, so what only some need is in a box.
    async fn serve<S: Transport>(self: Arc<Self>, guest: Guest, room: Reserved, stream: S) {
        let app = &self.app;
        let _open = app.metrics.connection();
        let mut connection = lean::Connection::new(app, guest, room, stream);
        if !app.edge.lean || connection.run().await {
            Box::pin(self.go_on(connection.hand_over())).await;
        }
    }

    async fn serve_encrypted(self: Arc<Self>, guest: Guest, room: Reserved, stream: TcpStream, tls: Arc<Tls>) {
        let open = self.app.metrics.connection();
        let accepted = Box::pin(tls.accept(stream, self.app.edge.head)).await;
        drop(open);
        if let Some(stream) = accepted {
            self.serve(guest, room, stream).await;
        }
    }

    /// Serves by the framework.
    async fn go_on<S: Transport>(&self, from: HandedOver<S>) {
        let HandedOver { guest, room, stream, before } = from;
        framework::serve(&self.app, self.router.clone(), guest, room, stream, before, self.stopped.clone()).await;
    }
}

/// One connection too many: says so, if the kernel takes it at once.
fn turn_away(app: &App, stream: &TcpStream, refusal: &Refusal) {
    let mut out = Vec::new();
    crate::api::refuse(app, refusal).write(&mut out, app.node.recent(), true);
    let _ = stream.try_write(&out);
}
