//! Who comes, who goes, and what is said, by a listener: `cargo run -p hereabouts --example presence_events -- ann kitchen`.
//!
//! It expects a server on this machine (`cargo run -- serve`), ends with Enter, and leaves then.

use std::sync::Arc;

use hereabouts::blocking::Client;
use hereabouts::{Action, Blocking, Config, Error, Gap, Message, Object, Presence, SubscribeCallback, SubscribeStatus};

struct Ears;

impl SubscribeCallback<Blocking> for Ears {
    fn status(&self, _: &Client, status: &SubscribeStatus) {
        match &status.error {
            Some(error) => println!("{}: {error}", status.category.name()),
            None => println!("{}", status.category.name()),
        }
    }

    fn message(&self, _: &Client, message: &Message) {
        println!("{} says {}", message.publisher.as_deref().unwrap_or("someone"), message.message);
    }

    fn presence(&self, client: &Client, event: &Presence) {
        match event.event {
            Action::Interval => println!("{} here; came {:?}, went {:?}", event.occupancy, event.join, event.leave),
            Action::StateChange => println!("{:?} is now {:?}", event.uuid, event.state),
            Action::Join | Action::Leave | Action::Timeout => {
                println!("{}: {:?}, {} here", event.event, event.uuid, event.occupancy);
            }
        }
        // The server had no room for the list of who came and went: whoever needs it asks.
        if event.here_now_refresh
            && let Ok(here) = client.here_now().channels(&*event.channel).sync()
        {
            println!("{} here", here.total_occupancy);
        }
    }

    fn user(&self, _: &Client, user: &Object) {
        println!("{:?}", user.change);
    }

    fn gap(&self, _: &Client, gap: &Gap) {
        println!("something may be missing between {} and {}", gap.after, gap.until);
    }
}

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let user = arguments.next().unwrap_or_else(|| "ann".into());
    let channel = arguments.next().unwrap_or_else(|| "kitchen".into());
    let client = Client::new(Config::new("demo").publish_key("demo").user(user))?;
    client.add_listener(Arc::new(Ears));
    client.subscribe().channels(&channel).with_presence().execute()?;
    // Enter, or the end of the input.
    let _ = std::io::stdin().read_line(&mut String::new());
    client.unsubscribe_all();
    client.stop();
    Ok(())
}
