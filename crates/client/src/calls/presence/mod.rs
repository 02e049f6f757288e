//! Who is here, where someone is, and what they say of themselves.

mod here_now;

pub use here_now::HereNow;
pub use wire::presence::{HereNowChannelData, HereNowOccupantData, HereNowResult, State};
