//! `cargo xtask simulate` and `cargo xtask load`: what the promises cost and what they look like, with your own figures.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use simulate::presence::{EngineSite, NodeSite};
use simulate::report::{Table, thousands};
use simulate::{attack, catch_up, load, presence, punctual};

/// Simulates the clients of a presence key set, and checks every promise that is made to them.
#[derive(Parser)]
#[command(name = "simulate", bin_name = "cargo xtask simulate", disable_help_subcommand = true)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    presence: Presence,
}

#[derive(Subcommand)]
enum Command {
    /// Subscribers that stay away and come back, over restarts and a clock that steps
    CatchUp(CatchUp),
    /// How late timeouts are told in real time, with very many members
    Punctual(Punctual),
    /// `kill -9` of a server with very many members, and a start after it
    Restart(Restart),
    /// Real connections to a real server, and at the end a comparison of everything
    Load(Load),
    /// An attack on a real server, and what an honest client notices of it
    Attack(Attack),
}

#[derive(Args)]
struct Presence {
    /// Where all randomness comes from: the same seed is the same run
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Clients, present or not
    #[arg(long, default_value_t = 1_000)]
    members: usize,
    /// Clients of one user; with more than one they are told apart (presence.devices = "counted")
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    devices: u8,
    /// Channels; each client is on one to three, and every tenth on the first as well
    #[arg(long, default_value_t = 50)]
    channels: usize,
    /// Seconds without a renewal after which a client is gone; clients renew at half of it less one
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(5..=3_600))]
    timeout: u64,
    /// How many of a hundred present clients end their stay in a minute
    #[arg(long, default_value_t = 5.0)]
    churn: f64,
    /// How many of a hundred of them go without a leave
    #[arg(long, default_value_t = 50.0)]
    crashes: f64,
    /// How many of a hundred renewals come late, most of them still in time
    #[arg(long, default_value_t = 10.0)]
    pauses: f64,
    /// Up to this occupancy each change is an event of its own (presence.announce_max)
    #[arg(long, default_value_t = 20)]
    announce_max: usize,
    /// Seconds between the events of a channel above it (presence.interval_seconds)
    #[arg(long, default_value_t = 10)]
    interval: u64,
    /// How often an hour the server's wall clock jumps, by up to a minute either way
    #[arg(long, default_value_t = 6.0)]
    jumps: f64,
    /// How often an hour the server is restarted
    #[arg(long, default_value_t = 0.5)]
    restarts: f64,
    /// Simulated hours
    #[arg(long, default_value_t = 24.0)]
    hours: f64,
    /// The whole node with its timelines, upkeep and files, in place of the rules of presence alone; slower
    #[arg(long)]
    node: bool,
}

#[derive(Args)]
struct CatchUp {
    /// Where all randomness comes from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Subscribers, each with one to five streams
    #[arg(long, default_value_t = 1_000)]
    subscribers: usize,
    /// Channels that are published to
    #[arg(long, default_value_t = 40)]
    channels: usize,
    /// Messages that a channel keeps (pubsub.queue_messages)
    #[arg(long, default_value_t = 100)]
    keeps: usize,
    /// Stops after so many deliveries
    #[arg(long, default_value_t = 100_000_000)]
    deliveries: u64,
}

#[derive(Args)]
struct Punctual {
    /// Where the deadlines come from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Members
    #[arg(long, default_value_t = 1_000_000)]
    members: usize,
    /// Members of a channel
    #[arg(long, default_value_t = 100)]
    a_channel: usize,
    /// Seconds over which the deadlines are spread; 0: all fall due within one
    #[arg(long, default_value_t = 60)]
    spread: u64,
}

#[derive(Args)]
struct Attack {
    /// The program
    #[arg(long)]
    server: PathBuf,
    /// Connections that say nothing
    #[arg(long, default_value_t = 10_000)]
    idle: usize,
    /// Connections that never finish what they say
    #[arg(long, default_value_t = 2_000)]
    slow: usize,
    /// Workers that send what is too large or no HTTP, of each kind
    #[arg(long, default_value_t = 4)]
    workers: usize,
    /// Seconds that the attack lasts; the honest client is alone for a third of it before and after
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// A page whose figures are replaced by those of this run
    #[arg(long)]
    page: Option<PathBuf>,
}

#[derive(Args)]
struct Restart {
    /// The program
    #[arg(long)]
    server: PathBuf,
    /// Members, a hundred on a channel
    #[arg(long, default_value_t = 100_000)]
    members: usize,
}

#[derive(Args)]
struct Load {
    /// The program
    #[arg(long)]
    server: PathBuf,
    /// Where all choices come from; when they happen is up to the machine
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Clients, each with two connections at a time
    #[arg(long, default_value_t = 200)]
    clients: usize,
    /// Seconds for which they come and go
    #[arg(long, default_value_t = 600)]
    seconds: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.command {
        None => simulate_presence(&arguments.presence),
        Some(Command::CatchUp(options)) => simulate_catch_up(options),
        Some(Command::Punctual(options)) => measure_punctual(options),
        Some(Command::Restart(options)) => measure_restart(options),
        Some(Command::Load(options)) => load_server(options),
        Some(Command::Attack(options)) => attack_server(options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn simulate_presence(arguments: &Presence) -> Result<()> {
    let options = presence::Options {
        seed: arguments.seed,
        members: arguments.members,
        devices: arguments.devices.into(),
        channels: arguments.channels,
        timeout: arguments.timeout,
        churn: arguments.churn,
        crashes: arguments.crashes,
        pauses: arguments.pauses,
        announce_max: arguments.announce_max,
        interval: arguments.interval,
        jumps: arguments.jumps,
        restarts: arguments.restarts,
        hours: arguments.hours,
    };
    let begun = Instant::now();
    let done = match arguments.node {
        true => presence::run(&options, NodeSite::new),
        false => presence::run(&options, EngineSite::new),
    };
    let seen = done.map_err(|failure| anyhow::anyhow!("{failure}"))?;
    let took = begun.elapsed();
    let seconds = seen.hours * 3600.0;
    let an_hour = |count: u64| format!("{} ({:.0} an hour)", thousands(count), count as f64 / seen.hours);
    let bursts = seen.burst.counts();
    let mut table = Table::default();
    table.row("seed", options.seed.to_string());
    table.row(
        "simulated",
        format!(
            "{} h in {:.1} s: {:.0} h a minute",
            seen.hours,
            took.as_secs_f64(),
            seen.hours * 60.0 / took.as_secs_f64()
        ),
    );
    table.row(
        "clients",
        format!(
            "{}; on average {} users are on a channel, each channel counted",
            thousands(options.members as u64),
            thousands(seen.present / seen.counted.max(1))
        ),
    );
    table.row("timeout", format!("{} s, renewed every {} s", options.timeout, options.timeout / 2 - 1));
    table.row("what members did and were told", thousands(seen.member_events));
    table.row("renewals", format!("{:.1} a second", seen.renewals as f64 / seconds));
    table.row("joins", an_hour(seen.joins));
    table.row("leaves", an_hour(seen.leaves));
    table.row("leave calls after which somebody stays", an_hour(seen.partial));
    table.row("timeouts", an_hour(seen.timeouts));
    table.row("of clients that were only late", an_hour(seen.flaps));
    table.row(
        "interval events",
        format!("{}, of which {} sent to here now", an_hour(seen.intervals), thousands(seen.refreshes)),
    );
    table.row("deliveries, if all members listen", format!("{:.1} a second", seen.deliveries as f64 / seconds));
    table.row(
        "events in a second that has any",
        format!("p50 {}, p99 {}, max {}", bursts.percentile(50.0), bursts.percentile(99.0), bursts.max()),
    );
    table.row("a ghost is shown for", seen.ghost.in_seconds());
    table.row("a timeout is told after its deadline", seen.late.in_millis());
    table.row("whole channels compared", thousands(seen.looks));
    table.row("violations of R1, R2, R3, R4", "0");
    table.print();
    Ok(())
}

fn simulate_catch_up(arguments: &CatchUp) -> Result<()> {
    let options = catch_up::Options {
        seed: arguments.seed,
        channels: arguments.channels,
        subscribers: arguments.subscribers,
        keeps: arguments.keeps,
        deliveries: arguments.deliveries,
    };
    let begun = Instant::now();
    let seen = catch_up::run(&options).map_err(|failure| anyhow::anyhow!("{failure}"))?;
    let mut table = Table::default();
    table.row("seed", options.seed.to_string());
    table.row("deliveries", format!("{} in {:.1} s", thousands(seen.deliveries), begun.elapsed().as_secs_f64()));
    table.row("messages", thousands(seen.published));
    table.row("polls", format!("{}, of which {} after a long while", thousands(seen.polls), thousands(seen.away)));
    table.row("gaps told", format!("{}, with {} messages in them", thousands(seen.gaps), thousands(seen.lost)));
    table.row("kills and steps of the clock", format!("{} and {}", seen.restarts, seen.steps));
    table.row("violations of R16, R17", "0");
    table.print();
    Ok(())
}

fn measure_punctual(arguments: &Punctual) -> Result<()> {
    let options = punctual::Options {
        seed: arguments.seed,
        members: arguments.members,
        a_channel: arguments.a_channel,
        spread: arguments.spread,
    };
    let seen = runtime()?.block_on(punctual::run(options))?;
    let mut table = Table::default();
    table.row(
        "members",
        format!("{}, joined in {:.1} s", thousands(options.members as u64), seen.joining.as_secs_f64()),
    );
    table.row(
        "deadlines",
        match options.spread {
            0 => "all within a second".to_owned(),
            spread => format!("spread over {spread} s"),
        },
    );
    table.row("told after the deadline", seen.told.in_millis());
    table.row("heard after the deadline", seen.heard.in_millis());
    table.row("another heartbeat and leave took", seen.others.in_millis());
    table.print();
    Ok(())
}

fn measure_restart(arguments: &Restart) -> Result<()> {
    let options = load::restart::Options { server: arguments.server.clone(), members: arguments.members };
    let seen = runtime()?.block_on(load::restart::run(&options))?;
    let mut table = Table::default();
    table.row("members", thousands(options.members as u64));
    table.row("all saved after the last join", format!("{:.2} s", seen.saved.as_secs_f64()));
    table.row("first answer after kill -9 and a start", format!("{:.0} ms", seen.answered.as_secs_f64() * 1000.0));
    table.row("members restored", thousands(seen.restored));
    table.row("joins and ends told, of members that renew", seen.told.to_string());
    table.print();
    Ok(())
}

fn load_server(arguments: &Load) -> Result<()> {
    let options = load::Options {
        server: arguments.server.clone(),
        seed: arguments.seed,
        clients: arguments.clients,
        time: Duration::from_secs(arguments.seconds),
    };
    let seen = runtime()?.block_on(load::run(&options))?;
    let deeds = seen.deeds;
    let mut table = Table::default();
    table.row(
        "clients",
        format!("{} for {} s; {} are present in the end", options.clients, arguments.seconds, seen.present),
    );
    table.row("calls", thousands(deeds.calls));
    table.row("stays that ended with a leave", thousands(deeds.leaves));
    table.row("with closed connections", thousands(deeds.closes));
    table.row("with reset connections", thousands(deeds.resets));
    table.row("with connections that hang", thousands(deeds.stalls));
    table.row("returns before the timeout", thousands(deeds.returns));
    table.row("renewals too late to be sure of", thousands(deeds.unsure));
    table.row("events heard", format!("{}, and {} users in lists", thousands(seen.events), thousands(seen.listed)));
    table.row(
        "here now and where now agree",
        format!("{} users on channels, with their states", thousands(seen.compared)),
    );
    table.row("stories agree, event by event", thousands(seen.stories));
    table.print();
    Ok(())
}

fn attack_server(arguments: &Attack) -> Result<()> {
    attack::allow_connections(arguments.idle + arguments.slow)?;
    let options = attack::Options {
        server: arguments.server.clone(),
        idle: arguments.idle,
        slow: arguments.slow,
        workers: arguments.workers,
        quiet: Duration::from_secs(arguments.seconds.div_ceil(3)),
        attack: Duration::from_secs(arguments.seconds),
    };
    let seen = runtime()?.block_on(attack::run(&options))?;
    let text = attack::markdown(&options, &seen);
    println!("{text}");
    if let Some(page) = &arguments.page {
        attack::write_into(page, &text)?;
    }
    let wrong: Vec<_> = seen.attacks.values().flat_map(|outcome| &outcome.wrong).collect();
    anyhow::ensure!(wrong.is_empty(), "not as it must be: {wrong:#?}");
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
