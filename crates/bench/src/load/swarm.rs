//! Many connections on one thread.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::SockRef;

use crate::talk::{Heard, Talk};

/// Read at once, by all connections in turn.
const READ_BYTES: usize = 256 * 1024;
/// How long a server may take to let connections in.
const PATIENCE: Duration = Duration::from_secs(20);

/// Connections, and what they say.
pub(crate) struct Swarm {
    poll: Poll,
    events: Events,
    links: Vec<Link>,
    buffer: Vec<u8>,
    words: Vec<u8>,
    heard: Vec<Heard>,
}

struct Link {
    stream: TcpStream,
    talk: Box<dyn Talk>,
    /// The beginning of something whose rest has not come.
    begun: Vec<u8>,
    /// What the kernel did not take yet.
    unsent: Vec<u8>,
    /// Whether it takes what it is sent.
    reads: bool,
}

impl Swarm {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            links: Vec::new(),
            buffer: vec![0; READ_BYTES],
            words: Vec::new(),
            heard: Vec::new(),
        })
    }

    /// How many connections there are. They are numbered from 0, in the order in which they came.
    pub(crate) fn len(&self) -> usize {
        self.links.len()
    }

    /// Connects, and waits until those who are told so are ready. Answers the number of the first.
    pub(crate) fn open(
        &mut self,
        address: SocketAddr,
        talks: impl IntoIterator<Item = Box<dyn Talk>>,
    ) -> Result<usize> {
        let first = self.links.len();
        let mut waiting = 0;
        for talk in talks {
            waiting += usize::from(talk.opens());
            self.connect(address, talk)?;
        }
        let (until, mut heard) = (Instant::now() + PATIENCE, Vec::new());
        while waiting > 0 {
            ensure!(Instant::now() < until, "{waiting} of {} connections were not taken", self.links.len() - first);
            heard.clear();
            self.turn(Some(Duration::from_millis(100)), &mut heard)?;
            waiting -= heard.iter().filter(|(link, thing)| *link >= first && *thing == Heard::Ready).count();
        }
        Ok(first)
    }

    /// Connects, and says what there is to say first.
    fn connect(&mut self, address: SocketAddr, talk: Box<dyn Talk>) -> Result<()> {
        let stream = std::net::TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        // Thousands of closed connections would otherwise keep their ports for a minute.
        SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        stream.set_nonblocking(true)?;
        let number = self.links.len();
        let mut stream = TcpStream::from_std(stream);
        self.poll.registry().register(&mut stream, Token(number), Interest::READABLE | Interest::WRITABLE)?;
        let mut link = Link { stream, talk, begun: Vec::new(), unsent: Vec::new(), reads: true };
        self.words.clear();
        link.talk.begin(&mut self.words);
        link.send(&self.words)?;
        self.links.push(link);
        Ok(())
    }

    /// Has a connection say what it is there to say.
    pub(crate) fn ask(&mut self, link: usize, number: u64) -> Result<()> {
        self.ask_all(link, number..=number)
    }

    /// The same for several numbers, with one write.
    pub(crate) fn ask_all(&mut self, link: usize, numbers: impl Iterator<Item = u64>) -> Result<()> {
        let link = &mut self.links[link];
        self.words.clear();
        for number in numbers {
            link.talk.ask(number, &mut self.words);
        }
        link.send(&self.words)
    }

    /// A connection no longer takes what it is sent, as a reader does that hangs.
    pub(crate) fn stall(&mut self, link: usize) {
        self.links[link].reads = false;
    }

    /// Closes a connection. What still comes on it is not heard.
    pub(crate) fn leave(&mut self, link: usize) -> Result<()> {
        self.stall(link);
        Ok(self.links[link].stream.shutdown(Shutdown::Both)?)
    }

    /// Waits until something comes, or the time is over, and adds what was heard on which connection.
    pub(crate) fn turn(&mut self, wait: Option<Duration>, heard: &mut Vec<(usize, Heard)>) -> Result<()> {
        match self.poll.poll(&mut self.events, wait) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            outcome => outcome?,
        }
        for event in &self.events {
            let Token(number) = event.token();
            let link = &mut self.links[number];
            if event.is_writable() {
                link.flush()?;
            }
            if event.is_readable() && link.reads {
                link.read(&mut self.buffer, &mut self.words, &mut self.heard)
                    .with_context(|| format!("connection {number}"))?;
                heard.extend(self.heard.drain(..).map(|thing| (number, thing)));
            }
        }
        Ok(())
    }
}

impl Link {
    fn read(&mut self, buffer: &mut [u8], words: &mut Vec<u8>, heard: &mut Vec<Heard>) -> Result<()> {
        loop {
            let count = match self.stream.read(buffer) {
                Ok(0) => bail!("the server closed it"),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            words.clear();
            if self.begun.is_empty() {
                let used = take(&mut *self.talk, &buffer[..count], words, heard)?;
                self.begun.extend_from_slice(&buffer[used..count]);
            } else {
                self.begun.extend_from_slice(&buffer[..count]);
                let used = take(&mut *self.talk, &self.begun, words, heard)?;
                self.begun.drain(..used);
            }
            if self.begun.is_empty() {
                self.begun = Vec::new();
            }
            self.send(words)?;
            // A short read emptied the socket; more is another event.
            if count < buffer.len() {
                return Ok(());
            }
        }
    }

    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.unsent.extend_from_slice(bytes);
        self.flush()
    }

    fn flush(&mut self) -> Result<()> {
        let mut sent = 0;
        while sent < self.unsent.len() {
            match self.stream.write(&self.unsent[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        self.unsent.drain(..sent);
        if self.unsent.is_empty() {
            self.unsent = Vec::new();
        }
        Ok(())
    }
}

/// Everything that is whole at the front of `bytes`; how many bytes that was.
fn take(talk: &mut dyn Talk, bytes: &[u8], words: &mut Vec<u8>, heard: &mut Vec<Heard>) -> Result<usize> {
    let mut used = 0;
    while used < bytes.len() {
        match talk.hear(&bytes[used..], words, heard)? {
            0 => break,
            count => used += count,
        }
    }
    Ok(used)
}
