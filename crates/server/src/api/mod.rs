//! From a request to its answer: one short function an operation, the same for both paths of the edge.
//!
//! Every function checks in the order of `docs/protocol/conventions.md`, "Order of checks": sizes and route came
//! before; then the key set, the permit, the publish key, the switches of the key set, and the parameters.

mod access;
mod arguments;
mod body;
mod context;
mod door;
mod groups;
mod presence;
mod publish;
mod subscribe;

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use node::{Credentials, Keyset, KeysetsNow, Node};
use wire::access::Signed;
use wire::route::{Method, NoRoute, Route};
use wire::target::Target;
use wire::{Limited, Refusal, SubscribeKey, pubsub};

use crate::config::Edge;
use crate::edge::{Addresses, ContentType, Reply};
use crate::metrics::Metrics;
use arguments::Arguments;
use door::Door;
pub(crate) use subscribe::Subscribed;

/// Everything an operation needs.
pub(crate) struct App {
    pub(crate) node: Node,
    pub(crate) edge: Edge,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) metrics: Metrics,
}

/// A request, whichever path it came on.
pub(crate) struct Request<'r> {
    pub(crate) method: Method,
    /// Path and query, as sent.
    pub(crate) target: &'r str,
    /// The body as sent.
    pub(crate) body: &'r [u8],
    pub(crate) headers: Headers<&'r [u8]>,
    /// Whether its sender may ask for anything at this moment.
    pub(crate) admitted: bool,
}

/// The headers that an operation asks about, as sent. Of several the first.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Headers<T> {
    pub(crate) content_type: Option<T>,
    pub(crate) content_encoding: Option<T>,
    pub(crate) if_match: Option<T>,
    pub(crate) if_none_match: Option<T>,
}

/// The answer to a request, now or later. What comes later has let go of the request.
#[expect(clippy::large_enum_variant, reason = "a box would be one more cold block of memory for every parked poll")]
pub(crate) enum Answer {
    Now(Reply),
    /// As soon as the store has answered.
    Soon(Pending),
    /// When something happens that the caller waits for, or when it has waited as long as a poll is held.
    Later(Subscribed),
}

/// A reply to come.
pub(crate) type Pending = Pin<Box<dyn Future<Output = Reply> + Send>>;

impl Answer {
    fn soon(reply: impl Future<Output = Reply> + Send + 'static) -> Self {
        Self::Soon(Box::pin(reply))
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self::Now(reply)
    }
}

/// The name under which a request that has no route is counted.
pub(crate) const NO_ROUTE: &str = "unknown";

/// Answers a request. Counts nothing and writes nothing: that is the edge's.
pub(crate) fn answer(app: &Arc<App>, request: &Request<'_>) -> (&'static str, Answer) {
    if request.method == Method::Options {
        return ("preflight", Reply::preflight().into());
    }
    if request.target.len() > app.edge.request_target_bytes {
        return (NO_ROUTE, refuse(app, &Refusal::UriTooLong).into());
    }
    let target = Target::new(request.target);
    answer_on(app, request, &target, Route::of(request.method, &target))
}

/// Answers a request whose path was looked up already, and is not too long.
pub(crate) fn answer_on(
    app: &Arc<App>,
    request: &Request<'_>,
    target: &Target<'_>,
    route: Result<Route<'_>, NoRoute>,
) -> (&'static str, Answer) {
    if !request.admitted {
        let operation = route.as_ref().map_or(NO_ROUTE, Route::operation);
        return (operation, refuse(app, &too_many(route.ok(), Limited::Address)).into());
    }
    match route {
        Ok(route) => (route.operation(), dispatch(app, request, target, route)),
        Err(NoRoute::UnknownPath) => {
            (NO_ROUTE, refuse(app, &Refusal::UnknownPath(target.path().chars().take(PATH_SHOWN).collect())).into())
        }
        Err(NoRoute::WrongMethod) => (NO_ROUTE, refuse(app, &Refusal::WrongMethod).into()),
    }
}

/// The refusal of a request that comes too soon after others.
fn too_many(route: Option<Route<'_>>, limited: Limited) -> Refusal {
    match route {
        Some(route) if route.is_of_context() => Refusal::ContextBusy(limited),
        Some(_) | None => Refusal::TooManyRequests(limited),
    }
}

/// How much of an unknown path its refusal repeats.
const PATH_SHOWN: usize = 200;

fn dispatch(app: &Arc<App>, request: &Request<'_>, target: &Target<'_>, route: Route<'_>) -> Answer {
    let arguments = Arguments::new(target);
    let callback = callback_of(route, &arguments);
    // Those of this moment, for as long as it takes to decide what is done.
    let keysets = app.node.keysets().now();
    let keyset = match route.subscribe_key().map(|key| keyset(&keysets, key)).transpose() {
        Ok(keyset) => keyset,
        Err(refusal) => return refuse(app, &refusal).wrapped(callback.as_deref()).into(),
    };
    let Some(keyset) = keyset else {
        return Reply::json(ContentType::Script, pubsub::time(app.node.now())).wrapped(callback.as_deref()).into();
    };
    if !keyset.admits_request() {
        return refuse(app, &too_many(Some(route), Limited::KeySet)).wrapped(callback.as_deref()).into();
    }
    let decompressed = decompressed(app, request, target);
    let shown = Credentials::of(Signed {
        method: request.method,
        target: *target,
        body: request.body,
        decompressed: decompressed.as_deref(),
        publishes: matches!(route, Route::Publish { .. } | Route::Signal { .. }),
    });
    let door = Door { keyset, shown };
    let door = &door;
    let asked = context::Asked { app, door, target, request };
    let answer = match route {
        Route::Time { .. } => Ok(Reply::json(ContentType::Script, pubsub::time(app.node.now())).into()),
        Route::Publish { version, publish_key, channel, message, .. } => {
            publish::publish(app, door, &arguments, request, version, publish_key, channel, message).map(Answer::from)
        }
        Route::Signal { publish_key, channel, message, .. } => {
            publish::signal(app, door, &arguments, request, publish_key, channel, message).map(Answer::from)
        }
        Route::Subscribe { channels, .. } => {
            return subscribe::subscribe(app, door, &arguments, channels, callback);
        }
        Route::SubscribeFirst { channels, timetoken, .. } => {
            return subscribe::subscribe_first(app, door, &arguments, channels, timetoken, callback);
        }
        Route::Heartbeat { channels, .. } => presence::heartbeat(door, &arguments, channels).map(Answer::from),
        Route::Leave { channels, .. } => presence::leave(door, &arguments, channels).map(Answer::from),
        Route::HereNow { channels, .. } => presence::here_now(door, &arguments, channels).map(Answer::from),
        Route::HereNowEverywhere { .. } => presence::here_now_everywhere(door, &arguments).map(Answer::from),
        Route::WhereNow { user, .. } => presence::where_now(door, &arguments, user).map(Answer::from),
        Route::SetState { channels, user, .. } => {
            presence::set_state(door, &arguments, channels, user).map(Answer::from)
        }
        Route::GetState { channels, user, .. } => {
            presence::get_state(door, &arguments, channels, user).map(Answer::from)
        }
        Route::Group { group, .. } => groups::group(app, door, &arguments, group),
        Route::GroupDelete { group, .. } => groups::delete(app, door, group),
        Route::GroupList { .. } => groups::list(door).map(Answer::from),
        Route::Grant { .. } => access::grant_token(app, door, request).map(Answer::from),
        Route::Revoke { token, .. } => access::revoke_token(app, door, token),
        Route::GrantKeys { .. } => access::grant_keys(app, door, target),
        Route::AuditKeys { .. } => access::audit_keys(door, target).map(Answer::from),
        Route::ListRecords { kind, .. } => asked.list_records(kind),
        Route::WriteRecords { kind, .. } => asked.write_records(kind),
        Route::GetRecord { kind, id, .. } => asked.get_record(kind, id),
        Route::SetRecord { kind, id, .. } => asked.set_record(kind, id),
        Route::RemoveRecord { kind, id, .. } => asked.remove_record(kind, id),
        Route::ListMemberships { owner, id, .. } => asked.list_memberships(owner, id),
        Route::ManageMemberships { owner, id, .. } => asked.manage_memberships(owner, id),
    };
    match (answer.unwrap_or_else(|refusal| refuse(app, &refusal).into()), callback) {
        (Answer::Now(reply), callback) => reply.wrapped(callback.as_deref()).into(),
        (pending @ (Answer::Soon(_) | Answer::Later(_)), _) => pending,
    }
}

/// The body decompressed, for a request that is signed: clients sign it before they compress it.
fn decompressed(app: &App, request: &Request<'_>, target: &Target<'_>) -> Option<Vec<u8>> {
    let encoding = request.headers.content_encoding?;
    target.raw_query("signature")?;
    let most = app.edge.body_bytes.max(app.edge.large_message_bytes);
    body::plain(request.body, Some(encoding), most).ok().map(Cow::into_owned)
}

fn keyset<'k>(keysets: &'k KeysetsNow, key: &str) -> Result<&'k Arc<Keyset>, Refusal> {
    let key = wire::decode(key).ok().and_then(|key| SubscribeKey::new(key).ok());
    key.and_then(|key| keysets.get(&key)).ok_or(Refusal::InvalidSubscribeKey)
}

pub(crate) fn refuse(app: &App, refusal: &Refusal) -> Reply {
    app.metrics.refused(refusal);
    Reply::refusal(refusal, app.node.now())
}

/// The function that a reply is wrapped in for very old clients; none for everyone else.
fn callback_of(route: Route<'_>, arguments: &Arguments<'_>) -> Option<String> {
    let name = match route {
        Route::Time { callback }
        | Route::Publish { callback, .. }
        | Route::Signal { callback, .. }
        | Route::Subscribe { callback, .. }
        | Route::SubscribeFirst { callback, .. } => Some(callback),
        Route::Heartbeat { .. }
        | Route::Leave { .. }
        | Route::HereNow { .. }
        | Route::HereNowEverywhere { .. }
        | Route::WhereNow { .. }
        | Route::SetState { .. }
        | Route::GetState { .. }
        | Route::GrantKeys { .. }
        | Route::AuditKeys { .. } => arguments.raw("callback"),
        Route::Group { .. }
        | Route::GroupDelete { .. }
        | Route::GroupList { .. }
        | Route::Grant { .. }
        | Route::Revoke { .. }
        | Route::ListRecords { .. }
        | Route::WriteRecords { .. }
        | Route::GetRecord { .. }
        | Route::SetRecord { .. }
        | Route::RemoveRecord { .. }
        | Route::ListMemberships { .. }
        | Route::ManageMemberships { .. } => None,
    };
    name.filter(|name| is_identifier(name)).map(str::to_owned)
}

/// Nothing but a plain identifier becomes code.
fn is_identifier(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$';
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(plain)
}
