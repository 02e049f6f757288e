//! Users and memberships that show by themselves whether they are whole, and which of many they are.

use serde_json::{Value, json};
use testkit::Connection;

pub(crate) const USERS: &str = "/v2/objects/demo/uuids";

/// The fields of a user that its checksum is over, beside those in `custom`.
pub(crate) const USER_FIELDS: [&str; 3] = ["name", "externalId", "email"];

const ROOMS: usize = 5;

/// The channel that a user is in at a number.
pub(crate) fn room(number: u64) -> String {
    format!("room-{}", number as usize % ROOMS)
}

/// The number in a record whose checksum is right.
pub(crate) fn whole(record: &Value, fields: &[&str]) -> u64 {
    let custom = &record["custom"];
    let number = custom["n"].as_u64().unwrap_or_else(|| panic!("no number in {record}"));
    let fields = fields.iter().map(|field| record[field].as_str().unwrap_or_else(|| panic!("no {field} in {record}")));
    let sum = checksum(fields.chain([custom["pad"].as_str().unwrap()]), number);
    assert_eq!(custom["sum"], sum, "torn: {record}");
    number
}

/// FNV-1a, as text: JSON numbers of 64 bits are not everybody's.
fn checksum<'t>(texts: impl Iterator<Item = &'t str>, number: u64) -> String {
    let bytes = texts.flat_map(|text| text.bytes().chain([0])).chain(number.to_le_bytes());
    let sum = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{sum:016x}")
}

/// The body that sets a user to a number.
pub(crate) fn user_of(number: u64) -> Value {
    let (name, pad) = ("x".repeat(1 + number as usize * 37 % 300), "y".repeat(number as usize * 101 % 900));
    let (external, email) = (format!("external {number}"), format!("{number}@example.org"));
    let sum = checksum([&*name, &*external, &*email, &*pad].into_iter(), number);
    json!({"name": name, "externalId": external, "email": email, "custom": {"n": number, "pad": pad, "sum": sum}})
}

/// The body that moves a user from the channel of the number before to that of a number.
pub(crate) fn move_to(number: u64) -> Value {
    let pad = "z".repeat(number as usize * 53 % 200);
    let custom = json!({"n": number, "sum": checksum([&*pad].into_iter(), number), "pad": pad});
    json!({
        "set": [{"channel": {"id": room(number)}, "custom": custom}],
        "delete": [{"channel": {"id": room(number - 1)}}],
    })
}

/// The status, or none if there is no answer.
pub(crate) async fn patch(connection: &mut Connection, target: &str, body: &Value) -> Option<u16> {
    let body = body.to_string();
    let head =
        format!("PATCH {target}?include=custom HTTP/1.1\r\nHost: here\r\nContent-Length: {}\r\n\r\n", body.len());
    connection.send(head + &body).await.ok()?;
    Some(connection.receive().await.ok()?.status)
}
