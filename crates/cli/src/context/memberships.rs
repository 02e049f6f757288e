//! `hereabouts memberships` of users, and `hereabouts members` of channels: the same memberships, seen from either end.

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use hereabouts::calls::context::{
    Change, Channels, Entry, IncludeMemberships, Kind, ListResult, Listing, Managing, MemberIncludes,
    MembershipIncludes, Memberships, OnRecord, Users,
};
use hereabouts::{Async, Call, Client};
use serde_json::{Map, Value};

use super::list::ListOptions;
use super::noun::{Noun, Record};
use crate::calling::Ask;
use crate::exit::misuse;
use crate::output::Output;
use crate::places::object;

/// The memberships of a user: the channels that it is a member of.
#[derive(Args)]
pub(crate) struct MembershipsArguments {
    #[command(subcommand)]
    command: Command<ChannelPart>,
}

/// The members of a channel: the users that are in it.
#[derive(Args)]
pub(crate) struct MembersArguments {
    #[command(subcommand)]
    command: Command<UserPart>,
}

#[derive(Subcommand)]
enum Command<P: Part> {
    /// Show them, a page at a time.
    List {
        /// Whose. [default for memberships: the user of --user]
        #[arg(value_name = "ID")]
        of: Option<String>,
        #[command(flatten)]
        showing: Showing<P>,
    },
    /// Set some, and show the page of all that there are then.
    Set {
        /// Whose.
        #[arg(value_name = "ID")]
        of: String,
        /// The other ends: ids, or objects such as {"id":"lobby","custom":{"role":"host"},"status":"active"}; at most 100.
        #[arg(value_name = "OTHER", required = true)]
        others: Vec<String>,
        #[command(flatten)]
        fields: MembershipFields,
        #[command(flatten)]
        showing: Showing<P>,
    },
    /// End some, and show the page of all that are left.
    Remove {
        /// Whose.
        #[arg(value_name = "ID")]
        of: String,
        /// The other ends: ids; at most 100.
        #[arg(value_name = "OTHER", required = true)]
        others: Vec<String>,
        #[command(flatten)]
        showing: Showing<P>,
    },
    /// Set some and end others, all or none, and show the page of all that there are then.
    Manage {
        /// Whose.
        #[arg(value_name = "ID")]
        of: String,
        /// One to set: an id, or an object as with `set`; may be given several times.
        #[arg(long, value_name = "OTHER")]
        set: Vec<String>,
        /// One to end, by its id; may be given several times.
        #[arg(long, value_name = "OTHER")]
        remove: Vec<String>,
        #[command(flatten)]
        fields: MembershipFields,
        #[command(flatten)]
        showing: Showing<P>,
    },
}

/// What is set of each membership whose object does not say otherwise.
#[derive(Args)]
struct MembershipFields {
    /// Data of the application's own about the memberships, a flat object.
    #[arg(long, value_name = "JSON", value_parser = object)]
    custom: Option<Map<String, Value>>,
    /// A status of the memberships.
    #[arg(long)]
    status: Option<String>,
    /// A type of the memberships.
    #[arg(long = "type", value_name = "TYPE")]
    type_: Option<String>,
    /// Merge custom, and do not replace it. The server must be Hereabouts.
    #[arg(long)]
    merge: bool,
}

/// What is shown of a list of memberships.
#[derive(Args)]
struct Showing<P: Part> {
    #[command(flatten)]
    options: ListOptions,
    /// What to show beside the ids. [default: custom,status,type]
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    include: Option<Vec<P>>,
}

/// A part of a membership, or of its other end, that is shown only when it is asked for.
trait Part: ValueEnum + Send + Sync + PartialEq + 'static {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ChannelPart {
    Custom,
    Status,
    Type,
    Channel,
    #[value(name = "channel.custom")]
    ChannelCustom,
    #[value(name = "channel.status")]
    ChannelStatus,
    #[value(name = "channel.type")]
    ChannelType,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum UserPart {
    Custom,
    Status,
    Type,
    #[value(alias = "uuid")]
    User,
    #[value(name = "user.custom", alias = "uuid.custom")]
    UserCustom,
    #[value(name = "user.status", alias = "uuid.status")]
    UserStatus,
    #[value(name = "user.type", alias = "uuid.type")]
    UserType,
}

impl Part for ChannelPart {}
impl Part for UserPart {}

impl Ask for MembershipsArguments {
    async fn run(self, client: &Client, output: &mut Output) -> Result<()> {
        run::<Users, ChannelPart>(self.command, client, output).await
    }
}

impl Ask for MembersArguments {
    async fn run(self, client: &Client, output: &mut Output) -> Result<()> {
        run::<Channels, UserPart>(self.command, client, output).await
    }
}

/// A kind whose memberships can be asked for with parts of this type.
trait Owner<P>: Noun {
    /// The call that shows these parts.
    fn showing<O: IncludeMemberships<Owner = Self>>(call: Call<Async, O>, parts: Option<&[P]>) -> Call<Async, O>;
}

impl Owner<ChannelPart> for Users {
    fn showing<O: IncludeMemberships<Owner = Self>>(
        call: Call<Async, O>,
        parts: Option<&[ChannelPart]>,
    ) -> Call<Async, O> {
        let parts = parts.unwrap_or(&[ChannelPart::Custom, ChannelPart::Status, ChannelPart::Type]);
        let shows = |part| parts.contains(&part);
        call.include(MembershipIncludes {
            total_count: false,
            custom: shows(ChannelPart::Custom),
            status: shows(ChannelPart::Status),
            type_: shows(ChannelPart::Type),
            channel: shows(ChannelPart::Channel),
            channel_custom: shows(ChannelPart::ChannelCustom),
            channel_status: shows(ChannelPart::ChannelStatus),
            channel_type: shows(ChannelPart::ChannelType),
        })
    }
}

impl Owner<UserPart> for Channels {
    fn showing<O: IncludeMemberships<Owner = Self>>(
        call: Call<Async, O>,
        parts: Option<&[UserPart]>,
    ) -> Call<Async, O> {
        let parts = parts.unwrap_or(&[UserPart::Custom, UserPart::Status, UserPart::Type]);
        let shows = |part| parts.contains(&part);
        call.include(MemberIncludes {
            total_count: false,
            custom: shows(UserPart::Custom),
            status: shows(UserPart::Status),
            type_: shows(UserPart::Type),
            user: shows(UserPart::User),
            user_custom: shows(UserPart::UserCustom),
            user_status: shows(UserPart::UserStatus),
            user_type: shows(UserPart::UserType),
        })
    }
}

async fn run<K: Owner<P>, P: Part>(command: Command<P>, client: &Client, output: &mut Output) -> Result<()> {
    match command {
        Command::List { of, showing } => {
            let call = || {
                let mut memberships = Memberships::<K>::default();
                *memberships.id_mut() = of.clone();
                K::showing(client.call(memberships), showing.include.as_deref())
            };
            showing.options.show(call, output).await
        }
        Command::Set { of, others, fields, showing } => {
            let entries = entries::<K, P>(&others, &fields)?;
            let call = managing::<K>(client, of).set(entries).merge_custom(fields.merge);
            showing.show(K::showing(call, showing.include.as_deref()), output).await
        }
        Command::Remove { of, others, showing } => {
            let call = managing::<K>(client, of).remove(others.iter().map(|id| K::other(id)));
            showing.show(K::showing(call, showing.include.as_deref()), output).await
        }
        Command::Manage { of, set, remove, fields, showing } => {
            let entries = entries::<K, P>(&set, &fields)?;
            let call = managing::<K>(client, of).set(entries).remove(remove.iter().map(|id| K::other(id)));
            let call = call.merge_custom(fields.merge);
            showing.show(K::showing(call, showing.include.as_deref()), output).await
        }
    }
}

/// One request does all three; they differ in what they let one name.
fn managing<K: Kind>(client: &Client, of: String) -> Call<Async, Change<K, Managing>> {
    let mut change = Change::<K, Managing>::default();
    *change.id_mut() = Some(of);
    client.call(change)
}

impl<P: Part> Showing<P> {
    /// Makes a change, and shows the page that it is answered with.
    async fn show<O, R>(&self, call: Call<Async, O>, output: &mut Output) -> Result<()>
    where
        O: Listing<Output = ListResult<R>>,
        R: Record,
    {
        let page = self.options.ask(call).page(self.options.first_page()).await?;
        Ok(self.options.show_page(&page, output)?)
    }
}

fn entries<K: Owner<P>, P>(others: &[String], fields: &MembershipFields) -> Result<Vec<Entry<K::Other>>> {
    others.iter().map(|text| entry::<K, P>(text, fields)).collect()
}

/// An id, or an object with an id.
fn entry<K: Owner<P>, P>(text: &str, fields: &MembershipFields) -> Result<Entry<K::Other>> {
    // An id that begins so is given as an object itself.
    let given = if text.starts_with('{') { object(text).map_err(misuse)? } else { Map::new() };
    let id = if text.starts_with('{') { given.get("id").and_then(Value::as_str) } else { Some(text) };
    let id = id.ok_or_else(|| misuse(format!("{text} needs an id, a text")))?;
    if let Some(unknown) = given.keys().find(|key| !["id", "custom", "status", "type"].contains(&key.as_str())) {
        return Err(misuse(format!("{text} has {unknown}, which a membership does not have: custom, status and type")));
    }
    let mut entry = K::other(id);
    if let Some(custom) = given.get("custom").cloned().or_else(|| fields.custom.clone().map(Value::Object)) {
        entry = entry.custom(custom);
    }
    for (field, common) in [("status", &fields.status), ("type", &fields.type_)] {
        let text = match given.get(field) {
            Some(Value::String(text)) => Some(Some(text.clone())),
            Some(Value::Null) => Some(None),
            Some(_) => return Err(misuse(format!("{text}: {field} must be a text or null"))),
            None => common.clone().map(Some),
        };
        entry = match (field, text) {
            (_, None) => entry,
            ("status", Some(text)) => entry.status(text),
            (_, Some(text)) => entry.type_(text),
        };
    }
    Ok(entry)
}
