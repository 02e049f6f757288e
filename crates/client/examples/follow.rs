//! Follows channels as a stream: `cargo run -p hereabouts --example follow -- kitchen house.*`.
//!
//! It expects a server on this machine (`cargo run -- serve`), and ends after a message `"bye"`.

use hereabouts::{Client, Config, Error, Event};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let channels = std::env::args().skip(1).collect();
    follow(Config::new("demo").user("follower"), channels, |line| println!("{line}")).await
}

/// Tells what happens on channels, until somebody says goodbye.
pub(crate) async fn follow(config: Config, channels: Vec<String>, mut tell: impl FnMut(String)) -> Result<(), Error> {
    let client = Client::new(config)?;
    let mut events = client.subscribe().channels(channels).with_presence().stream()?;
    while let Some(event) = events.next().await {
        match event {
            Event::Message(message) => {
                tell(format!("{}: {}", message.channel, message.message));
                if message.message.as_str() == "\"bye\"" {
                    break;
                }
            }
            Event::Presence(presence) => {
                let user = presence.uuid.as_deref().unwrap_or("several");
                tell(format!("{}: {} {user}, {} here", presence.channel, presence.event, presence.occupancy));
            }
            Event::Status(status) => tell(status.category.name().to_owned()),
            Event::Gap(gap) => tell(format!("something may be missing until {}", gap.until)),
            other => tell(format!("{other:?}")),
        }
    }
    client.stop().await;
    Ok(())
}
