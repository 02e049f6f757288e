//! A statement under construction, for both databases.
//!
//! - What a caller sent is bound, never written: [`Statement::bind`] is the only way in for it.
//! - The dialects differ in placeholders, in how `custom` is looked into, and in LIKE. That is all there is to know here.

use wire::context::TextField;

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Has functions of ours: `custom_key(custom, name)`, `custom_text(custom, name)`, `text_key(text)`, `matches(text, pattern)`.
    Sqlite,
    /// Has the entries of `custom` beside it, as arrays of names, keys and texts.
    Postgres,
}

/// A value beside a statement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Bound {
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// SQL text and its values.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) dialect: Dialect,
    pub(crate) text: String,
    pub(crate) values: Vec<Bound>,
}

impl Statement {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { dialect, text: String::with_capacity(1024), values: Vec::new() }
    }

    /// Adds text of our own.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value, and its placeholder to the text.
    pub(crate) fn bind(&mut self, value: Bound) -> &mut Self {
        // The same value is bound once: an id is asked for in several places.
        let (sign, cast) = match (self.dialect, &value) {
            (Dialect::Sqlite, _) => ('?', ""),
            (Dialect::Postgres, Bound::Integer(_)) => ('$', "::bigint"),
            (Dialect::Postgres, Bound::Text(_)) => ('$', "::text"),
            (Dialect::Postgres, Bound::Bytes(_)) => ('$', "::bytea"),
        };
        let at = self.values.iter().position(|bound| *bound == value).unwrap_or_else(|| {
            self.values.push(value);
            self.values.len() - 1
        });
        self.text.push(sign);
        self.text.push_str(&(at + 1).to_string());
        self.text.push_str(cast);
        self
    }

    /// Adds the key of an entry of the `custom` of a table, null when it is unset.
    pub(crate) fn push_entry(&mut self, table: &str, name: &str) -> &mut Self {
        self.look_up(table, "keys", "custom_key", name)
    }

    /// Adds the text of an entry, null when it is no text.
    pub(crate) fn push_entry_text(&mut self, table: &str, name: &str) -> &mut Self {
        self.look_up(table, "texts", "custom_text", name)
    }

    fn look_up(&mut self, table: &str, array: &str, function: &str, name: &str) -> &mut Self {
        let name = Bound::Text(name.to_owned());
        match self.dialect {
            Dialect::Sqlite => {
                self.push(function).push("(").push(table).push("custom, ").bind(name).push(")");
            }
            Dialect::Postgres => {
                self.push(table).push("custom_").push(array).push("[array_position(").push(table);
                self.push("custom_names, ").bind(name).push(")]");
            }
        }
        self
    }

    /// Adds the key of a text that is unset, behind which nothing sorts.
    pub(crate) fn unset_key(&mut self) -> &mut Self {
        self.push(match self.dialect {
            Dialect::Sqlite => "x'ff'",
            Dialect::Postgres => r"'\xff'::bytea",
        })
    }
}

/// Sorts behind the key of every text.
pub(crate) const UNSET: [u8; 1] = [0xff];

/// Whether SQLite keeps the key of a text of users and channels: an index has it. Of all others the key is made when it is
/// wanted. PostgreSQL, which cannot make keys, keeps every one, in the column of the text with `_key` behind.
pub(crate) const fn has_key(field: TextField) -> bool {
    key_column(field).is_some()
}

/// The column of a key that SQLite keeps.
pub(crate) const fn key_column(field: TextField) -> Option<&'static str> {
    match field {
        TextField::Name => Some("name_key"),
        TextField::Status => Some("status_key"),
        TextField::ExternalId | TextField::ProfileUrl | TextField::Email | TextField::Description | TextField::Type => {
            None
        }
    }
}

/// The column of a text field.
pub(crate) const fn column(field: TextField) -> &'static str {
    match field {
        TextField::Name => "name",
        TextField::ExternalId => "external_id",
        TextField::ProfileUrl => "profile_url",
        TextField::Email => "email",
        TextField::Description => "description",
        TextField::Type => "type",
        TextField::Status => "status",
    }
}
