//! Present without a subscription: `cargo run -p hereabouts --example connected`.
//!
//! It expects a server on this machine (`cargo run -- serve`).

use hereabouts::blocking::Client;
use hereabouts::{Config, Error};

fn main() -> Result<(), Error> {
    be_present(Config::new("demo").user("ann"), || {
        println!("ann is present on my-channel, by a heartbeat each 9 seconds, until you press Enter");
        let _ = std::io::stdin().read_line(&mut String::new());
    })
}

/// Is present while something is done.
pub(crate) fn be_present(config: Config, meanwhile: impl FnOnce()) -> Result<(), Error> {
    let client = Client::new(config.presence_timeout(20))?;
    client.presence().connected(true).channels("my-channel").channel_groups("my-channel-group").sync()?;
    meanwhile();
    client.presence().connected(false).channels("my-channel").channel_groups("my-channel-group").sync()?;
    client.stop();
    Ok(())
}
