//! Follows channels as a stream: `cargo run -p hereabouts --example follow -- kitchen house.*`.
//!
//! It expects a server on this machine (`cargo run -- serve`), and ends after a message `"bye"`.

use hereabouts::{Client, Config, Error, Event};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let channels: Vec<String> = std::env::args().skip(1).collect();
    let client = Client::new(Config::new("demo").user("follower"))?;
    let mut events = client.subscribe().channels(channels).with_presence().stream()?;
    while let Some(event) = events.next().await {
        match event {
            Event::Message(message) => {
                println!("{} {}: {}", message.timetoken, message.channel, message.message);
                if message.message.as_str() == "\"bye\"" {
                    break;
                }
            }
            Event::Presence(presence) => println!("{} {:?} {}", presence.channel, presence.uuid, presence.event),
            Event::Status(status) => println!("{}", status.category.name()),
            Event::Gap(gap) => println!("something may be missing until {}", gap.until),
            other => println!("{other:?}"),
        }
    }
    client.stop().await;
    Ok(())
}
