//! Doors are few and one-way: which crate may name which in its `Cargo.toml`. `docs/decisions/0001-rooms-and-doors.md` says why.
//!
//! - A product crate names only the product crates that `PRODUCT` lets it know. In tests it may name any crate of ours.
//! - A tool may name everything; nothing of the product names a tool.
//! - A closed room does not name the crates that would let the outside in. Only direct dependencies are looked at, since a
//!   crate's code can use no others.

use anyhow::{Result, bail};

use crate::repository::Package;

/// Rooms of the product, and which others each may know. The server's stand in a row; the client stands beside them.
const PRODUCT: [(&str, &[&str]); 7] = [
    ("wire", &[]),
    ("engine", &["wire"]),
    ("store", &["wire", "engine"]),
    ("node", &["wire", "engine", "store"]),
    ("server", &["wire", "engine", "store", "node"]),
    ("client", &["wire"]),
    ("cli", &["wire", "engine", "store", "node", "server", "client"]),
];

/// Rooms that stand outside the product.
const TOOLS: [&str; 4] = ["testkit", "simulate", "bench", "xtask"];

/// Rooms that keep something out, what that is, and why.
const CLOSED: [(&str, &[&str], &str); 3] = [
    ("wire", RUNTIME, "the vocabulary does no I/O"),
    ("engine", RUNTIME, "rules do no I/O and take the time as an argument"),
    ("node", &["axum", "http", "httparse", "hyper", "tower"], "an operation knows nothing of HTTP"),
];

const RUNTIME: &[&str] = &["async-std", "axum", "futures", "hyper", "mio", "rusqlite", "smol", "socket2", "tokio"];

pub(crate) fn check(packages: &[Package]) -> Result<()> {
    let wrong: Vec<String> = packages.iter().flat_map(wrong_doors).collect();
    if wrong.is_empty() { Ok(()) } else { bail!("{}", wrong.join("\n")) }
}

fn wrong_doors(package: &Package) -> Vec<String> {
    let name = room(&package.name);
    if TOOLS.contains(&name) {
        return Vec::new();
    }
    let Some((_, may_know)) = PRODUCT.iter().find(|(room, _)| *room == name) else {
        return vec![format!("crates/{name} has no place yet: name it in crates/xtask/src/check/doors.rs")];
    };
    let in_production = package.dependencies.iter().filter(|dependency| !dependency.is_dev());
    in_production.filter_map(|dependency| refusal(name, may_know, &dependency.name)).collect()
}

fn refusal(name: &str, may_know: &[&str], dependency: &str) -> Option<String> {
    let closed = CLOSED.iter().find(|(closed, keeps_out, _)| *closed == name && keeps_out.contains(&dependency));
    if let Some((_, _, reason)) = closed {
        return Some(format!("crates/{name} must not depend on {dependency}: {reason}"));
    }
    let known = room(dependency);
    let is_ours = known != dependency;
    (is_ours && !may_know.contains(&known)).then(|| {
        let doors =
            if may_know.is_empty() { "it knows none".to_owned() } else { format!("it knows {}", may_know.join(", ")) };
        format!("crates/{name} must not depend on crates/{known}: {doors}")
    })
}

/// The folder of one of our packages; the name itself for everyone else's.
fn room(package: &str) -> &str {
    match package {
        // The one crate that others name: it has the name of the project.
        "hereabouts" => "client",
        _ => package.strip_prefix("hereabouts-").unwrap_or(package),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::Dependency;

    fn check(package: &str, kind: Option<&str>, dependency: &str, expected: &str) {
        let dependency = Dependency { name: dependency.into(), kind: kind.map(Into::into) };
        let package = Package { name: package.into(), dependencies: vec![dependency] };
        let found = super::check(&[package]).map_or_else(|error| error.to_string(), |()| "fine".to_owned());
        assert!(found.starts_with(expected), "{found}");
    }

    #[test]
    fn a_room_knows_those_before_it_and_no_other() {
        check("hereabouts-node", None, "hereabouts-wire", "fine");
        check("hereabouts-node", None, "hereabouts-server", "crates/node must not depend on crates/server");
        check("hereabouts-node", None, "hereabouts-node", "crates/node must not depend on crates/node");
        check("hereabouts-node", Some("build"), "hereabouts-server", "crates/node must not depend on crates/server");
        check("hereabouts-node", None, "serde", "fine");
        check("hereabouts", None, "hereabouts-wire", "fine");
        check("hereabouts", None, "hereabouts-engine", "crates/client must not depend on crates/engine: it knows wire");
        check("hereabouts-server", None, "hereabouts", "crates/server must not depend on crates/client");
        check("hereabouts-cli", None, "hereabouts", "fine");
    }

    #[test]
    fn the_product_uses_tools_only_in_its_tests_and_tools_use_what_they_like() {
        check("hereabouts-server", None, "hereabouts-testkit", "crates/server must not depend on crates/testkit");
        check("hereabouts-server", Some("dev"), "hereabouts-testkit", "fine");
        check("hereabouts-testkit", None, "hereabouts-server", "fine");
    }

    #[test]
    fn a_closed_room_lets_no_runtime_in_except_for_its_tests() {
        check("hereabouts-engine", None, "tokio", "crates/engine must not depend on tokio: rules do no I/O");
        check("hereabouts-engine", Some("dev"), "tokio", "fine");
        check("hereabouts-node", None, "hyper", "crates/node must not depend on hyper");
        check("hereabouts-node", None, "tokio", "fine");
    }

    #[test]
    fn a_room_without_a_place_is_refused() {
        check("hereabouts-attic", None, "serde", "crates/attic has no place yet");
    }
}
