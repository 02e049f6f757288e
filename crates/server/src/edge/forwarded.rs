//! Whose request a proxy passes on: `X-Forwarded-For`, and `Forwarded` of RFC 7239.
//!
//! Each proxy on the way appends the address that it was asked from. So the list is read from its end, past the proxies
//! that are trusted; the first address that is not one of them is the last that somebody trusted has seen. What stands
//! before it was written by the client, and may be anything.

use std::net::{IpAddr, SocketAddr};

use crate::config::ForwardedHeader;

/// The address of the client; none when the list ends before one, or has something else where one should be.
/// `lines` are the values of all headers of that name, in their order.
pub(super) fn client(header: ForwardedHeader, lines: &[&[u8]], is_trusted: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let items = lines.iter().rev().flat_map(|line| std::str::from_utf8(line).unwrap_or("?").rsplit(','));
    for item in items {
        let named = match header {
            ForwardedHeader::XForwardedFor => item,
            ForwardedHeader::Forwarded => for_of(item)?,
        };
        let address = address_of(named.trim())?;
        if !is_trusted(address) {
            return Some(address);
        }
    }
    None
}

/// The value of `for` in an item such as `for=192.0.2.60;proto=http`.
fn for_of(item: &str) -> Option<&str> {
    let mut pairs = item.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    Some(value.trim_matches('"'))
}

/// An address, with or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn address_of(text: &str) -> Option<IpAddr> {
    let address = |text: &str| text.parse::<IpAddr>().ok();
    address(text)
        .or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .or_else(|| address(text.strip_prefix('[')?.strip_suffix(']')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_is_the_last_address_that_is_no_trusted_proxy() {
        use ForwardedHeader::{Forwarded, XForwardedFor};
        let check = |header, lines: &[&str], expected: Option<&str>| {
            let is_trusted = |address: IpAddr| address.to_string().starts_with("10.");
            let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
            let found = client(header, &lines, is_trusted);
            assert_eq!(found.map(|address| address.to_string()).as_deref(), expected, "{lines:?}");
        };
        check(XForwardedFor, &["203.0.113.7"], Some("203.0.113.7"));
        check(XForwardedFor, &["1.1.1.1, 203.0.113.7,10.0.0.2 , 10.0.0.1"], Some("203.0.113.7"));
        check(XForwardedFor, &["1.1.1.1", "203.0.113.7", "10.0.0.1"], Some("203.0.113.7"));
        check(XForwardedFor, &["203.0.113.7:4711"], Some("203.0.113.7"));
        check(XForwardedFor, &["2001:db8::1"], Some("2001:db8::1"));
        check(XForwardedFor, &["[2001:db8::1]:4711"], Some("2001:db8::1"));
        check(XForwardedFor, &["10.0.0.1"], None);
        check(XForwardedFor, &["203.0.113.7, unknown"], None);
        check(XForwardedFor, &["203.0.113.7, "], None);
        check(XForwardedFor, &[""], None);
        check(XForwardedFor, &[], None);
        check(Forwarded, &["for=203.0.113.7"], Some("203.0.113.7"));
        check(Forwarded, &["for=1.1.1.1, proto=https;FOR=203.0.113.7;by=10.0.0.1"], Some("203.0.113.7"));
        check(Forwarded, &[r#"for="[2001:db8::1]:4711""#], Some("2001:db8::1"));
        check(Forwarded, &[r#"for="[2001:db8::1]", for=10.0.0.7"#], Some("2001:db8::1"));
        check(Forwarded, &["for=_hidden"], None);
        check(Forwarded, &["for=1.1.1.1, proto=https"], None);
    }

    #[test]
    fn bytes_that_are_no_text_name_nobody() {
        assert_eq!(client(ForwardedHeader::XForwardedFor, &[b"1.1.1.1", b"\xff"], |_| false), None);
    }
}
