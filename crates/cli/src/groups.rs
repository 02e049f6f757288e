//! `hereabouts group`: channel groups.

use anyhow::Result;
use clap::{Args, Subcommand};
use hereabouts::Client;
use serde_json::json;

use crate::calling::Ask;
use crate::output::Output;

/// Channel groups: many channels under one name.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Add channels to a group. It exists while it holds one.
    Add {
        /// Which group.
        group: String,
        /// Which channels.
        #[arg(value_name = "CHANNEL", required = true)]
        channels: Vec<String>,
    },
    /// Show the channels of a group; without one, show the groups.
    List {
        /// Which group.
        group: Option<String>,
    },
    /// Take channels out of a group.
    Remove {
        /// Which group.
        group: String,
        /// Which channels.
        #[arg(value_name = "CHANNEL", required = true)]
        channels: Vec<String>,
    },
    /// Delete a group. Its channels are not touched.
    Delete {
        /// Which group.
        group: String,
    },
}

impl Ask for Arguments {
    async fn run(self, client: &Client, output: &mut Output) -> Result<()> {
        let done = match self.command {
            Command::List { group } => return list(client, group, output).await,
            Command::Add { group, channels } => {
                client.add_channel_to_channel_group().channels(&channels).channel_group(&group).await?;
                format!("added to {group}")
            }
            Command::Remove { group, channels } => {
                client.remove_channel_from_channel_group().channels(&channels).channel_group(&group).await?;
                format!("removed from {group}")
            }
            Command::Delete { group } => {
                client.remove_channel_group().channel_group(&group).await?;
                format!("deleted {group}")
            }
        };
        Ok(output.answer(&json!({"done": true}), |people| people.line(&done))?)
    }
}

async fn list(client: &Client, group: Option<String>, output: &mut Output) -> Result<()> {
    let (key, mut names) = match group {
        Some(group) => ("channels", client.list_channels_in_channel_group().channel_group(group).await?.channels),
        None => ("groups", client.list_channel_groups().await?.groups),
    };
    names.sort();
    Ok(output.answer(&json!({key: names}), |people| names.iter().try_for_each(|name| people.line(name)))?)
}
