//! Who is here, where someone is, and what they say of themselves.

mod get_state;
mod heartbeat;
mod here_now;
mod set_state;
mod where_now;

pub use get_state::GetState;
pub use heartbeat::{Heartbeat, Leave, PresenceResult};
pub use here_now::HereNow;
pub use set_state::SetState;
pub use where_now::WhereNow;
pub use wire::presence::{
    GetStateResult, HereNowChannelData, HereNowOccupantData, HereNowResult, SetStateResult, State, WhereNowResult,
};
