//! Present without a subscription: `cargo run -p hereabouts --example connected`.
//!
//! It expects a server on this machine (`cargo run -- serve`).

use hereabouts::blocking::Client;
use hereabouts::{Config, Error};

fn main() -> Result<(), Error> {
    let client = Client::new(Config::new("demo").user("ann").presence_timeout(20))?;
    client.presence().connected(true).channels("my-channel").channel_groups("my-channel-group").execute()?;
    println!("ann is present on my-channel, by a heartbeat each 9 seconds, until you press Enter");
    let _ = std::io::stdin().read_line(&mut String::new());
    client.presence().connected(false).channels("my-channel").channel_groups("my-channel-group").execute()?;
    client.stop();
    Ok(())
}
