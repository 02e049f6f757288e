//! Subscribe, both versions (`docs/protocol/pubsub.md`).

use std::collections::HashSet;
use std::pin::Pin;
use std::task::{Context, Poll};

use engine::filter::MessageFilter;
use node::acts::Listen;
use node::{Batch, GroupStream, Keyset, LongPoll, Operation, Permit, Subscribe};
use wire::{ChannelName, GroupName, Refusal, Timetoken, pubsub};

use super::arguments::{self, Arguments};
use super::door::Door;
use super::publish::timetoken_of;
use super::{Answer, App, refuse};
use crate::edge::{ContentType, Reply};

pub(super) fn subscribe(
    app: &App,
    door: &Door<'_>,
    arguments: &Arguments<'_>,
    channels: &str,
    callback: Option<String>,
) -> Answer {
    poll(app, door, read(arguments, channels, None), callback, |batch, keyset, _| {
        let mut body = Vec::with_capacity(64 + 256 * batch.items.len());
        pubsub::open_reply(&mut body, batch.cursor);
        for (index, item) in batch.items.iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            item.write_envelope(&mut body, keyset);
        }
        pubsub::close_reply(&mut body);
        body
    })
}

pub(super) fn subscribe_first(
    app: &App,
    door: &Door<'_>,
    arguments: &Arguments<'_>,
    channels: &str,
    timetoken: &str,
    callback: Option<String>,
) -> Answer {
    poll(app, door, read(arguments, channels, Some(timetoken)), callback, first_version)
}

/// Payloads without envelope; beside them, for several channels, the channel of each, and for groups, what matched.
fn first_version(batch: &Batch, _: &Keyset, shape: Shape) -> Vec<u8> {
    let mut body = b"[[".to_vec();
    for (index, item) in batch.items.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        item.write_payload(&mut body);
    }
    body.extend_from_slice(format!(r#"],"{}""#, batch.cursor).as_bytes());
    let mut list = |names: Vec<&str>| {
        body.push(b',');
        pubsub::write_string(&mut body, &names.join(","));
    };
    if !batch.items.is_empty() {
        if shape.groups {
            list(batch.items.iter().map(node::Item::matched).collect());
        }
        if shape.several {
            list(batch.items.iter().map(|item| item.channel().as_str()).collect());
        }
    }
    body.push(b']');
    body
}

/// What decides the shape of a reply of the first version.
#[derive(Clone, Copy)]
struct Shape {
    several: bool,
    groups: bool,
}

/// Writes the body of a reply.
type Render = fn(&Batch, &Keyset, Shape) -> Vec<u8>;

/// A subscribe that waits for its reply.
pub(crate) struct Subscribed {
    poll: LongPoll,
    /// A first call, which asks for a cursor only.
    first: bool,
    render: Render,
    shape: Shape,
    callback: Option<Box<str>>,
}

impl Subscribed {
    /// The reply, if there is one by now.
    pub(crate) fn poll(&mut self, app: &App, context: &mut Context<'_>) -> Poll<Reply> {
        Pin::new(&mut self.poll).poll(context).map(|answer| {
            let reply = match answer {
                Ok(batch) => {
                    app.metrics.delivered(&batch);
                    let body = (self.render)(&batch, self.poll.keyset(), self.shape);
                    Reply::json(ContentType::Script, body).with_gap(batch.gap).telling_gaps(self.first)
                }
                Err(refusal) => refuse(app, &refusal),
            };
            reply.wrapped(self.callback.as_deref())
        })
    }

    /// It has waited long enough: the next time it is polled there is a reply.
    pub(crate) fn expire(&mut self) {
        self.poll.expire();
    }
}

fn poll(app: &App, door: &Door<'_>, read: Read<'_, '_>, callback: Option<String>, render: Render) -> Answer {
    let begun = read.checked(door).and_then(|(permit, request)| {
        let Listen { channels, groups } = permit.act();
        let shape = Shape { several: channels.len() > 1 || !groups.is_empty(), groups: !groups.is_empty() };
        let first = request.cursor.is_none();
        Ok((door.keyset.subscribe(permit, request)?, first, shape))
    });
    match begun {
        Ok((poll, first, shape)) => {
            Answer::Later(Subscribed { poll, first, render, shape, callback: callback.map(String::into_boxed_str) })
        }
        Err(refusal) => refuse(app, &refusal).wrapped(callback.as_deref()).into(),
    }
}

/// A subscribe as far as it can be read without its key set.
struct Read<'r, 't> {
    named: Result<Listen, Refusal>,
    cursor: Result<Option<Timetoken>, Refusal>,
    filter: Result<Option<MessageFilter>, Refusal>,
    arguments: &'r Arguments<'t>,
}

fn read<'r, 't>(arguments: &'r Arguments<'t>, channels: &str, timetoken: Option<&str>) -> Read<'r, 't> {
    let unreadable = |what: &str, why: &arguments::Invalid| Refusal::InvalidSubscribe(format!("Invalid {what}: {why}"));
    let channels = arguments::channels(channels).map_err(|why| unreadable("channel", &why));
    let groups = || arguments.group_streams().map_err(|why| unreadable("channel group", &why));
    Read {
        named: channels.and_then(|channels| Ok(Listen { channels, groups: groups()? })),
        cursor: match timetoken {
            Some(text) => position(text).ok_or(Refusal::InvalidTimetoken),
            None => cursor_of(arguments),
        },
        filter: filter_of(arguments),
        arguments,
    }
}

impl Read<'_, '_> {
    /// The checks in their order: access, switches, then parameters.
    fn checked(self, door: &Door<'_>) -> Result<(Permit<Listen>, Subscribe), Refusal> {
        let options = door.keyset.options();
        let permit = door.admit(Operation::Subscribe, self.named)?;
        let uses_groups =
            |named: &Listen| !named.groups.is_empty() || named.channels.iter().any(ChannelName::is_pattern);
        if !options.groups
            && permit.as_ref().map_or(self.arguments.raw("channel-group").is_some(), |permit| uses_groups(permit.act()))
        {
            return Err(Refusal::GroupsOff);
        }
        let permit = permit?;
        let most = options.limits.channels_per_request;
        if permit.act().channels.len() > most {
            return Err(Refusal::TooManyStreams(most));
        }
        let groups: &[GroupStream] = &permit.act().groups;
        // A group and its presence stream are one group.
        let distinct: HashSet<&GroupName> = groups.iter().map(|stream| &stream.group).collect();
        if distinct.len() > options.pubsub.groups_per_subscribe {
            return Err(Refusal::TooManyGroups);
        }
        let request = Subscribe {
            cursor: self.cursor?,
            filter: self.filter?,
            // An id that presence does not take hears everything, but is nowhere.
            caller: self.arguments.caller().ok().flatten(),
            timeout: self.arguments.timeout(&options.presence),
            states: self.arguments.states(&options.presence),
            joins_aside: self.arguments.has_event_loop(),
        };
        Ok((permit, request))
    }
}

/// The position of the caller: `tt`, or `t` in the older form. None on a first call.
fn cursor_of(arguments: &Arguments<'_>) -> Result<Option<Timetoken>, Refusal> {
    if let Some(text) = arguments.text("tt").map_err(|_| Refusal::InvalidTimetoken)? {
        return position(&text).ok_or(Refusal::InvalidTimetoken);
    }
    let Some(text) = arguments.text("t").map_err(|_| Refusal::InvalidTimetoken)? else { return Ok(None) };
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|_| Refusal::InvalidTimetoken)?;
    match value.get("t") {
        None => Ok(None),
        Some(timetoken) => match timetoken_of(timetoken) {
            Some(Timetoken::ZERO) => Ok(None),
            Some(timetoken) => Ok(Some(timetoken)),
            None => Err(Refusal::InvalidTimetoken),
        },
    }
}

/// A position in decimal digits; 0 is that of a first call.
fn position(text: &str) -> Option<Option<Timetoken>> {
    Timetoken::parse(text).map(|timetoken| Some(timetoken).filter(|timetoken| *timetoken != Timetoken::ZERO))
}

fn filter_of(arguments: &Arguments<'_>) -> Result<Option<MessageFilter>, Refusal> {
    let text = arguments.text("filter-expr").map_err(|why| Refusal::InvalidFilter(why.to_string()))?;
    text.map(|text| MessageFilter::parse(&text).map_err(|why| Refusal::InvalidFilter(why.to_string()))).transpose()
}
