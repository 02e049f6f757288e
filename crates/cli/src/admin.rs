//! The way to the admin API of a server that runs on this machine.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long to wait for a connection. The server is on this machine, or near. For the answer there is no limit: a key set with
/// millions of users takes a while to forget.
const CONNECT: Duration = Duration::from_secs(5);
/// Answers are small; what is larger comes from something else.
const ANSWER_BYTES: usize = 16 << 20;

/// Which server is meant.
#[derive(clap::Args)]
pub(crate) struct Server {
    /// The data folder of the server, where its admin token and address lie.
    #[arg(long, value_name = "FOLDER", env = "HEREABOUTS_DATA", default_value = "./data")]
    data: PathBuf,
    /// Where its admin API listens. [default: as in the data folder]
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<SocketAddr>,
    /// The file that holds its admin token. [default: admin.token in the data folder]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// A server that was found.
pub(crate) struct Admin {
    address: SocketAddr,
    token: String,
    token_file: PathBuf,
}

impl Admin {
    /// Finds the server.
    pub(crate) fn find(server: &Server) -> Result<Self> {
        let address = match server.admin {
            Some(address) => address,
            None => address_in(&server.data)?,
        };
        let token_file = server.token_file.clone().unwrap_or_else(|| server.data.join("admin.token"));
        let token = std::fs::read_to_string(&token_file)
            .with_context(|| format!("cannot read the admin token {}", token_file.display()))?;
        Ok(Self { address, token: token.trim().to_owned(), token_file })
    }

    /// Calls the API below its key sets, and answers what it answered when it succeeded.
    pub(crate) fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let request = Request::builder()
            .method(method)
            .uri(format!("/admin/v1/keysets{path}"))
            .header(HOST, self.address.to_string())
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Full::from(body.map(Value::to_string).unwrap_or_default()))
            .context("no key set has such a name: letters, digits, dots, hyphens and underscores make one")?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
        let (status, answer) = runtime.block_on(exchange(self.address, request))?;
        let Self { address, token_file, .. } = self;
        let answer: Value = serde_json::from_slice(&answer)
            .with_context(|| format!("what answers at {address} is no admin API of a Hereabouts server"))?;
        match status {
            StatusCode::UNAUTHORIZED => bail!(
                "the server at {address} does not take the token in {}: is that its data folder?",
                token_file.display()
            ),
            status if status.is_success() => Ok(answer),
            _ => bail!("{}", answer["message"].as_str().unwrap_or("the server refused, and did not say why")),
        }
    }
}

async fn exchange(address: SocketAddr, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes)> {
    let nobody = || format!("no server answers at {address}: is it running?");
    let stream = timeout(CONNECT, TcpStream::connect(address)).await.with_context(nobody)?.with_context(nobody)?;
    let answered = async {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // How it ends is seen by who waits for the answer.
        tokio::spawn(async { drop(connection.await) });
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES).collect().await.map_err(|error| anyhow!(error))?;
        Ok::<_, anyhow::Error>((head.status, body.to_bytes()))
    };
    answered.await.with_context(|| format!("the server at {address} did not answer"))
}

fn address_in(data: &Path) -> Result<SocketAddr> {
    let file = data.join("admin.address");
    let text = std::fs::read_to_string(&file).with_context(|| {
        format!(
            "no server with an admin API runs on the data folder {}: start one with `hereabouts serve`, or name the folder of \
             the one that runs with --data",
            data.display()
        )
    })?;
    text.trim().parse().with_context(|| format!("{} holds no address", file.display()))
}
