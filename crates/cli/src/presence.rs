//! `hereabouts here-now`, `where-now`, `state`, `heartbeat` and `leave`.

use std::io;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};
use hereabouts::calls::presence::{HereNow, HereNowResult, State};
use hereabouts::{Client, Config};
use serde_json::{Map, Value, json};

use crate::calling::Ask;
use crate::output::{Output, Table};
use crate::places::{Places, object};

/// Who is here.
#[derive(Args, Clone)]
pub(crate) struct HereNowArguments {
    /// Which channels; a comma separates names as well. Without any, and without a group: all of the key set.
    #[arg(value_name = "CHANNEL")]
    channels: Vec<String>,
    /// A channel group, whose channels are meant; may be given several times.
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// Show what each user says of itself.
    #[arg(long)]
    state: bool,
    /// Show how many there are, and not who.
    #[arg(long, conflicts_with = "state")]
    count: bool,
    /// How many users to list for each channel, at most.
    #[arg(long, value_name = "NUMBER", default_value_t = HereNow::LIMIT_MAX)]
    limit: u32,
    /// How many users of each channel to pass over first.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    offset: u64,
    /// Read a channel such as 'house.*' as all occupied channels below it, which is beyond the interface.
    #[arg(long)]
    patterns: bool,
    /// Go on looking until Ctrl-C: a terminal is drawn again, and elsewhere each change is printed.
    #[arg(long)]
    watch: bool,
    /// With --watch, how often to look, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0, requires = "watch", value_parser = seconds)]
    every: f64,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "it must be a number of seconds".to_owned())?;
    if (0.1..=86_400.0).contains(&seconds) { Ok(seconds) } else { Err("it must be 0.1 to 86400 seconds".to_owned()) }
}

impl Ask for HereNowArguments {
    async fn run(self, client: &Client, output: &mut Output) -> Result<()> {
        if !self.watch {
            let here = self.ask(client).await?;
            return Ok(self.show(&here, output)?);
        }
        let mut ticks = tokio::time::interval(Duration::from_secs_f64(self.every));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut last = None;
        loop {
            tokio::select! {
                ended = tokio::signal::ctrl_c() => return Ok(ended?),
                _ = ticks.tick() => {}
            }
            let here = self.ask(client).await?;
            if last.as_ref() != Some(&here) {
                if output.can_redraw() {
                    output.clear()?;
                }
                self.show(&here, output)?;
                last = Some(here);
            }
        }
    }
}

impl HereNowArguments {
    async fn ask(&self, client: &Client) -> Result<HereNowResult, hereabouts::Error> {
        let call = client.here_now().channels(&self.channels).channel_groups(&self.group);
        let call = call.include_state(self.state).include_users(!self.count);
        call.limit(self.limit).offset(self.offset).patterns(self.patterns).await
    }

    fn show(&self, here: &HereNowResult, output: &mut Output) -> io::Result<()> {
        output.answer(&document(here), |people| {
            if here.channels.iter().all(|channel| channel.occupancy == 0) {
                return people.line("nobody is here");
            }
            people.table(&self.table(here))?;
            match here.next_offset {
                Some(offset) => people.faint(&format!("there are more: --offset {offset}")),
                None => Ok(()),
            }
        })
    }

    /// A row a user; the channel stands at its first one.
    fn table(&self, here: &HereNowResult) -> Table {
        let mut table = Table::new(["CHANNEL", "HERE", "USER", "STATE"]);
        for channel in &here.channels {
            let mut name = [channel.channel_name.clone(), channel.occupancy.to_string()];
            if channel.occupants.is_empty() {
                table.row(name.clone().into_iter().chain([String::new(), String::new()]));
            }
            for occupant in &channel.occupants {
                let [channel, here] = std::mem::take(&mut name);
                let state = occupant.state.as_ref().map(text_of).unwrap_or_default();
                table.row([channel, here, occupant.user.clone(), state]);
            }
        }
        table.without_empty_columns()
    }
}

fn text_of(state: &State) -> String {
    Value::Object(state.clone()).to_string()
}

fn document(here: &HereNowResult) -> Value {
    let channels: Vec<Value> = here
        .channels
        .iter()
        .map(|channel| {
            let occupants: Vec<Value> = channel
                .occupants
                .iter()
                .map(|occupant| match &occupant.state {
                    Some(state) => json!({"user": occupant.user, "state": state}),
                    None => json!({"user": occupant.user}),
                })
                .collect();
            json!({"channel": channel.channel_name, "occupancy": channel.occupancy, "occupants": occupants})
        })
        .collect();
    json!({
        "total_channels": here.total_channels,
        "total_occupancy": here.total_occupancy,
        "channels": channels,
        "next_offset": here.next_offset,
    })
}

/// Where a user is.
#[derive(Args)]
pub(crate) struct WhereNowArguments {
    /// Which user. [default: the one of --user]
    #[arg(value_name = "USER")]
    of: Option<String>,
    /// Show only those of the channels that have this name, or are below a pattern such as 'house.*', which is beyond the
    /// interface; may be given several times.
    #[arg(long, value_name = "CHANNEL")]
    among: Vec<String>,
}

impl Ask for WhereNowArguments {
    async fn run(self, client: &Client, output: &mut Output) -> Result<()> {
        let call = client.where_now().among(&self.among);
        let there = match self.of {
            Some(user) => call.user(user),
            None => call,
        };
        let mut channels = there.await?.channels;
        channels.sort();
        Ok(output.answer(&json!({"channels": channels}), |people| {
            if channels.is_empty() {
                return people.line("nowhere");
            }
            channels.iter().try_for_each(|channel| people.line(channel))
        })?)
    }
}

/// What users say of themselves on channels.
#[derive(Args)]
pub(crate) struct StateArguments {
    #[command(subcommand)]
    command: StateCommand,
}

#[derive(Subcommand)]
enum StateCommand {
    /// Show it.
    Get {
        #[command(flatten)]
        places: Places,
        /// Of which user. [default: the one of --user]
        #[arg(long, value_name = "USER")]
        of: Option<String>,
    },
    /// Set it: a JSON object in place of what is there. It lasts as long as the user is present.
    Set {
        /// The state, as {"mood":"fine"}; {} clears it.
        #[arg(value_name = "JSON", value_parser = object)]
        state: Map<String, Value>,
        #[command(flatten)]
        places: Places,
        /// Of which user. [default: the one of --user]
        #[arg(long, value_name = "USER")]
        of: Option<String>,
    },
}

impl Ask for StateArguments {
    async fn run(self, client: &Client, output: &mut Output) -> Result<()> {
        match self.command {
            StateCommand::Get { places, of } => {
                let call = client.get_state().channels(&places.channels).channel_groups(&places.group);
                let states = match of {
                    Some(user) => call.user(user),
                    None => call,
                };
                let states = states.await?.channels;
                Ok(output.answer(&json!({"channels": states}), |people| {
                    let mut table = Table::new(["CHANNEL", "STATE"]);
                    states.iter().for_each(|(channel, state)| table.row([channel.clone(), text_of(state)]));
                    people.table(&table)
                })?)
            }
            StateCommand::Set { state, places, of } => {
                let call = client.set_state().channels(&places.channels).channel_groups(&places.group).state(state);
                let set = match of {
                    Some(user) => call.user(user),
                    None => call,
                };
                let state = set.await?.state;
                Ok(output.answer(&json!({"state": state}), |people| people.line(&text_of(&state)))?)
            }
        }
    }
}

/// Be present without subscribing: one sign of life.
#[derive(Args)]
pub(crate) struct HeartbeatArguments {
    #[command(flatten)]
    places: Places,
    /// States to set with it: an object whose keys are the channels.
    #[arg(long, value_name = "JSON", value_parser = object)]
    state: Option<Map<String, Value>>,
    /// For how many seconds it holds.
    #[arg(long, value_name = "SECONDS", default_value_t = Config::DEFAULT_PRESENCE_TIMEOUT)]
    presence_timeout: u32,
}

impl Ask for HeartbeatArguments {
    fn configure(&self, config: Config) -> Config {
        config.presence_timeout(self.presence_timeout)
    }

    async fn run(self, client: &Client, output: &mut Output) -> Result<()> {
        let Places { channels, group } = &self.places;
        let call = client.heartbeat().channels(channels).channel_groups(group);
        match self.state {
            Some(states) => call.state(states).await?,
            None => call.await?,
        };
        let seconds = self.presence_timeout;
        let told = json!({"connected": true, "presence_timeout": seconds});
        Ok(output.answer(&told, |people| people.line(&format!("present for {seconds} s")))?)
    }
}

/// Be present no longer.
#[derive(Args)]
pub(crate) struct LeaveArguments {
    #[command(flatten)]
    places: Places,
}

impl Ask for LeaveArguments {
    async fn run(self, client: &Client, output: &mut Output) -> Result<()> {
        let Places { channels, group } = &self.places;
        client.leave().channels(channels).channel_groups(group).await?;
        Ok(output.answer(&json!({"connected": false}), |people| people.line("left"))?)
    }
}
