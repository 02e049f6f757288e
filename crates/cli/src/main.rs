//! The `hereabouts` program: one file a family of commands.

mod admin;
mod calling;
mod config;
mod connection;
mod context;
mod copy;
mod exit;
mod groups;
mod harmless;
mod keyset;
mod open_files;
mod output;
mod pages;
mod places;
mod presence;
mod profile;
mod pubsub;
mod serve;
mod settings;
mod subscribe;
mod token;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::calling::Calling;

/// Who is here, and who are they? A server that answers both, in real time; and every call to one, as a command.
#[derive(Parser)]
#[command(name = "hereabouts", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Serve(serve::Arguments),
    /// Print every setting of the server with its default, as a file to start from.
    Config,
    /// Manage the key sets of a server that runs.
    Keyset(keyset::Arguments),
    /// Show who is here.
    HereNow(Calling<presence::HereNowArguments>),
    /// Show where a user is.
    WhereNow(Calling<presence::WhereNowArguments>),
    /// Show or set what a user says of itself on a channel.
    State(Calling<presence::StateArguments>),
    /// Be present without subscribing: one sign of life.
    Heartbeat(Calling<presence::HeartbeatArguments>),
    /// Be present no longer.
    Leave(Calling<presence::LeaveArguments>),
    /// Publish a message.
    Publish(Calling<pubsub::PublishArguments>),
    /// Send a signal: a small message that is never stored.
    Signal(Calling<pubsub::SignalArguments>),
    /// Send a message to what listens in the server, and to no subscriber.
    Fire(Calling<pubsub::FireArguments>),
    /// Follow channels: messages, who comes and goes, what changes, until Ctrl-C.
    Subscribe(Calling<subscribe::Arguments>),
    /// Manage channel groups.
    Group(Calling<groups::Arguments>),
    /// Manage the metadata of users.
    Users(Calling<context::UsersArguments>),
    /// Manage the metadata of channels.
    Channels(Calling<context::ChannelsArguments>),
    /// Manage the channels that a user is a member of.
    Memberships(Calling<context::MembershipsArguments>),
    /// Manage the members of a channel.
    Members(Calling<context::MembersArguments>),
    /// Grant, parse and revoke tokens.
    Token(Calling<token::Arguments>),
    /// Show the time of the server.
    Time(Calling<pubsub::TimeArguments>),
    /// Copy users, channels, memberships and groups from one server to another.
    Copy(copy::Arguments),
    /// Print what a shell needs to complete these commands.
    Completions(pages::CompletionsArguments),
    /// Print the manual page, or write all of them to a folder.
    Man(pages::ManArguments),
}

impl Command {
    fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Serve(arguments) => serve::run(arguments),
            Self::Config => config::run(),
            Self::Keyset(arguments) => keyset::run(arguments),
            Self::HereNow(calling) => calling.run(),
            Self::WhereNow(calling) => calling.run(),
            Self::State(calling) => calling.run(),
            Self::Heartbeat(calling) => calling.run(),
            Self::Leave(calling) => calling.run(),
            Self::Publish(calling) => calling.run(),
            Self::Signal(calling) => calling.run(),
            Self::Fire(calling) => calling.run(),
            Self::Subscribe(calling) => calling.run(),
            Self::Group(calling) => calling.run(),
            Self::Users(calling) => calling.run(),
            Self::Channels(calling) => calling.run(),
            Self::Memberships(calling) => calling.run(),
            Self::Members(calling) => calling.run(),
            Self::Token(calling) => calling.run(),
            Self::Time(calling) => calling.run(),
            Self::Copy(arguments) => copy::run(arguments),
            Self::Completions(arguments) => pages::completions(&arguments, Arguments::command()),
            Self::Man(arguments) => pages::man(&arguments, Arguments::command()),
        }
    }
}

fn main() -> ExitCode {
    exit::end(Arguments::parse().command.run())
}
