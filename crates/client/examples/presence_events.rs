//! Who comes, who goes, and what is said, by a listener: `cargo run -p hereabouts --example presence_events -- ann kitchen`.
//!
//! It expects a server on this machine (`cargo run -- serve`), ends with Enter, and leaves then.

use std::sync::Arc;

use hereabouts::blocking::Client;
use hereabouts::{Action, Blocking, Config, Error, Gap, Message, Object, Presence, SubscribeCallback, SubscribeStatus};

/// Tells what it hears.
struct Ears<F>(F);

impl<F: Fn(String) + Send + Sync + 'static> SubscribeCallback<Blocking> for Ears<F> {
    fn status(&self, _: &Client, status: &SubscribeStatus) {
        match &status.error {
            Some(error) => (self.0)(format!("{}: {error}", status.category.name())),
            None => (self.0)(status.category.name().to_owned()),
        }
    }

    fn message(&self, _: &Client, message: &Message) {
        (self.0)(format!("{} says {}", message.publisher.as_deref().unwrap_or("someone"), message.message));
    }

    fn presence(&self, client: &Client, event: &Presence) {
        match event.event {
            Action::Interval => {
                (self.0)(format!("{} here; came {:?}, went {:?}", event.occupancy, event.join, event.leave));
            }
            Action::StateChange => (self.0)(format!("{:?} is now {:?}", event.uuid, event.state)),
            Action::Join | Action::Leave | Action::Timeout => {
                (self.0)(format!("{}: {:?}, {} here", event.event, event.uuid, event.occupancy));
            }
        }
        // The server had no room for the list of who came and went: whoever needs it asks.
        if event.here_now_refresh
            && let Ok(here) = client.here_now().channels(&*event.channel).sync()
        {
            (self.0)(format!("{} here", here.total_occupancy));
        }
    }

    fn user(&self, _: &Client, user: &Object) {
        (self.0)(format!("{:?}", user.change));
    }

    fn gap(&self, _: &Client, gap: &Gap) {
        (self.0)(format!("something may be missing between {} and {}", gap.after, gap.until));
    }
}

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let user = arguments.next().unwrap_or_else(|| "ann".into());
    let channel = arguments.next().unwrap_or_else(|| "kitchen".into());
    let config = Config::new("demo").publish_key("demo").user(user);
    let tell = |line| println!("{line}");
    hear(config, &channel, tell, || {
        // Enter, or the end of the input.
        let _ = std::io::stdin().read_line(&mut String::new());
    })
}

/// Tells what happens on a channel, while something is done.
pub(crate) fn hear(
    config: Config,
    channel: &str,
    tell: impl Fn(String) + Send + Sync + 'static,
    meanwhile: impl FnOnce(),
) -> Result<(), Error> {
    let client = Client::new(config)?;
    client.add_listener(Arc::new(Ears(tell)));
    client.subscribe().channels(channel).with_presence().execute()?;
    meanwhile();
    client.unsubscribe_all();
    client.stop();
    Ok(())
}
