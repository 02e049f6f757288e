//! Messages: what is published, and the server's time.

mod publish;
mod time;

pub use publish::{Publish, PublishResult};
pub use time::Time;
