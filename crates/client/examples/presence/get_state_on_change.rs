//! The state of a user, when an event says that it has changed (Go: "Other Examples" of user state).

use hereabouts::calls::presence::GetState;
use hereabouts::{Action, Call, Caller, Category, Error, Event};
use serde_json::json;

use crate::run::Run;

fn ask<M>(client: &Caller<M>, user: &str) -> Call<M, GetState> {
    client.get_state().channels("ch1").user(user)
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    let mut events = run.client().subscribe().channels("ch1").with_presence().stream()?;
    while let Some(event) = events.next().await {
        match event {
            Event::Status(status) if status.category == Category::Connected => {
                run.client().set_state().channels("ch1").state(json!({"is_typing": true})).await?;
            }
            Event::Presence(presence) if presence.event == Action::StateChange => {
                let (user, same) = (presence.uuid.clone().unwrap_or_default(), presence.uuid.unwrap_or_default());
                let states = run.call(|client| ask(client, &user), move |client| ask(client, &same)).await?;
                return Ok(format!("ch1: {:?}", states.channels["ch1"]));
            }
            _ => {}
        }
    }
    Ok("unsubscribed".to_owned())
}
