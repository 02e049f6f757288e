//! The calls of app context that make requests.

use hereabouts::calls::context::{
    ChannelMemberEntry, ChannelMembershipEntry, Entry, IncludeRecord, Kind, Listing, MemberIncludes,
    MembershipIncludes, Page, Set, SortKey,
};
use hereabouts::{Async, Call, Client};
use serde_json::{Map, Value};
use wire::context::Kind as Of;
use wire::route::Route;

use super::call::Made;
use super::normal::Normal;

pub(crate) fn of_route(client: &Client, route: &Route<'_>, sent: &Normal) -> Option<Made> {
    let decoded = |text: &str| wire::decode(text).map(std::borrow::Cow::into_owned).ok();
    let list = |kind| -> Option<Made> {
        match kind {
            Of::User => Made::new(included(listed(client.get_all_user_metadata(), sent)?, sent)),
            Of::Channel => Made::new(included(listed(client.get_all_channel_metadata(), sent)?, sent)),
        }
    };
    match *route {
        Route::ListRecords { kind, .. } => list(kind),
        Route::GetRecord { kind: Of::User, id, .. } => {
            Made::new(included(client.get_user_metadata().user(decoded(id)?), sent))
        }
        Route::GetRecord { kind: Of::Channel, id, .. } => {
            Made::new(included(client.get_channel_metadata().channel(decoded(id)?), sent))
        }
        Route::SetRecord { kind: Of::User, id, .. } => {
            let mut call = set(client.set_user_metadata().user(decoded(id)?), sent)?;
            for (key, value) in sent.body.as_ref()?.as_object()? {
                call = match key.as_str() {
                    "externalId" => call.external_id(text(value)?),
                    "profileUrl" => call.profile_url(text(value)?),
                    "email" => call.email(text(value)?),
                    _ => call,
                };
            }
            Made::new(call)
        }
        Route::SetRecord { kind: Of::Channel, id, .. } => {
            let mut call = set(client.set_channel_metadata().channel(decoded(id)?), sent)?;
            if let Some(value) = sent.body.as_ref()?.get("description") {
                call = call.description(text(value)?);
            }
            Made::new(call)
        }
        Route::RemoveRecord { kind: Of::User, id, .. } => {
            let call = client.remove_user_metadata().user(decoded(id)?);
            Made::new(match sent.if_match() {
                Some(etag) => call.if_matches_etag(etag),
                None => call,
            })
        }
        Route::RemoveRecord { kind: Of::Channel, id, .. } => {
            let call = client.remove_channel_metadata().channel(decoded(id)?);
            Made::new(match sent.if_match() {
                Some(etag) => call.if_matches_etag(etag),
                None => call,
            })
        }
        Route::ListMemberships { owner: Of::User, id, .. } => {
            let call = client.get_memberships().user(decoded(id)?).include(membership_includes(sent));
            Made::new(listed(call, sent)?)
        }
        Route::ListMemberships { owner: Of::Channel, id, .. } => {
            let call = client.get_channel_members().channel(decoded(id)?).include(member_includes(sent));
            Made::new(listed(call, sent)?)
        }
        Route::ManageMemberships { owner: Of::User, id, .. } => {
            let (set, remove): (Vec<ChannelMembershipEntry>, Vec<_>) =
                (entries(sent, "set")?, entries(sent, "delete")?);
            let (id, includes) = (decoded(id)?, membership_includes(sent));
            match (set.is_empty(), remove.is_empty()) {
                (false, true) => Made::new(listed(
                    client.set_memberships().user(id).channel_memberships(set).include(includes),
                    sent,
                )?),
                (true, false) => {
                    let call = client.remove_memberships().user(id).channel_memberships(remove);
                    Made::new(listed(call.include(includes), sent)?)
                }
                _ => {
                    let call = client.manage_memberships().user(id).set(set).remove(remove);
                    Made::new(listed(call.include(includes), sent)?)
                }
            }
        }
        Route::ManageMemberships { owner: Of::Channel, id, .. } => {
            let (set, remove): (Vec<ChannelMemberEntry>, Vec<_>) = (entries(sent, "set")?, entries(sent, "delete")?);
            let (id, includes) = (decoded(id)?, member_includes(sent));
            match (set.is_empty(), remove.is_empty()) {
                (false, true) => {
                    Made::new(listed(client.set_channel_members().channel(id).users(set).include(includes), sent)?)
                }
                (true, false) => Made::new(listed(
                    client.remove_channel_members().channel(id).users(remove).include(includes),
                    sent,
                )?),
                _ => {
                    let call = client.manage_channel_members().channel(id).set(set).remove(remove);
                    Made::new(listed(call.include(includes), sent)?)
                }
            }
        }
        _ => None,
    }
}

/// A text to set, or nothing to clear; none of both is not something that the client sends.
fn text(value: &Value) -> Option<Option<String>> {
    match value {
        Value::Null => Some(None),
        Value::String(text) => Some(Some(text.clone())),
        _ => None,
    }
}

fn names(sent: &Normal) -> Vec<String> {
    let include = sent.sent("include").unwrap_or_default();
    include.split(',').map(|name| name.trim().to_owned()).collect()
}

fn included<O: IncludeRecord>(call: Call<Async, O>, sent: &Normal) -> Call<Async, O> {
    let names = names(sent);
    let has = |name: &str| names.iter().any(|found| found == name);
    call.include_custom(has("custom")).include_status(has("status")).include_type(has("type"))
}

fn membership_includes(sent: &Normal) -> MembershipIncludes {
    let names = names(sent);
    let has = |name: &str| names.iter().any(|found| found == name);
    MembershipIncludes {
        total_count: has("totalCount"),
        custom: has("custom"),
        status: has("status"),
        type_: has("type"),
        channel: has("channel"),
        channel_custom: has("channel.custom"),
        channel_status: has("channel.status"),
        channel_type: has("channel.type"),
    }
}

fn member_includes(sent: &Normal) -> MemberIncludes {
    let names = names(sent);
    let has = |name: &str| names.iter().any(|found| found == name);
    MemberIncludes {
        total_count: has("totalCount"),
        custom: has("custom"),
        status: has("status"),
        type_: has("type"),
        user: has("uuid"),
        user_custom: has("uuid.custom"),
        user_status: has("uuid.status"),
        user_type: has("uuid.type"),
    }
}

fn listed<O: Listing>(mut call: Call<Async, O>, sent: &Normal) -> Option<Call<Async, O>> {
    if let Some(limit) = sent.sent("limit") {
        call = call.limit(limit.parse().ok()?);
    }
    if let Some(filter) = sent.sent("filter") {
        call = call.filter(filter);
    }
    if let Some(sort) = sent.sent("sort") {
        let key = |key: &str| match key.split_once(':') {
            Some((field, direction)) if direction.eq_ignore_ascii_case("desc") => SortKey::desc(field),
            Some((field, _)) => SortKey::asc(field),
            None => SortKey::asc(key),
        };
        call = call.sort(sort.split(',').map(key));
    }
    let page = match (sent.sent("start"), sent.sent("end")) {
        (Some(start), _) => Some(Page::Next(start)),
        (None, Some(end)) => Some(Page::Previous(end)),
        (None, None) => None,
    };
    let counted = sent.sent("count").is_some_and(|count| count == "1" || count.eq_ignore_ascii_case("true"));
    let call = call.page(page);
    Some(if counted { call.include_total_count(true) } else { call })
}

fn set<K: Kind>(mut call: Call<Async, Set<K>>, sent: &Normal) -> Option<Call<Async, Set<K>>> {
    for (key, value) in sent.body.as_ref()?.as_object()? {
        call = match key.as_str() {
            "name" => call.set_name(text(value)?),
            "status" => call.set_status(text(value)?),
            "type" => call.set_type(text(value)?),
            "custom" => call.custom(value),
            _ => call,
        };
    }
    if let Some(etag) = sent.if_match() {
        call = call.if_matches_etag(etag);
    }
    Some(included(call, sent))
}

/// Entries of memberships, of a kind.
trait Named: Sized {
    const END: &'static str;
    fn named(id: &str) -> Self;
    fn with(self, key: &str, value: &Value) -> Option<Self>;
}

impl Named for ChannelMembershipEntry {
    const END: &'static str = "channel";

    fn named(id: &str) -> Self {
        Self::channel(id)
    }

    fn with(self, key: &str, value: &Value) -> Option<Self> {
        field(self, key, value)
    }
}

impl Named for ChannelMemberEntry {
    const END: &'static str = "uuid";

    fn named(id: &str) -> Self {
        Self::user(id)
    }

    fn with(self, key: &str, value: &Value) -> Option<Self> {
        field(self, key, value)
    }
}

fn field<K: Kind>(entry: Entry<K>, key: &str, value: &Value) -> Option<Entry<K>> {
    Some(match key {
        "status" => entry.status(text(value)?),
        "type" => entry.type_(text(value)?),
        "custom" => entry.custom(value),
        _ => entry,
    })
}

fn entries<E: Named>(sent: &Normal, list: &str) -> Option<Vec<E>> {
    let entry = |entry: &Value| {
        let object: &Map<String, Value> = entry.as_object()?;
        let id = object.get(E::END)?.get("id")?.as_str()?;
        object.iter().try_fold(E::named(id), |entry, (key, value)| entry.with(key, value))
    };
    match sent.body.as_ref()?.get(list) {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(entry).collect(),
        Some(_) => None,
    }
}
