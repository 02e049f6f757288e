//! `[address]`: what one address may do, and which addresses are those of clients.

use ipnet::IpNet;

use super::error::ConfigError;
use super::section::Section;

/// What one address may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// How many connections are open from one address at once.
    pub connections_max: usize,
    /// How many requests one address may send in a second; none: as many as it likes.
    pub requests_per_second: Option<u32>,
    /// Addresses that are not counted.
    pub exempt: Vec<IpNet>,
    /// Addresses of proxies, which say themselves whose requests they pass on.
    pub trusted_proxies: Vec<IpNet>,
    /// How they say it.
    pub forwarded_header: ForwardedHeader,
}

/// The header in which a proxy says whose request it passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For: 203.0.113.7, 198.51.100.2`
    XForwardedFor,
    /// `Forwarded: for=203.0.113.7;proto=https` (RFC 7239)
    Forwarded,
}

impl ForwardedHeader {
    /// The name of the header, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }
}

impl Address {
    pub(super) fn read(settings: &Section<'_>) -> Result<Self, ConfigError> {
        let networks = |name| {
            let expected = "addresses such as \"203.0.113.7\" or networks such as \"10.0.0.0/8\"";
            settings.list_or_none(name, expected, network)
        };
        let headers = [ForwardedHeader::XForwardedFor, ForwardedHeader::Forwarded];
        Ok(Self {
            connections_max: settings.count("connections_max", 1..=10_000_000)?,
            requests_per_second: settings.rate("requests_per_second")?,
            exempt: networks("exempt")?,
            trusted_proxies: networks("trusted_proxies")?,
            forwarded_header: settings.choice("forwarded_header", &headers.map(|header| (header.name(), header)))?,
        })
    }
}

/// A network, or a single address.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| Some(IpNet::from(text.parse::<std::net::IpAddr>().ok()?)))
}
