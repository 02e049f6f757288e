//! A client for the interface that Hereabouts speaks: who is here, and who are they?
//!
//! It has every call of the interface's documents under its documented name: presence, publish and signal, channel groups, app
//! context, tokens. It works with a Hereabouts server, and with any other that speaks the interface.
//!
//! # Who is here
//!
//! Start a server (`cargo run -- serve` in its repository): it has an open key set `demo` and listens on `127.0.0.1:7700`, which is
//! where a client looks unless it is told otherwise. Then:
//!
//! ```
//! use hereabouts::{Client, Config, Error};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Error> {
//!     let config = Config::new("demo").publish_key("demo").user("ann");
//! #   let config = config.origin(testkit::example::origin());
//!     let client = Client::new(config)?;
//!     client.heartbeat().channels("lobby").await?;
//!     for occupant in &client.here_now().channels("lobby").await?.channels[0].occupants {
//!         println!("{} is here", occupant.user);
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # Calls
//!
//! [`Client`] has a method for every call (they are listed at [`Caller`]). It makes a [`Call`], a value; options chain, and nothing is
//! sent until it is run, in one of three ways:
//!
//! | way | |
//! | --- | --- |
//! | `.await` | in asynchronous programs, on any executor |
//! | `.sync()` | with [`blocking::Client`], in all others; inside a runtime as well |
//! | `.pn_async(callback)` | returns at once; the callback gets the result and the [`Status`] |
//!
//! `.envelope()` before either of the first two gives an [`Envelope`] with the result *and* the status. Options that the documents call
//! by an older word (`uuid`) have a newer one beside them (`user`); both are the same.
//!
//! Results are plain structures with the documented fields. What a server does not say is `None`, and what it says beyond that is
//! passed over, so an older client gets along with a newer server.
//!
//! # Errors
//!
//! Every call fails with an [`Error`]: its [`kind`](Error::kind) is for `match`, and it prints as a sentence. Neither it nor its causes
//! show a token, a secret, a signature or a state.
//!
//! ```
//! # testkit::example::run(async |origin| {
//! use hereabouts::{Client, Config, ErrorKind};
//!
//! let config = Config::new("guarded-sub").publish_key("guarded-pub").user("ann");
//! # let config = config.origin(origin);
//! let error = Client::new(config)?.publish().channel("lobby").message("hi").await.unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::AccessDenied);
//! assert_eq!(error.channels(), ["lobby"]);
//! assert_eq!(error.to_string(), "publish: Forbidden (status 403); channels: lobby");
//! # Ok::<(), hereabouts::Error>(()) });
//! ```
//!
//! # Tokens and signatures
//!
//! A client with a [token](Caller::set_token) sends it with every request that needs one. A client with the
//! [secret key](Config::secret_key) signs its requests, which permits everything, and is needed to [grant](Caller::grant_token) tokens.
//!
//! Auth keys, which tokens came in place of, are [sent](Config::token) like a token. There is no call that grants them, since the
//! documents have none; who still needs it writes an [`Operation`].
//!
//! # Transport
//!
//! Requests go over HTTP/1.1, or HTTP/2 where TLS agrees on it, on connections that are kept; TLS is rustls with what the machine
//! trusts; answers may be compressed; proxies are those of the environment, or [one](Config::proxy). Answers are read up to
//! [a limit](Config::answer_bytes_max), redirects are [not followed](Config::follow_redirects), and nothing is sent twice.
//! Timeouts: [connecting](Config::connect_timeout) 10 s, [a call](Config::request_timeout) 10 s, a
//! [subscribe](Config::subscribe_timeout) 310 s.
//!
//! All sending goes through one small trait, [`Transport`], so a test needs no socket, and a program can bring its own.
//!
//! # Features, and WebAssembly
//!
//! The one feature, `http`, is on by default: it is the transport above, and a small runtime for `.sync()` and `.pn_async(callback)`.
//! Without it (`default-features = false`) there is no socket, no TLS, no thread and no tokio: a client is made with
//! [`Caller::with_transport`], and calls are run by `.await`. That is the form for `wasm32-unknown-unknown`, with a transport on the
//! browser's `fetch`; futures need not be `Send` there. Subscriptions are run by [`Caller::drive`], and listeners are called by it.
//! There is no clock either, so a client that signs is given [one](Config::clock), and no source of randomness, so one that shares
//! its user with others is given an [instance id](Config::instance_id). `cargo xtask check` compiles it for that target.
//!
//! # Examples
//!
//! `examples/` has a file for each example of the interface's documents, in two programs named after them: `cargo run -p hereabouts
//! --example presence -- here_now_state`, and `--example app_context -- set_memberships`. A test runs them all, in all three ways.
//! `follow`, `presence_events`, `connected` and `three_ways` are programs to begin with; a test runs them as well.

pub mod calls;

mod call;
mod client;
mod config;
mod error;
mod json;
mod names;
mod operation;
mod origin;
mod places;
mod request;
mod retry_after;
#[cfg(feature = "http")]
mod runtime;
mod sign;
mod status;
mod subscribe;
mod transport;

/// The client for programs without asynchronous code: `.sync()` makes a call and waits for its answer.
pub mod blocking {
    /// The client for programs without asynchronous code: `.sync()` runs a call.
    pub type Client = crate::Caller<crate::Blocking>;
}

pub use call::{Call, Enveloped};
pub use calls::access::parse_token;
pub use client::{Async, Blocking, Caller, Client, Mode};
pub use config::Config;
pub use error::{Detail, Error, ErrorKind};
pub use names::Names;
pub use operation::Operation;
pub use origin::Origin;
pub use places::{OnPlaces, Places};
pub use request::{Method, Outgoing, Request, Response};
pub use status::{Category, Envelope, Status};
pub use subscribe::{
    Event, Gap, GapCause, Message, Object, Only, Presence, Retry, SetPresence, Subscribe, SubscribeCallback,
    SubscribeStatus, Subscription, Timer, Unsubscribe,
};
#[cfg(feature = "http")]
pub use transport::HttpTransport;
pub use transport::{BoxFuture, Transport};
pub use wire::context::{About, Action as ChangeAction, Change, TextField};
pub use wire::presence::Action;
pub use wire::{Json, Timestamp, Timetoken};

/// The programs in the front page of the repository must compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod readme {}
