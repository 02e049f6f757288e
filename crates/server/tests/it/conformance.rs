//! One suite over both paths of the edge: no answer depends on the path it took.

mod borders;
mod compression;
mod framing;
mod names;
mod order;
mod rubbish;
mod scripts;

const PUBLISH: &str = "/publish/pub/sub/0/room/0";
const SENT: &str = "200 [1,\"Sent\",\"17";
const TIME: &str = "200 [17";
