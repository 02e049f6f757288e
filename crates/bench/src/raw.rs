//! The limit: an HTTP/1.1 server of one thread that does nothing but parse a head, park a poll and write a reply.
//!
//! - It speaks as much of the protocol as a poll and a publish need, so that the generator treats it as it treats us:
//!   same requests, same bodies. It knows one channel, whatever the name, and no time, permission or presence.
//! - All messages that one turn of the loop brought go out in one reply and one write.
//! - Everything else is answered at once with a constant.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use anyhow::Context;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

/// Messages that are kept for polls on their way, as many as the server keeps.
const KEPT: usize = 100;
/// The listener's token; connections have the numbers below.
const LISTENER: Token = Token(usize::MAX);
/// What is added to the number of a message, so that a cursor is as long as a timetoken.
const ORIGIN: u64 = 17_000_000_000_000_000;
/// Read at once.
const READ_BYTES: usize = 64 * 1024;

/// Serves until the process is ended.
pub(crate) fn listen(address: SocketAddr) -> anyhow::Result<()> {
    let listener = std::net::TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    serve(listener)
}

/// Serves those who come to this listener, without end.
pub(crate) fn serve(listener: std::net::TcpListener) -> anyhow::Result<()> {
    listener.set_nonblocking(true)?;
    let mut listener = TcpListener::from_std(listener);
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut server = Server { connections: Vec::new(), free: Vec::new(), parked: Vec::new(), ring: Ring::default() };
    let (mut events, mut buffer) = (Events::with_capacity(1024), vec![0; READ_BYTES]);
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            match event.token() {
                LISTENER => server.accept(&poll, &listener)?,
                Token(number) => server.advance(number, &mut buffer),
            }
        }
        server.tell();
    }
}

struct Server {
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    /// Polls that wait, with their cursors.
    parked: Vec<(usize, u64)>,
    ring: Ring,
}

struct Connection {
    stream: TcpStream,
    /// The beginning of a request whose rest has not come.
    begun: Vec<u8>,
    /// The end of a reply that the kernel did not take yet.
    unsent: Vec<u8>,
}

/// The last messages, encoded once for all.
#[derive(Default)]
struct Ring {
    last: u64,
    kept: VecDeque<String>,
    /// The newest message that the parked polls were told.
    told: u64,
}

impl Server {
    fn accept(&mut self, poll: &Poll, listener: &TcpListener) -> anyhow::Result<()> {
        loop {
            let mut stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("accepting"),
            };
            stream.set_nodelay(true)?;
            let number = self.free.pop().unwrap_or(self.connections.len());
            poll.registry().register(&mut stream, Token(number), Interest::READABLE | Interest::WRITABLE)?;
            let connection = Connection { stream, begun: Vec::new(), unsent: Vec::new() };
            match self.connections.get_mut(number) {
                Some(place) => *place = Some(connection),
                None => self.connections.push(Some(connection)),
            }
        }
    }

    /// Writes what is left, reads what is there, and answers it. A connection that breaks is forgotten.
    fn advance(&mut self, number: usize, buffer: &mut [u8]) {
        let Some(Some(connection)) = self.connections.get_mut(number) else { return };
        let Self { parked, ring, .. } = self;
        if connection.flush().and_then(|()| connection.read(number, buffer, parked, ring)).is_err() {
            self.connections[number] = None;
            self.parked.retain(|(waiting, _)| *waiting != number);
            self.free.push(number);
        }
    }

    /// Answers every parked poll when there is something new.
    fn tell(&mut self) {
        if self.ring.told == self.ring.last {
            return;
        }
        self.ring.told = self.ring.last;
        let (mut reply, mut since) = (Vec::new(), None);
        for (number, cursor) in std::mem::take(&mut self.parked) {
            if since.replace(cursor) != Some(cursor) {
                reply = self.ring.reply(cursor);
            }
            if let Some(Some(connection)) = self.connections.get_mut(number) {
                // What breaks here shows as an event of the connection.
                let _ = connection.send(&reply);
            }
        }
    }
}

impl Connection {
    fn read(
        &mut self,
        number: usize,
        buffer: &mut [u8],
        parked: &mut Vec<(usize, u64)>,
        ring: &mut Ring,
    ) -> io::Result<()> {
        loop {
            let count = match self.stream.read(buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            let begun = std::mem::take(&mut self.begun);
            let used = if begun.is_empty() {
                self.answer_all(&buffer[..count], number, parked, ring)?
            } else {
                let bytes = [&begun, &buffer[..count]].concat();
                let used = self.answer_all(&bytes, number, parked, ring)?;
                self.begun = bytes[used..].to_vec();
                count
            };
            if used < count {
                self.begun = buffer[used..count].to_vec();
            }
            // A short read emptied the socket; more is another event.
            if count < buffer.len() {
                return Ok(());
            }
        }
    }

    /// Answers what is whole, and says how many bytes that was.
    fn answer_all(
        &mut self,
        bytes: &[u8],
        number: usize,
        parked: &mut Vec<(usize, u64)>,
        ring: &mut Ring,
    ) -> io::Result<usize> {
        let (mut used, mut replies) = (0, Vec::new());
        while used < bytes.len() {
            let mut headers = [httparse::EMPTY_HEADER; 16];
            let mut request = httparse::Request::new(&mut headers);
            let head = match request.parse(&bytes[used..]) {
                Ok(httparse::Status::Complete(head)) => head,
                Ok(httparse::Status::Partial) => break,
                Err(_) => return Err(ErrorKind::InvalidData.into()),
            };
            used += head;
            match Asked::of(request.path.unwrap_or_default()) {
                Asked::Poll(0) => replies.extend_from_slice(&ring.reply(ring.last)),
                Asked::Poll(cursor) if cursor - ORIGIN < ring.last => {
                    replies.extend_from_slice(&ring.reply(cursor - ORIGIN));
                }
                Asked::Poll(cursor) => parked.push((number, cursor - ORIGIN)),
                Asked::Publish(payload) => {
                    let timetoken = ring.push(payload);
                    replies.extend_from_slice(&reply(&format!(r#"[1,"Sent","{timetoken}"]"#)));
                }
                Asked::Other => replies.extend_from_slice(&reply(&format!("[{ORIGIN}]"))),
            }
        }
        if !replies.is_empty() {
            self.send(&replies)?;
        }
        Ok(used)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(bytes);
            return Ok(());
        }
        match self.stream.write(bytes) {
            Ok(sent) if sent == bytes.len() => Ok(()),
            Ok(sent) => {
                self.unsent = bytes[sent..].to_vec();
                self.flush()
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.unsent = bytes.to_vec();
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(sent) => drop(self.unsent.drain(..sent)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.unsent = Vec::new();
        Ok(())
    }
}

impl Ring {
    /// Keeps a message, and answers its timetoken.
    fn push(&mut self, payload: &str) -> u64 {
        self.last += 1;
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        let (timetoken, data) = (ORIGIN + self.last, payload.replace("%22", "\""));
        self.kept
            .push_back(format!(r#"{{"a":"0","f":0,"p":{{"t":"{timetoken}","r":1}},"k":"demo","c":"fan","d":{data}}}"#));
        timetoken
    }

    /// The reply to a poll that has everything up to message number `since`.
    fn reply(&self, since: u64) -> Vec<u8> {
        let missed = usize::try_from(self.last - since).unwrap_or(KEPT).min(self.kept.len());
        let messages: Vec<_> = self.kept.range(self.kept.len() - missed..).map(String::as_str).collect();
        reply(&format!(r#"{{"t":{{"t":"{}","r":1}},"m":[{}]}}"#, ORIGIN + self.last, messages.join(",")))
    }
}

/// What a request wants, by its path.
enum Asked<'r> {
    /// A poll with its cursor; 0 asks for one.
    Poll(u64),
    /// A payload, as it stands in the path.
    Publish(&'r str),
    Other,
}

impl<'r> Asked<'r> {
    fn of(target: &'r str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if path.starts_with("/v2/subscribe/") {
            let cursor = query.split('&').find_map(|pair| pair.strip_prefix("tt=")?.parse().ok());
            Self::Poll(cursor.filter(|cursor| *cursor >= ORIGIN).unwrap_or(0))
        } else if path.starts_with("/publish/") {
            Self::Publish(path.rsplit('/').next().unwrap_or_default())
        } else {
            Self::Other
        }
    }
}

fn reply(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}
