//! The call of the client that makes a request.

use hereabouts::calls::access::{Channel, Group, Permissions, Resource, User};
use hereabouts::{Async, Call, Client, Config, Error, Operation, Outgoing, Response};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use testkit::vectors::Message;
use wire::route::Route;

use super::context;
use super::normal::Normal;

/// How a call reads what comes.
type Interpret = Box<dyn Fn(&Response) -> Result<(), Error> + Send + Sync>;

/// A call, as far as a vector needs it: what it sends, and how it reads what comes.
pub(crate) struct Made {
    pub(crate) outgoing: Outgoing,
    pub(crate) interpret: Interpret,
}

impl Made {
    /// The call that makes this request, if there is one.
    pub(crate) fn of(message: &Message, config: &Config) -> Option<Self> {
        let normal = Normal::of_message(message);
        Normal::with_route(message, |route| {
            let client = Client::new(config.clone()).ok()?;
            of_route(&client, &route, &normal).or_else(|| context::of_route(&client, &route, &normal))
        })
    }

    pub(crate) fn new<O: Operation>(call: Call<Async, O>) -> Option<Self> {
        let outgoing = call.to_request().ok()?;
        Some(Self { outgoing, interpret: Box::new(move |response| call.interpret(response).map(drop)) })
    }

    /// Whether it sends what the vector sends.
    pub(crate) fn is(&self, wanted: &Normal) -> bool {
        let mut own = Normal::of_outgoing(&self.outgoing);
        if wanted.sent("seqn").is_none() {
            own.query.remove("seqn");
        }
        own.canonical() == wanted.clone().canonical()
    }
}

fn of_route(client: &Client, route: &Route<'_>, sent: &Normal) -> Option<Made> {
    let decoded = |text: &str| wire::decode(text).map(std::borrow::Cow::into_owned).ok();
    let groups = sent.sent("channel-group").unwrap_or_default();
    match *route {
        Route::Time { .. } => Made::new(client.time()),
        Route::Publish { channel, message, .. } => {
            let (channel, message) = (decoded(channel)?, message_of(message, sent)?);
            let in_body = sent.method == "POST";
            if sent.sent("store").as_deref() == Some("0") && sent.sent("norep").as_deref() == Some("1") {
                let mut call = client.fire().channel(channel).message(message).use_post(in_body);
                if let Some(meta) = sent.sent("meta") {
                    call = call.meta(json(&meta)?);
                }
                return Made::new(call);
            }
            let mut call = client.publish().channel(channel).message(message).use_post(in_body);
            if let Some(meta) = sent.sent("meta") {
                call = call.meta(json(&meta)?);
            }
            if let Some(store) = sent.sent("store") {
                call = call.should_store(store == "1");
            }
            if let Some(hours) = sent.sent("ttl") {
                call = call.ttl(hours.parse::<f64>().ok()?);
            }
            if let Some(name) = sent.sent("custom_message_type") {
                call = call.custom_message_type(name);
            }
            Made::new(call.replicate(sent.sent("norep").is_none()))
        }
        Route::Signal { channel, message, .. } => {
            let mut call = client.signal().channel(decoded(channel)?).message(message_of(message, sent)?);
            if let Some(name) = sent.sent("custom_message_type") {
                call = call.custom_message_type(name);
            }
            Made::new(call)
        }
        Route::HereNow { channels, .. } => {
            let call = client.here_now().channels(decoded(channels)?).channel_groups(groups);
            here_now(call, sent)
        }
        Route::HereNowEverywhere { .. } => here_now(client.here_now(), sent),
        Route::Heartbeat { channels, .. } => {
            let call = client.heartbeat().channels(decoded(channels)?).channel_groups(groups);
            match sent.sent("state") {
                Some(state) => Made::new(call.state(json(&state)?)),
                None => Made::new(call),
            }
        }
        Route::Leave { channels, .. } => Made::new(client.leave().channels(decoded(channels)?).channel_groups(groups)),
        Route::WhereNow { user, .. } => {
            Made::new(client.where_now().user(decoded(user)?).among(sent.sent("channel").unwrap_or_default()))
        }
        Route::SetState { channels, user, .. } => {
            let call = client.set_state().channels(decoded(channels)?).channel_groups(groups).user(decoded(user)?);
            Made::new(call.state(json(&sent.sent("state")?)?))
        }
        Route::GetState { channels, user, .. } => {
            Made::new(client.get_state().channels(decoded(channels)?).channel_groups(groups).user(decoded(user)?))
        }
        Route::Group { group, .. } => {
            let group = decoded(group)?;
            match (sent.sent("add"), sent.sent("remove")) {
                (Some(names), None) => {
                    Made::new(client.add_channel_to_channel_group().channels(names).channel_group(group))
                }
                (None, Some(names)) => {
                    Made::new(client.remove_channel_from_channel_group().channels(names).channel_group(group))
                }
                (None, None) => Made::new(client.list_channels_in_channel_group().channel_group(group)),
                (Some(_), Some(_)) => None,
            }
        }
        Route::GroupDelete { group, .. } => Made::new(client.remove_channel_group().channel_group(decoded(group)?)),
        Route::GroupList { .. } => Made::new(client.list_channel_groups()),
        Route::Grant { .. } => grant(client, sent.body.as_ref()?),
        Route::Revoke { token, .. } => Made::new(client.revoke_token(decoded(token)?)),
        _ => None,
    }
}

fn here_now(mut call: Call<Async, hereabouts::calls::presence::HereNow>, sent: &Normal) -> Option<Made> {
    if let Some(limit) = sent.sent("limit") {
        call = call.limit(limit.parse().ok()?);
    }
    if let Some(offset) = sent.sent("offset") {
        call = call.offset(offset.parse().ok()?);
    }
    let yes = |name: &str| sent.sent(name).as_deref() == Some("1");
    Made::new(call.include_state(yes("state")).include_users(!yes("disable_uuids")).patterns(yes("patterns")))
}

fn grant(client: &Client, body: &Value) -> Option<Made> {
    let permissions = body.get("permissions")?;
    let empty = Map::new();
    let map =
        |of: &str, kind: &str| permissions.get(of).and_then(|maps| maps.get(kind)).and_then(Value::as_object).cloned();
    fn resources<K>(names: Map<String, Value>, make: fn(String) -> Resource<K>) -> Option<Vec<Resource<K>>> {
        let bits = |mask: &Value| mask.as_u64().and_then(|mask| u8::try_from(mask).ok());
        names.into_iter().map(|(name, mask)| Some(make(name).with(Permissions::from_bits(bits(&mask)?)))).collect()
    }
    let of =
        |kind: &str| (map("resources", kind).unwrap_or(empty.clone()), map("patterns", kind).unwrap_or(empty.clone()));
    let (channels, groups, users) = (of("channels"), of("groups"), of("uuids"));
    let mut call = client
        .grant_token()
        .ttl(body.get("ttl")?.as_u64()?)
        .channels(resources(channels.0, Channel::id)?)
        .channels(resources(channels.1, Channel::pattern)?)
        .groups(resources(groups.0, Group::id)?)
        .groups(resources(groups.1, Group::pattern)?)
        .users(resources(users.0, User::id)?)
        .users(resources(users.1, User::pattern)?);
    for (list, mask) in permissions.get("categories").and_then(Value::as_object).into_iter().flatten() {
        let mask = Permissions::from_bits(mask.as_u64().and_then(|mask| u8::try_from(mask).ok())?);
        call = if list == "uuids" { call.all_users(mask) } else { call.all_channels(mask) };
    }
    if let Some(meta) = permissions.get("meta") {
        call = call.meta(meta);
    }
    if let Some(user) = permissions.get("uuid") {
        call = call.authorized_user(user.as_str()?);
    }
    Made::new(call)
}

/// JSON as it stands, digits and all.
fn json(text: &str) -> Option<Box<RawValue>> {
    serde_json::from_str(text).ok()
}

/// The message of a publish or signal: in the path, or in the body.
fn message_of(in_path: Option<&str>, sent: &Normal) -> Option<Box<RawValue>> {
    match in_path {
        Some(text) => json(&wire::decode(text).ok()?),
        None => json(&sent.body.as_ref()?.to_string()),
    }
}
