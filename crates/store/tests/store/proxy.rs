//! Something in the middle that cuts the way to a PostgreSQL at a chosen moment.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// When the way is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The commit was sent, and does not arrive.
    BeforeCommit,
    /// The commit has arrived and was answered; the answer does not come back.
    AfterCommit,
}

/// A commit as clients of this kind send it: a simple query.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";

/// The proxy, which ends with the runtime.
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    target: SocketAddr,
    /// Commits until the next cut; none is to be cut at 0.
    countdown: AtomicUsize,
    after: AtomicBool,
    /// Whether a cut also closes the way.
    closes: AtomicBool,
    /// Whether there is a way.
    open: watch::Sender<bool>,
    cuts: AtomicUsize,
}

impl Proxy {
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            target: SocketAddr::from(([127, 0, 0, 1], port)),
            countdown: AtomicUsize::new(0),
            after: AtomicBool::new(false),
            closes: AtomicBool::new(false),
            open: watch::channel(true).0,
            cuts: AtomicUsize::new(0),
        });
        let accepting = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, Arc::clone(&accepting)));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Cuts at the `nth` commit from now on, counted from 1.
    pub(crate) fn cut(&self, cut: Cut, nth: usize) {
        self.shared.after.store(cut == Cut::AfterCommit, Ordering::SeqCst);
        self.shared.countdown.store(nth, Ordering::SeqCst);
    }

    /// From the next cut on the way stays closed.
    pub(crate) fn cut_for_good(&self, cut: Cut) {
        self.shared.closes.store(true, Ordering::SeqCst);
        self.cut(cut, 1);
    }

    pub(crate) fn close(&self) {
        self.shared.open.send_replace(false);
    }

    pub(crate) fn open(&self) {
        self.shared.closes.store(false, Ordering::SeqCst);
        self.shared.open.send_replace(true);
    }

    /// How often it was cut.
    pub(crate) fn cuts(&self) -> usize {
        self.shared.cuts.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn is_cut_here(&self) -> bool {
        let count = |left: usize| left.checked_sub(1);
        let cut = self.countdown.fetch_update(Ordering::SeqCst, Ordering::SeqCst, count) == Ok(1);
        if cut {
            self.cuts.fetch_add(1, Ordering::SeqCst);
            if self.closes.load(Ordering::SeqCst) {
                self.open.send_replace(false);
            }
        }
        cut
    }
}

/// Passes bytes on in both directions until one side closes, or the way is cut. Then both sides see it at once.
async fn pass(mut client: TcpStream, shared: Arc<Shared>) {
    let mut open = shared.open.subscribe();
    if !*open.borrow_and_update() {
        return;
    }
    let Ok(mut database) = TcpStream::connect(shared.target).await else { return };
    let (mut up, mut down) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        tokio::select! {
            _ = open.changed() => return,
            read = client.read(&mut up) => {
                let Ok(length @ 1..) = read else { return };
                let commits = up[..length].windows(COMMIT.len()).any(|bytes| bytes == COMMIT);
                let cut = commits && shared.is_cut_here();
                if cut && !shared.after.load(Ordering::SeqCst) {
                    return;
                }
                if database.write_all(&up[..length]).await.is_err() {
                    return;
                }
                if cut {
                    // The answer is waited for, so that the commit has happened when the client hears of the cut.
                    let _ = database.read(&mut down).await;
                    return;
                }
            }
            read = database.read(&mut down) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&down[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}
