//! Which settings there are, and which of them was probably meant by a name that is none.

use strsim::jaro_winkler;

use super::value::{Content, Value};
use super::{keyset, presence};

/// The dotted names of all settings and of the tables that hold them.
#[derive(Clone)]
pub(super) struct Known(Vec<String>);

impl Known {
    /// What the defaults know, the settings of a key set and of a rule included.
    pub(super) fn of(defaults: &Value) -> Self {
        let mut known = Self(Vec::new());
        known.add("", defaults);
        known.add("keyset", &keyset::template(&keyset::blank(defaults), defaults));
        for rules in ["presence.rules", "keyset.presence.rules"] {
            known.add(rules, &presence::rule_template());
        }
        known
    }

    fn add(&mut self, path: &str, value: &Value) {
        if !path.is_empty() && !self.0.iter().any(|known| known == path) {
            self.0.push(path.to_owned());
        }
        if let Content::Table(table) = &value.content {
            for (name, value) in table {
                self.add(&join(path, name), value);
            }
        }
    }

    /// The setting whose name is most like `written`.
    pub(super) fn nearest(&self, written: &str) -> String {
        let nearest = self.0.iter().max_by(|a, b| likeness(written, a).total_cmp(&likeness(written, b)));
        nearest.cloned().unwrap_or_default()
    }
}

/// How much two paths look alike: as a whole, or by the last name if that stands in another table. Of tables that hold
/// the same name, the one whose path is more alike wins. Jaro and Winkler's measure, because it forgives a missing end.
pub(super) fn likeness(written: &str, known: &str) -> f64 {
    let name = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let whole = jaro_winkler(written, known);
    jaro_winkler(&name(written), &name(known)).max(whole) + PATH_WEIGHT * whole
}

/// Enough to decide between names that differ by a few letters, too little to hide a name that is right elsewhere.
const PATH_WEIGHT: f64 = 0.2;

/// The path of `name` within the table at `path`.
pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
