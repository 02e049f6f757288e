//! How the two ends of a copy are written: `ORIGIN/SUBSCRIBE-KEY`, `ORIGIN/PUBLISH-KEY/SUBSCRIBE-KEY`, or a profile's name.

use std::path::Path;

use anyhow::Result;

use crate::exit::misuse;
use crate::profile;
use crate::settings::{Setting, Settings};

/// The settings of an end. What has a slash is an address; everything else is the name of a profile.
pub(super) fn settings(place: &str, profiles: Option<&Path>) -> Result<Settings> {
    if !place.contains('/') {
        return profile::read(profiles, Some(place));
    }
    let (scheme, rest) = place.split_once("://").unwrap_or(("https", place));
    let mut parts = rest.trim_end_matches('/').split('/');
    let host = parts.next().unwrap_or_default();
    let mut settings = Settings::default();
    let mut set = |setting, text: &str| settings.set(setting, text.to_owned(), None);
    match parts.collect::<Vec<_>>()[..] {
        [subscribe_key] if !subscribe_key.is_empty() => set(Setting::SubscribeKey, subscribe_key),
        [publish_key, subscribe_key] if !publish_key.is_empty() && !subscribe_key.is_empty() => {
            set(Setting::PublishKey, publish_key);
            set(Setting::SubscribeKey, subscribe_key);
        }
        _ => {
            return Err(misuse(
                "an end is written http://host:port/SUBSCRIBE-KEY, or http://host:port/PUBLISH-KEY/SUBSCRIBE-KEY, or as \
                 the name of a profile",
            ));
        }
    }
    set(Setting::Origin, &format!("{scheme}://{host}"));
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(place: &str, expected: Option<[&str; 3]>) {
        let read = settings(place, Some(Path::new("/nowhere"))).ok().map(|settings| {
            [Setting::Origin, Setting::PublishKey, Setting::SubscribeKey]
                .map(|setting| settings.text(setting).unwrap().unwrap_or_default())
        });
        assert_eq!(read, expected.map(|expected| expected.map(str::to_owned)), "{place}");
    }

    #[test]
    fn an_end_is_an_origin_and_its_keys() {
        check("http://127.0.0.1:7700/demo", Some(["http://127.0.0.1:7700", "", "demo"]));
        check("https://here.example.org/pub/sub/", Some(["https://here.example.org", "pub", "sub"]));
        check("here.example.org/sub", Some(["https://here.example.org", "", "sub"]));
        for wrong in
            ["http://127.0.0.1:7700", "http://127.0.0.1:7700/", "http://a/b/c/d", "http://a//sub", "no-profile"]
        {
            check(wrong, None);
        }
    }
}
