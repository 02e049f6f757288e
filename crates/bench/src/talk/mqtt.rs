//! MQTT 3.1.1, quality of service 0.

use anyhow::{Result, bail};

use super::{Heard, Talk, message, messages};

const CONNECT: u8 = 0x10;
const CONNACK: u8 = 0x20;
const PUBLISH: u8 = 0x30;
const SUBSCRIBE: u8 = 0x82;
const SUBACK: u8 = 0x90;

/// A subscriber, or a publisher.
pub(crate) struct Mqtt {
    name: String,
    topic: String,
    publishes: Option<usize>,
}

impl Mqtt {
    pub(crate) fn subscriber(name: String, topic: &str) -> Self {
        Self { name, topic: topic.to_owned(), publishes: None }
    }

    /// Publishes messages of `length` bytes.
    pub(crate) fn publisher(topic: &str, length: usize) -> Self {
        Self { publishes: Some(length), ..Self::subscriber("publisher".to_owned(), topic) }
    }
}

impl Talk for Mqtt {
    fn begin(&mut self, out: &mut Vec<u8>) {
        // Level 4, clean session, no keep-alive.
        let mut body = [&text("MQTT")[..], &[4, 2, 0, 0]].concat();
        body.extend_from_slice(&text(&self.name));
        packet(CONNECT, &body, out);
        if self.publishes.is_none() {
            let body = [&[0, 1][..], &text(&self.topic), &[0]].concat();
            packet(SUBSCRIBE, &body, out);
        }
    }

    fn ask(&mut self, number: u64, out: &mut Vec<u8>) {
        if let Some(length) = self.publishes {
            let mut body = text(&self.topic);
            body.extend_from_slice(message(number, length).as_bytes());
            packet(PUBLISH, &body, out);
        }
    }

    fn hear(&mut self, bytes: &[u8], _: &mut Vec<u8>, heard: &mut Vec<Heard>) -> Result<usize> {
        let Some((head, length)) = length(bytes) else { return Ok(0) };
        let Some(body) = bytes.get(head..head + length) else { return Ok(0) };
        match bytes[0] {
            PUBLISH => messages(body, heard),
            CONNACK if self.publishes.is_some() => heard.push(Heard::Ready),
            CONNACK => {}
            SUBACK => heard.push(Heard::Ready),
            other => bail!("an unexpected packet: {other:#x}"),
        }
        Ok(head + length)
    }
}

fn text(text: &str) -> Vec<u8> {
    // Names here are short.
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes();
    [&length, text.as_bytes()].concat()
}

fn packet(kind: u8, body: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    let mut left = body.len();
    loop {
        let digit = (left % 128) as u8;
        left /= 128;
        out.push(if left > 0 { digit | 0x80 } else { digit });
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(body);
}

/// Bytes of a packet's head and of its body.
fn length(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut length = 0;
    for (index, byte) in bytes.iter().skip(1).take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((index + 2, length));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_packet_is_read_as_it_was_written() {
        for size in [0, 1, 127, 128, 20_000] {
            let mut out = Vec::new();
            packet(PUBLISH, &vec![b'x'; size], &mut out);
            assert_eq!(length(&out).map(|(head, body)| (head + body, body)), Some((out.len(), size)));
        }
    }
}
