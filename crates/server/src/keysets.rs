//! From what an operator wrote to what the node runs.

use engine::presence::{Actions, Devices, Options, Rule, Rules};
use engine::pubsub::Limits;
use node::{ContextOptions, KeysetOptions, LimitOptions, Mode, PresenceOptions, PubsubOptions, Secret};
use wire::InvalidName;

use crate::config::{self, Edge};
use crate::edge::rate;

/// Of the budget of memory, one part in so many may be kept messages: they must not take the room of everybody else.
const QUEUE_SHARE: usize = 2;

/// A key set of the configuration, as the node takes it. `budget` is that of memory, in bytes.
pub(crate) fn options(keyset: &config::Keyset, edge: &Edge, budget: usize) -> Result<KeysetOptions, InvalidName> {
    Ok(KeysetOptions {
        name: keyset.name.clone(),
        subscribe_key: keyset.subscribe_key.clone(),
        publish_key: keyset.publish_key.clone(),
        access: if keyset.access_manager { Mode::Guarded } else { Mode::Open },
        secrets: keyset.secret_key.iter().map(|secret| Secret::new(secret.expose())).collect(),
        groups: keyset.groups,
        pubsub: PubsubOptions {
            queue: Limits {
                messages: keyset.pubsub.queue_messages,
                age: keyset.pubsub.queue_age,
                bytes: keyset.pubsub.queue_bytes.min(budget / QUEUE_SHARE),
            },
            hold: edge.poll_hold,
            reply_bytes: edge.reply_bytes,
            groups_per_subscribe: keyset.pubsub.groups_per_subscribe,
            channels_per_group: keyset.pubsub.channels_per_group,
        },
        presence: presence(&keyset.presence)?,
        context: context(&keyset.context),
        gives_way: false,
        limits: LimitOptions {
            requests: keyset.limits.requests_per_second.map(rate),
            polls_per_user: keyset.limits.polls_per_user,
            channels_per_request: keyset.limits.channels_per_request,
            streams_per_subscribe: keyset.limits.streams_per_subscribe,
        },
    })
}

fn presence(presence: &config::Presence) -> Result<PresenceOptions, InvalidName> {
    let mut rules = Vec::new();
    for rule in &presence.rules {
        for channel in &rule.channels {
            rules.push(Rule::new(channel.as_str(), Actions::of(&rule.actions))?);
        }
    }
    Ok(PresenceOptions {
        enabled: presence.enabled,
        rules: Options {
            announce_max: presence.announce_max,
            interval: presence.interval,
            deltas: presence.deltas,
            devices: match presence.devices {
                config::Devices::Single => Devices::Single,
                config::Devices::Counted => Devices::Counted,
            },
            open_poll_is_presence: presence.open_poll_is_presence,
            leave_on_disconnect: presence.leave_on_disconnect,
            rules: Rules::new(rules),
            max_timeout: presence.timeout_max,
            notices: presence.active_notice_channel.is_some(),
            ..Options::default()
        },
        renew_by_subscribe: presence.renew_by_subscribe,
        stream_filtering: presence.stream_filtering,
        timeout: presence.timeout,
        state_bytes: presence.state_bytes,
        here_now_limit: presence.here_now_limit_max,
        snapshot_every: presence.snapshot,
        notice_channel: presence.active_notice_channel.clone(),
    })
}

fn context(context: &config::Context) -> ContextOptions {
    let config::Context {
        enabled,
        user_events,
        channel_events,
        membership_events,
        referential_integrity,
        disallow_get_all_users,
        disallow_get_all_channels,
    } = *context;
    ContextOptions {
        enabled,
        user_events,
        channel_events,
        membership_events,
        referential_integrity,
        disallow_get_all_users,
        disallow_get_all_channels,
    }
}
