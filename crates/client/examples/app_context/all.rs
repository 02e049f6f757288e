//! Every example of the App Context document, by its name.

use std::fmt::Write as _;

use hereabouts::calls::context::{ChannelMember, ChannelMembership, ListResult};

crate::examples! {
    get_all_uuid_metadata,
    get_uuid_metadata,
    set_uuid_metadata,
    remove_uuid_metadata,
    get_all_channel_metadata,
    get_channel_metadata,
    set_channel_metadata,
    remove_channel_metadata,
    update_channel_metadata,
    get_memberships,
    set_memberships,
    remove_memberships,
    manage_memberships,
    get_channel_members,
    set_channel_members,
    remove_channel_members,
    manage_channel_members,
}

/// Memberships of a user, a line each.
pub(crate) fn channels(page: &ListResult<ChannelMembership>) -> String {
    let mut text = format!("status {}", page.status);
    for membership in &page.data {
        let _ = write!(text, "\n{} {:?} {:?}", membership.channel.id, membership.channel.name, membership.custom);
    }
    text
}

/// Members of a channel, a line each.
pub(crate) fn users(page: &ListResult<ChannelMember>) -> String {
    let mut text = format!("status {}", page.status);
    for member in &page.data {
        let _ = write!(text, "\n{} {:?} {:?}", member.user.id, member.user.name, member.custom);
    }
    text
}
