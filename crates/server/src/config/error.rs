//! What can be wrong with a configuration: each case one sentence that says what, where, and what is allowed.

use std::io;
use std::path::PathBuf;

/// Why there is no configuration. Never shows a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is missing, not readable, or not UTF-8.
    #[error("cannot read the configuration file {}: {cause}", path.display())]
    FileUnreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A text is not TOML. The text itself is not shown, because it may hold a secret.
    #[error("{place} is not valid TOML: {message}")]
    Syntax {
        /// The file and line, or the variable.
        place: String,
        /// What the parser says.
        message: String,
    },
    /// A setting that nobody knows.
    #[error("{setting} is not a setting; the nearest one is {nearest}")]
    UnknownSetting {
        /// Where it stands, and its name.
        setting: String,
        /// The known name that is most like it.
        nearest: String,
    },
    /// A `HEREABOUTS_…` variable that nobody knows.
    #[error("the environment variable {variable} is not a setting; the nearest one is {nearest}")]
    UnknownVariable {
        /// Its name.
        variable: String,
        /// The known name that is most like it.
        nearest: String,
    },
    /// A variable that is not UTF-8.
    #[error("the environment variable {variable} is not UTF-8 text")]
    VariableNotText {
        /// Its name.
        variable: String,
    },
    /// A value of the wrong type or out of range.
    #[error("{setting} is {found}; it must be {expected}")]
    Unsuitable {
        /// Where it stands, and its name.
        setting: String,
        /// The value, shortened.
        found: String,
        /// What is allowed.
        expected: String,
    },
    /// A setting without which the table it belongs to means nothing.
    #[error("{table} has no {setting}")]
    Missing {
        /// Where the table stands, and its name.
        table: String,
        /// The setting.
        setting: String,
    },
    /// Two key sets that requests or people could not tell apart.
    #[error("{setting} is {found}, which another key set has already; give each key set its own")]
    Duplicate {
        /// Where the second one stands, and its name.
        setting: String,
        /// The value.
        found: String,
    },
    /// A secret that is given in two ways.
    #[error("{keyset} has both {first} and {second}; give its secret once")]
    SecretTwice {
        /// Where the key set stands, and its name.
        keyset: String,
        /// One setting that gives it.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A secret that is nowhere to be had.
    #[error("{setting}: {reason}")]
    SecretUnreadable {
        /// Where it is asked for, and the name of the setting.
        setting: String,
        /// Why there is none; never the secret.
        reason: String,
    },
    /// One of two settings that mean nothing without the other.
    #[error("{given} is given and {missing} is not; it takes both")]
    Half {
        /// Where the one stands, and its name.
        given: String,
        /// The other.
        missing: &'static str,
    },
    /// A key set that guards itself with a secret it does not have.
    #[error("{keyset} has access_manager = true but no secret; add secret_key, secret_key_file or secret_key_env")]
    NoSecret {
        /// Where the key set stands, and its name.
        keyset: String,
    },
}
