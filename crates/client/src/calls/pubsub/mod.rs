//! Messages and signals, and the server's time.

mod fire;
mod message;
mod publish;
mod signal;
mod time;

pub use fire::{Fire, FireResult};
pub use message::{Message, OnMessage, OnPublish};
pub use publish::{Publish, PublishResult};
pub use signal::{Signal, SignalResult};
pub use time::Time;
