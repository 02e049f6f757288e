//! `hereabouts copy`: the app context of one server, and channel groups by name, copied to another.
//!
//! - What is at the target is read and compared, and what is equal is not written: no event, no new eTag. So a copy can be ended at
//!   any moment, and made again, without harm, and goes on where there is something left to do. There is no file of where it
//!   was, which might be wrong (`docs/decisions/0010-copy-compares.md`).
//! - A page is in memory, and as many as are worked on at a time. How many records there are does not matter.
//! - eTags and times of change are the target's own.

mod bulk;
mod compare;
mod end;
mod groups;
mod memberships;
mod place;
mod progress;
mod records;
mod report;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use hereabouts::calls::context::{Channels, Users};
use hereabouts::{Client, Origin};

use self::bulk::Bulk;
use self::end::End;
use self::progress::Progress;
use self::report::{Kind, Report};
use crate::calling::block_on;
use crate::exit::misuse;
use crate::output::{Format, Output};
use crate::settings::{Setting, Settings};

/// Copy users, channels, memberships, and the channel groups that are named, from one server to another: from any that speaks the
/// interface to any other.
///
/// What is equal already is not written, so a copy that was ended is gone on with by the same command. eTags and times of change
/// are the target's own. Messages, history and presence are not copied.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Where from: http://host:port/SUBSCRIBE-KEY, or with a secret key .../PUBLISH-KEY/SUBSCRIBE-KEY; or the name of a profile.
    #[arg(long, value_name = "ORIGIN/KEYS", env = "HEREABOUTS_COPY_FROM")]
    from: String,
    /// Where to, in the same way.
    #[arg(long, value_name = "ORIGIN/KEYS", env = "HEREABOUTS_COPY_TO")]
    to: String,
    /// A token for the source; @FILE takes it from a file.
    #[arg(long, value_name = "TOKEN|@FILE", env = "HEREABOUTS_COPY_FROM_TOKEN", hide_env_values = true)]
    from_token: Option<String>,
    /// A token for the target; @FILE takes it from a file.
    #[arg(long, value_name = "TOKEN|@FILE", env = "HEREABOUTS_COPY_TO_TOKEN", hide_env_values = true)]
    to_token: Option<String>,
    /// The secret key of the source; @FILE takes it from a file.
    #[arg(long, value_name = "KEY|@FILE", env = "HEREABOUTS_COPY_FROM_SECRET_KEY", hide_env_values = true)]
    from_secret_key: Option<String>,
    /// The secret key of the target; @FILE takes it from a file.
    #[arg(long, value_name = "KEY|@FILE", env = "HEREABOUTS_COPY_TO_SECRET_KEY", hide_env_values = true)]
    to_secret_key: Option<String>,
    /// The file of profiles. [default: hereabouts/profiles.toml in the folder for configuration]
    #[arg(long, value_name = "FILE")]
    profiles: Option<PathBuf>,
    /// A channel group to copy; may be given several times.
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// A channel without metadata whose members are to be copied as well; may be given several times.
    #[arg(long, value_name = "CHANNEL")]
    channel: Vec<String>,
    /// A user without metadata whose memberships are to be copied as well; may be given several times.
    #[arg(long, value_name = "USER")]
    user: Vec<String>,
    /// Whose memberships are listed. `channels` alone misses those of channels without metadata, `users` alone those of users
    /// without metadata.
    #[arg(long, value_enum, default_value_t = Walk::Both)]
    walk: Walk,
    /// Delete from the target what the source does not have.
    #[arg(long)]
    delete: bool,
    /// Write nothing: say what would be written.
    #[arg(long)]
    dry_run: bool,
    /// Tell each record that differs, and not only how many there are and which failed.
    #[arg(long, short)]
    verbose: bool,
    /// Show no progress.
    #[arg(long, short)]
    quiet: bool,
    /// How many requests a second each server is sent, at most. [default: as many as it answers]
    #[arg(long, value_name = "REQUESTS", value_parser = rate)]
    rate: Option<f64>,
    /// How many pages are worked on at a time.
    #[arg(long, value_name = "NUMBER", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    concurrency: u16,
    /// How often a request is made again when the server is busy, away or says to come back later, before the copy ends.
    #[arg(long, value_name = "TIMES", default_value_t = 8)]
    retries: usize,
    #[command(flatten)]
    format: Format,
}

/// Whose memberships are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Walk {
    Both,
    Channels,
    Users,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "it must be a number of requests a second".to_owned())?;
    if (0.01..=1e6).contains(&rate) { Ok(rate) } else { Err("it must be 0.01 to 1000000 a second".to_owned()) }
}

/// A copy at work.
struct Copying {
    from: End,
    to: End,
    bulk: Bulk,
    report: Report,
    groups: Vec<String>,
    channels: Vec<String>,
    users: Vec<String>,
    walk: Walk,
    delete: bool,
    dry_run: bool,
    concurrency: usize,
}

pub(crate) fn run(arguments: Arguments) -> Result<()> {
    let profiles = arguments.profiles.as_deref();
    let [from, to] = [
        ends_settings(&arguments.from, &arguments.from_token, &arguments.from_secret_key, profiles)?,
        ends_settings(&arguments.to, &arguments.to_token, &arguments.to_secret_key, profiles)?,
    ];
    refuse_the_same(&from, &to)?;
    block_on(async {
        let end = |settings: &Settings, role: &str| {
            let client = settings.config().and_then(|config| Ok(Client::new(config)?));
            let client = client.with_context(|| format!("{role} {}", settings.origin()))?;
            Ok::<_, anyhow::Error>(End::new(client, arguments.rate, arguments.retries))
        };
        let copying = Copying {
            from: end(&from, "from")?,
            to: end(&to, "to")?,
            bulk: Bulk::default(),
            report: Report::new(
                Output::new(arguments.format),
                Progress::new(arguments.quiet),
                arguments.verbose,
                arguments.dry_run,
            ),
            groups: arguments.group,
            channels: arguments.channel,
            users: arguments.user,
            walk: arguments.walk,
            delete: arguments.delete,
            dry_run: arguments.dry_run,
            concurrency: usize::from(arguments.concurrency),
        };
        let outcome = tokio::select! {
            outcome = copying.run() => outcome,
            interrupt = tokio::signal::ctrl_c() => {
                interrupt.map_err(anyhow::Error::from).and(Err(anyhow::anyhow!("the copy was stopped")))
            }
        };
        copying.report.finish(outcome.is_ok())?;
        outcome.context("not everything was copied; the same command goes on")?;
        let failed = copying.report.failed();
        anyhow::ensure!(failed == 0, "{failed} could not be copied; each is named above, with the reason");
        Ok(())
    })
}

impl Copying {
    /// What others refer to comes first, and goes last.
    async fn run(&self) -> Result<()> {
        records::copy::<Users>(self, Kind::User).await?;
        records::copy::<Channels>(self, Kind::Channel).await?;
        memberships::copy(self).await?;
        if self.delete {
            records::prune::<Channels>(self, Kind::Channel).await?;
            records::prune::<Users>(self, Kind::User).await?;
        }
        if !self.groups.is_empty() {
            groups::copy(self).await?;
        }
        Ok(())
    }
}

fn ends_settings(
    place: &str,
    token: &Option<String>,
    secret_key: &Option<String>,
    profiles: Option<&Path>,
) -> Result<Settings> {
    let mut given = Settings::default();
    for (setting, text) in [(Setting::Token, token), (Setting::SecretKey, secret_key)] {
        if let Some(text) = text {
            given.set(setting, text.clone(), None);
        }
    }
    Ok(given.over(place::settings(place, profiles)?))
}

/// A copy onto itself is a mistake.
fn refuse_the_same(from: &Settings, to: &Settings) -> Result<()> {
    let key_set = |settings: &Settings| {
        let origin = Origin::parse(settings.origin())?.to_string();
        Ok::<_, anyhow::Error>((origin, settings.text(Setting::SubscribeKey)?))
    };
    if key_set(from)? == key_set(to)? {
        return Err(misuse("--from and --to are the same key set"));
    }
    Ok(())
}
