//! Who is at the other end, and what one address may do.
//!
//! - An address is an IPv4 address, or the first 64 bits of an IPv6 address: what is behind them is one household's, and
//!   whoever has them can take another of the rest for every request.
//! - Connections are counted while they are open, so there are no more entries than connections.
//! - Buckets of requests outlive connections, or a new connection would be a new bucket. There are at most
//!   [`BUCKETS_MAX`]: when more addresses come, those that were not seen for longest are forgotten, and begin with a full
//!   bucket when they come again. An attack from very many addresses costs no memory, and no honest client is refused for it.
//! - Without a limit on requests nothing is asked and nothing kept.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;
use node::{Bucket, Rate};
use quick_cache::sync::Cache;
use wire::{Refusal, Timestamp};

use super::forwarded;
use crate::config;

/// Addresses whose buckets are kept, at about 100 bytes each.
const BUCKETS_MAX: usize = 65_536;
/// A bucket holds the requests of so many seconds: a client that comes back after a pause has a dozen things to ask at once.
pub(crate) const BURST_SECONDS: u32 = 2;

/// What addresses do, and what they may.
#[derive(Debug)]
pub(crate) struct Addresses {
    options: config::Address,
    rate: Option<Rate>,
    open: Mutex<HashMap<Address, usize>>,
    buckets: Cache<Address, Arc<Bucket>>,
}

/// What counts as one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Address {
    V4(Ipv4Addr),
    /// The first half.
    V6(u64),
}

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }
}

/// The other end of a connection, for as long as it is open.
#[derive(Debug)]
pub(crate) struct Guest {
    addresses: Arc<Addresses>,
    counted: Option<Address>,
    asks: Asks,
}

/// How the requests of a connection are counted.
#[derive(Debug)]
enum Asks {
    Freely,
    From(Arc<Bucket>),
    /// It speaks for others, and says for whom.
    ForOthers,
}

/// The rate of so many requests a second.
pub(crate) fn rate(requests_per_second: u32) -> Rate {
    Rate::per_second(requests_per_second, requests_per_second.saturating_mul(BURST_SECONDS))
}

impl Addresses {
    pub(crate) fn new(options: config::Address) -> Self {
        Self {
            rate: options.requests_per_second.map(rate),
            options,
            open: Mutex::default(),
            buckets: Cache::new(BUCKETS_MAX),
        }
    }

    /// Lets a connection in.
    pub(super) fn welcome(self: &Arc<Self>, from: IpAddr) -> Result<Guest, Refusal> {
        let is_proxy = self.is_trusted(from);
        let is_counted = !is_proxy && !contains(&self.options.exempt, from);
        let address = Address::from(from);
        if is_counted {
            let mut open = self.lock_open();
            let connections = open.entry(address).or_default();
            if *connections >= self.options.connections_max {
                return Err(Refusal::TooManyConnectionsOfAddress);
            }
            *connections += 1;
        }
        let asks = match self.rate {
            Some(_) if is_proxy => Asks::ForOthers,
            Some(_) if is_counted => Asks::From(self.bucket(address)),
            Some(_) | None => Asks::Freely,
        };
        Ok(Guest { addresses: Arc::clone(self), counted: is_counted.then_some(address), asks })
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        contains(&self.options.trusted_proxies, address)
    }

    fn bucket(&self, address: Address) -> Arc<Bucket> {
        // Never fails: making a bucket does not.
        let made = self.buckets.get_or_insert_with(&address, || Ok::<_, std::convert::Infallible>(Arc::default()));
        made.unwrap_or_default()
    }

    fn lock_open(&self) -> MutexGuard<'_, HashMap<Address, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
    /// Whether it says for whom it speaks, so that headers are worth a look.
    pub(super) fn speaks_for_others(&self) -> bool {
        matches!(self.asks, Asks::ForOthers)
    }

    /// The client that a proxy speaks for. `lines` are all headers of a request, in their order.
    pub(super) fn client<'h>(&self, lines: impl Iterator<Item = (&'h str, &'h [u8])>) -> Option<IpAddr> {
        let header = self.addresses.options.forwarded_header;
        let named = lines.filter(|(name, _)| name.eq_ignore_ascii_case(header.name())).map(|(_, value)| value);
        let named: Vec<&[u8]> = named.collect();
        forwarded::client(header, &named, |address| self.addresses.is_trusted(address))
    }

    /// Whether another request may be answered. `client` is for whom a proxy speaks; what it asks for itself, such as
    /// whether the server is alive, is not counted.
    pub(super) fn admits(&self, client: Option<IpAddr>, now: impl FnOnce() -> Timestamp) -> bool {
        let Some(rate) = self.addresses.rate else { return true };
        match &self.asks {
            Asks::Freely => true,
            Asks::From(bucket) => bucket.take(rate, now()).is_ok(),
            Asks::ForOthers => client
                .filter(|client| !contains(&self.addresses.options.exempt, *client))
                .is_none_or(|client| self.addresses.bucket(client.into()).take(rate, now()).is_ok()),
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let Some(address) = self.counted else { return };
        if let Entry::Occupied(mut entry) = self.addresses.lock_open().entry(address) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

fn contains(networks: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::ForwardedHeader;

    fn addresses(connections_max: usize, requests_per_second: Option<u32>) -> Arc<Addresses> {
        let exempt = vec!["127.0.0.0/8".parse().unwrap()];
        let trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        let forwarded_header = ForwardedHeader::XForwardedFor;
        let options =
            config::Address { connections_max, requests_per_second, exempt, trusted_proxies, forwarded_header };
        Arc::new(Addresses::new(options))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000) + Duration::from_millis(millis)
    }

    #[test]
    fn an_address_has_as_many_connections_as_it_may_and_no_more() {
        let addresses = addresses(2, None);
        let open = [addresses.welcome(ip("192.0.2.1")).unwrap(), addresses.welcome(ip("::ffff:192.0.2.1")).unwrap()];
        assert_eq!(addresses.welcome(ip("192.0.2.1")).err(), Some(Refusal::TooManyConnectionsOfAddress));
        assert!(addresses.welcome(ip("192.0.2.2")).is_ok(), "others have theirs");
        drop(open);
        assert!(addresses.welcome(ip("192.0.2.1")).is_ok());
        assert!(addresses.lock_open().is_empty(), "nothing is kept of whoever is gone");
    }

    #[test]
    fn sixty_four_bits_of_ipv6_are_one_address() {
        let addresses = addresses(1, None);
        let _open = addresses.welcome(ip("2001:db8:0:1::1")).unwrap();
        assert!(addresses.welcome(ip("2001:db8:0:1:ffff::2")).is_err());
        assert!(addresses.welcome(ip("2001:db8:0:2::1")).is_ok());
    }

    #[test]
    fn this_machine_and_trusted_proxies_are_not_counted() {
        let addresses = addresses(1, Some(1));
        for address in ["127.0.0.1", "127.9.9.9", "10.1.2.3", "::ffff:10.1.2.3"] {
            let guests = [0; 3].map(|_| addresses.welcome(ip(address)).unwrap());
            assert!((0..10).all(|_| guests[0].admits(None, || at(0))), "{address}");
        }
    }

    #[test]
    fn requests_are_counted_over_all_connections_of_an_address_those_that_are_closed_as_well() {
        let addresses = addresses(100, Some(2));
        let admitted = |count| {
            let ask = |_: &i32| addresses.welcome(ip("192.0.2.1")).unwrap().admits(None, || at(0));
            (0..count).filter(ask).count()
        };
        assert_eq!(admitted(10), 4, "two seconds' worth at once");
        assert_eq!(admitted(10), 0);
        assert!(addresses.welcome(ip("192.0.2.1")).unwrap().admits(None, || at(500)));
        assert!(addresses.welcome(ip("192.0.2.2")).unwrap().admits(None, || at(0)), "others have theirs");
    }

    #[test]
    fn behind_a_trusted_proxy_the_address_is_the_one_that_it_names() {
        let addresses = addresses(100, Some(1));
        let proxy = addresses.welcome(ip("10.0.0.1")).unwrap();
        assert!(proxy.speaks_for_others());
        let client = |value: &'static str| proxy.client([("X-Forwarded-For", value.as_bytes())].into_iter());
        let admitted = |value| (0..5).filter(|_| proxy.admits(client(value), || at(0))).count();
        assert_eq!(admitted("203.0.113.7"), 2);
        assert_eq!(admitted("198.51.100.9, 203.0.113.7, 10.0.0.2"), 0, "what a client writes itself does not help");
        assert_eq!(admitted("203.0.113.8"), 2);
        assert_eq!(admitted("127.0.0.1"), 5, "exempt");
        assert_eq!(admitted("nonsense"), 5, "the proxy's own");
        let direct = addresses.welcome(ip("192.0.2.1")).unwrap();
        assert!(!direct.speaks_for_others(), "nobody else is believed");
    }

    #[test]
    fn very_many_addresses_take_no_more_than_their_room() {
        let addresses = addresses(100, Some(1));
        for number in 0..3 * BUCKETS_MAX as u64 {
            drop(addresses.bucket(Address::V6(number)));
        }
        assert!(addresses.buckets.len() <= BUCKETS_MAX);
    }
}
