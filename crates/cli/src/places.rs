//! Channels and channel groups on a command line, and JSON there.

use clap::Args;
use serde_json::{Map, Value};

/// Channels and channel groups.
#[derive(Args, Clone)]
pub(crate) struct Places {
    /// Which channels; a comma separates names as well.
    #[arg(value_name = "CHANNEL", required_unless_present = "group")]
    pub(crate) channels: Vec<String>,
    /// A channel group, whose channels are meant; may be given several times.
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Vec<String>,
}

/// Reads an argument as a JSON object.
pub(crate) fn object(text: &str) -> Result<Map<String, Value>, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("it must be a JSON object, such as {\"mood\":\"fine\"}".to_owned()),
        Err(why) => Err(format!("it is no JSON ({why}); an object is written {{\"mood\":\"fine\"}}")),
    }
}

/// A value as it stands in a cell of a table.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
