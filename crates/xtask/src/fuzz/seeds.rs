//! Seeds for the fuzz targets, from the vectors: what is valid, for mutations to begin with.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::repository::Repository;

/// Writes a folder for each kind: `requests`, `guarded` and `http` (whole requests: of app context and of everything in the form
/// of `fuzz::Request`, and as they go over the wire), `targets`, `filters`, `bodies`, `tokens`, `grants`.
pub(crate) fn write(repository: &Repository, folder: &Path) -> Result<()> {
    let mut seeds = Seeds::default();
    for file in
        repository.tracked_files()?.iter().filter(|file| file.starts_with("vectors/") && file.ends_with(".json"))
    {
        let vector: Value = serde_json::from_str(&repository.read(file)?).with_context(|| format!("reading {file}"))?;
        seeds.take_tokens_and_grants(&vector);
        for step in vector["steps"].as_array().into_iter().flatten() {
            seeds.take(&step["request"]);
        }
    }
    ensure!(!seeds.requests.is_empty(), "there are no vectors");
    for (kind, texts) in [
        ("requests", &seeds.requests),
        ("guarded", &seeds.guarded),
        ("http", &seeds.http),
        ("targets", &seeds.targets),
        ("filters", &seeds.filters),
        ("bodies", &seeds.bodies),
        ("tokens", &seeds.tokens),
        ("grants", &seeds.grants),
    ] {
        let folder = folder.join(kind);
        // Seeds of vectors that are gone would stay for ever.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        for (number, text) in texts.iter().enumerate() {
            fs::write(folder.join(format!("{number:04}")), text)?;
        }
    }
    for (name, target) in [("time", "/time/0"), ("subscribe", "/v2/subscribe/sub/room/0?tt=0")] {
        fs::write(folder.join(format!("http/http-2-{name}")), http_2(target))?;
    }
    Ok(())
}

/// Each text once.
#[derive(Default)]
struct Seeds {
    requests: BTreeSet<String>,
    guarded: BTreeSet<String>,
    http: BTreeSet<String>,
    targets: BTreeSet<String>,
    filters: BTreeSet<String>,
    bodies: BTreeSet<String>,
    tokens: BTreeSet<String>,
    grants: BTreeSet<String>,
}

impl Seeds {
    /// What is called a token, and what has permissions, however deep.
    fn take_tokens_and_grants(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                self.tokens.extend(members.get("token").and_then(Value::as_str).map(str::to_owned));
                if members.contains_key("permissions") {
                    self.grants.insert(text_of(value));
                }
                members.values().for_each(|value| self.take_tokens_and_grants(value));
            }
            Value::Array(items) => items.iter().for_each(|value| self.take_tokens_and_grants(value)),
            _ => {}
        }
    }

    fn take(&mut self, request: &Value) {
        let (Some(method), Some(path)) = (request["method"].as_str(), request["path"].as_str()) else { return };
        let mut target = filled(path);
        for (index, (name, value)) in request["query"].as_object().into_iter().flatten().enumerate() {
            let value = text_of(value);
            if name == "filter" || name == "filter-expr" {
                self.filters.insert(value.clone());
            }
            target.push_str(&format!("{}{name}={}", if index == 0 { '?' } else { '&' }, encoded(&value)));
        }
        let headers = request["headers"].as_object().into_iter().flatten();
        let headers: Vec<String> = headers.map(|(name, value)| format!("{name}: {}", text_of(value))).collect();
        let body = request.get("body").map(text_of).unwrap_or_default();
        let lines = |end: &str| headers.iter().fold(String::new(), |lines, header| lines + header + end);
        self.guarded.insert(format!("{method} {}\n{}\n{body}", guarded(&target), lines("\n")));
        if target.starts_with("/v2/objects/") {
            self.requests.insert(format!("{method} {target}\n{}\n{body}", lines("\n")));
            if !body.is_empty() {
                self.bodies.insert(body.clone());
            }
        }
        let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        self.http.insert(format!("{method} {target} HTTP/1.1\r\nHost: here\r\n{}{length}\r\n{body}", lines("\r\n")));
        self.targets.insert(target);
    }
}

/// A target with the keys of the guarded key set in place of those of the open one.
fn guarded(target: &str) -> String {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let segments = path.split('/').map(|segment| match segment {
        "sub" => "guarded-sub",
        "pub" => "guarded-pub",
        other => other,
    });
    let path = segments.collect::<Vec<_>>().join("/");
    query.map_or(path.clone(), |query| format!("{path}?{query}"))
}

/// A GET as HTTP/2 has it: preface, settings, and the headers without compression, for a short target.
fn http_2(target: &str) -> Vec<u8> {
    let mut headers = vec![0x82, 0x86, 0x04, u8::try_from(target.len()).unwrap_or(0)];
    headers.extend_from_slice(target.as_bytes());
    headers.extend_from_slice(b"\x01\x04here");
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    bytes.extend_from_slice(&[0, 0, u8::try_from(headers.len()).unwrap_or(0), 1, 5, 0, 0, 0, 1]);
    bytes.extend_from_slice(&headers);
    bytes
}

/// A text with something in the place of names in double braces; keys are those of the servers that targets start.
fn filled(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, (name, after))) =
        rest.split_once("{{").and_then(|(before, inner)| Some((before, inner.split_once("}}")?)))
    {
        out.push_str(before);
        out.push_str(name);
        rest = after;
    }
    out + rest
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => filled(text),
        other => filled(&other.to_string()),
    }
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~*!'(),:;@/".contains(&byte);
    text.bytes().fold(String::new(), |out, byte| match plain(byte) {
        true => out + &char::from(byte).to_string(),
        false => out + &format!("%{byte:02X}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_of_a_vector_becomes_a_seed_of_each_kind() {
        let mut seeds = Seeds::default();
        seeds.take(&serde_json::json!({
            "method": "PATCH", "path": "/v2/objects/{{sub}}/uuids/{{user}}", "query": {"filter": "name == 'Ann'"},
            "headers": {"If-Match": "{{e1}}"}, "body": {"name": "Ann"}
        }));
        let target = "/v2/objects/sub/uuids/user?filter=name%20%3D%3D%20'Ann'";
        assert_eq!(seeds.targets, [target.to_owned()].into());
        assert_eq!(seeds.filters, ["name == 'Ann'".to_owned()].into());
        assert_eq!(seeds.bodies, [r#"{"name":"Ann"}"#.to_owned()].into());
        assert_eq!(seeds.requests, [format!("PATCH {target}\nIf-Match: e1\n\n{{\"name\":\"Ann\"}}")].into());
        let http = format!(
            "PATCH {target} HTTP/1.1\r\nHost: here\r\nIf-Match: e1\r\nContent-Length: 14\r\n\r\n{{\"name\":\"Ann\"}}"
        );
        assert_eq!(seeds.http, [http].into());
    }
}
