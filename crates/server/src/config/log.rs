//! `[log]`: what is written to standard error, and how.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;

use super::error::ConfigError;
use super::section::Section;

/// What is logged, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// The least important lines that are still written.
    pub level: LevelFilter,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For a person on a terminal, for a program otherwise.
    Auto,
    /// For a person.
    Text,
    /// For a program: one JSON object a line.
    Json,
}

impl Log {
    pub(super) fn read(settings: &Section<'_>) -> Result<Self, ConfigError> {
        let formats = [("auto", LogFormat::Auto), ("text", LogFormat::Text), ("json", LogFormat::Json)];
        let levels = [
            ("off", LevelFilter::OFF),
            ("error", LevelFilter::ERROR),
            ("warn", LevelFilter::WARN),
            ("info", LevelFilter::INFO),
            ("debug", LevelFilter::DEBUG),
            ("trace", LevelFilter::TRACE),
        ];
        Ok(Self { format: settings.choice("format", &formats)?, level: settings.choice("level", &levels)? })
    }
}

impl LogFormat {
    /// Whether lines that go to `output` are JSON.
    #[must_use]
    pub fn is_json(self, output: &impl IsTerminal) -> bool {
        match self {
            Self::Auto => !output.is_terminal(),
            Self::Text => false,
            Self::Json => true,
        }
    }
}
