//! A way to the server that stays when the server goes, and that can be cut.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Passes bytes on. Dropped, it ends.
pub(super) struct Proxy {
    address: SocketAddr,
    way: Arc<Way>,
    task: tokio::task::JoinHandle<()>,
}

struct Way {
    target: Mutex<Option<SocketAddr>>,
    /// After so many bytes of answers the connection is cut; 0 is never.
    cut_after: AtomicUsize,
}

impl Proxy {
    pub(super) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let way = Arc::new(Way { target: Mutex::new(Some(target)), cut_after: AtomicUsize::new(0) });
        let task = tokio::spawn({
            let way = Arc::clone(&way);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(pass(client, Arc::clone(&way)));
                }
            }
        });
        Self { address, way, task }
    }

    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it leads from now on; nowhere, while there is no server.
    pub(super) fn lead(&self, target: Option<SocketAddr>) {
        *self.way.target.lock().unwrap() = target;
    }

    /// Cuts the next answer after so many bytes, head included.
    pub(super) fn cut_after(&self, bytes: usize) {
        self.way.cut_after.store(bytes, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(mut client: TcpStream, way: Arc<Way>) -> Option<()> {
    let target = *way.target.lock().unwrap();
    let mut server = TcpStream::connect(target?).await.ok()?;
    let (mut asks, mut answers) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        tokio::select! {
            count = client.read(&mut asks) => match count.ok()? {
                0 => return None,
                count => server.write_all(&asks[..count]).await.ok()?,
            },
            count = server.read(&mut answers) => match count.ok()? {
                0 => return None,
                count => match way.cut_after.swap(0, Ordering::SeqCst) {
                    0 => client.write_all(&answers[..count]).await.ok()?,
                    cut => {
                        client.write_all(&answers[..count.min(cut)]).await.ok()?;
                        return None;
                    }
                },
            },
        }
    }
}
