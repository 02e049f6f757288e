//! A client for the presence, publish/subscribe and app context interface that Hereabouts speaks: who is here, and who are they?
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), hereabouts::Error> {
//! use hereabouts::{Client, Config};
//!
//! let client = Client::new(Config::new("demo").publish_key("demo").user("ann"))?;
//! let here = client.here_now().channels("lobby").await?;
//! println!("{} here", here.total_occupancy);
//! # Ok(()) }
//! ```

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
#[cfg(feature = "http")]
mod runtime;
mod sign;
mod status;
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
#[cfg(feature = "http")]
pub use transport::HttpTransport;
pub use transport::{BoxFuture, Transport};
pub use wire::{Timestamp, Timetoken};
