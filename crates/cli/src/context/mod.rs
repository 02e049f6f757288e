//! `hereabouts users`, `channels`, `memberships` and `members`: app context.

mod change;
mod list;
mod memberships;
mod noun;
mod records;

use anyhow::Result;
use clap::{Args, Subcommand};
use hereabouts::Client;
use hereabouts::calls::context::{Channels, Users};

use self::records::{Bulk, ById, Common, List, Removal, get, list, remove, set, write};
use crate::calling::Ask;
use crate::output::Output;

pub(crate) use change::change_document;
pub(crate) use memberships::{MembersArguments, MembershipsArguments};
pub(crate) use noun::{Noun, Object, Record};
pub(crate) use records::new_record;

/// The metadata of users.
#[derive(Args)]
pub(crate) struct UsersArguments {
    #[command(subcommand)]
    command: UsersCommand,
}

#[derive(Subcommand)]
enum UsersCommand {
    /// Show users, a page at a time.
    List(List),
    /// Show one user.
    Get(ById),
    /// Set fields of a user. What is not named keeps its value.
    Set(SetUser),
    /// Remove the metadata of a user.
    Remove(Removal),
    /// Write many users in few requests, which is beyond the interface: the server must be Hereabouts.
    Write(Bulk),
}

#[derive(Args)]
struct SetUser {
    #[command(flatten)]
    which: ById,
    #[command(flatten)]
    common: Common,
    /// The id in some other system.
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// Where a picture is.
    #[arg(long, value_name = "URL")]
    profile_url: Option<String>,
    /// The email address.
    #[arg(long)]
    email: Option<String>,
}

impl Ask for UsersArguments {
    async fn run(self, client: &Client, output: &mut Output) -> Result<()> {
        match self.command {
            UsersCommand::List(asked) => list::<Users>(client, asked, output).await,
            UsersCommand::Get(which) => get::<Users>(client, which, output).await,
            UsersCommand::Set(SetUser { which, common, external_id, profile_url, email }) => {
                let texts = [("externalId", external_id), ("profileUrl", profile_url), ("email", email)];
                set::<Users, 3>(client, which.id, texts, common, output).await
            }
            UsersCommand::Remove(which) => remove::<Users>(client, which, output).await,
            UsersCommand::Write(bulk) => write::<Users>(client, bulk, output).await,
        }
    }
}

/// The metadata of channels.
#[derive(Args)]
pub(crate) struct ChannelsArguments {
    #[command(subcommand)]
    command: ChannelsCommand,
}

#[derive(Subcommand)]
enum ChannelsCommand {
    /// Show channels, a page at a time.
    List(List),
    /// Show one channel.
    Get(ById),
    /// Set fields of a channel. What is not named keeps its value.
    Set(SetChannel),
    /// Remove the metadata of a channel.
    Remove(Removal),
    /// Write many channels in few requests, which is beyond the interface: the server must be Hereabouts.
    Write(Bulk),
}

#[derive(Args)]
struct SetChannel {
    #[command(flatten)]
    which: ById,
    #[command(flatten)]
    common: Common,
    /// What the channel is for.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

impl Ask for ChannelsArguments {
    async fn run(self, client: &Client, output: &mut Output) -> Result<()> {
        match self.command {
            ChannelsCommand::List(asked) => list::<Channels>(client, asked, output).await,
            ChannelsCommand::Get(which) => get::<Channels>(client, which, output).await,
            ChannelsCommand::Set(SetChannel { which, common, description }) => {
                set::<Channels, 1>(client, which.id, [("description", description)], common, output).await
            }
            ChannelsCommand::Remove(which) => remove::<Channels>(client, which, output).await,
            ChannelsCommand::Write(bulk) => write::<Channels>(client, bulk, output).await,
        }
    }
}
