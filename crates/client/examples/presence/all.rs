//! Every example of the presence documents, by its name.

use std::fmt::Write as _;

use hereabouts::calls::presence::HereNowResult;

crate::examples! {
    here_now,
    here_now_several,
    here_now_state,
    here_now_occupancy,
    here_now_groups,
    here_now_everywhere,
    here_now_everywhere_occupancy,
    here_now_query_param,
    where_now,
    where_now_other,
    set_state,
    set_state_groups,
    set_state_both,
    set_state_typing,
    get_state,
    get_state_groups,
    get_state_on_change,
    presence_connected,
    presence_disconnected,
    publish,
}

/// Who is where, a line each.
pub(crate) fn listed(here: &HereNowResult) -> String {
    let mut text = format!("{} channels, {} occupants", here.total_channels, here.total_occupancy);
    for channel in &here.channels {
        let _ = write!(text, "\n{}: {}", channel.channel_name, channel.occupancy);
        for occupant in &channel.occupants {
            let _ = write!(text, "\n  {} {:?}", occupant.user, occupant.state);
        }
    }
    text
}
