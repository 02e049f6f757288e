//! How the program ends: 0 when it did what it was asked, 1 when a server refused or could not be reached, 2 when what was
//! asked makes no sense. What went wrong is one line on standard error: what, where, and what to do.

use std::error::Error as StdError;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use hereabouts::ErrorKind;

use crate::harmless::harmless;

/// The status of a call that was refused or failed.
const FAILED: u8 = 1;
/// The status of what makes no sense, the same that clap ends with.
const MISUSED: u8 = 2;

/// What was asked makes no sense: an option is missing, or does not fit.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Misuse(String);

/// An error that ends the program with the status of misuse. `what` says what to do instead.
pub(crate) fn misuse(what: impl Into<String>) -> anyhow::Error {
    Misuse(what.into()).into()
}

/// Tells what went wrong, if something did.
pub(crate) fn end(outcome: anyhow::Result<()>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    if reader_is_gone(&error) {
        // `hereabouts … | head` has all it wanted.
        return ExitCode::SUCCESS;
    }
    let kind = kind_of(&error);
    let advice = kind.and_then(advice).map(|advice| format!("; {advice}")).unwrap_or_default();
    // A server's words are in it.
    eprintln!("hereabouts: {}{advice}", harmless(&format!("{error:#}")));
    let misused = error.chain().any(<dyn StdError>::is::<Misuse>) || kind == Some(ErrorKind::Usage);
    ExitCode::from(if misused { MISUSED } else { FAILED })
}

/// Whether something was asked, and a server refused or could not be reached.
pub(crate) fn is_of_a_server(error: &anyhow::Error) -> bool {
    kind_of(error).is_some_and(|kind| kind != ErrorKind::Usage)
}

fn kind_of(error: &anyhow::Error) -> Option<ErrorKind> {
    // Those that a subscription tells are shared.
    let of = |cause: &(dyn StdError + 'static)| {
        let shared = || cause.downcast_ref::<Arc<hereabouts::Error>>().map(Arc::as_ref);
        cause.downcast_ref::<hereabouts::Error>().or_else(shared).map(hereabouts::Error::kind)
    };
    error.chain().find_map(of)
}

fn reader_is_gone(error: &anyhow::Error) -> bool {
    let broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(broken))
}

/// What to do about it.
fn advice(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Usage => Some("options, HEREABOUTS_… variables and profiles give keys, user and token: see --help"),
        ErrorKind::Connection => Some("does a server run there? --origin names another"),
        ErrorKind::AccessDenied => Some("a token that permits it is given by --token or HEREABOUTS_TOKEN"),
        ErrorKind::Timeout => Some("--timeout gives it longer"),
        ErrorKind::RateLimited | ErrorKind::Unavailable => Some("try again in a while"),
        ErrorKind::Redirected => Some("name the origin that it redirects to with --origin"),
        ErrorKind::MalformedAnswer | ErrorKind::AnswerTooLarge => {
            Some("is what listens there a server of this interface? --origin names another")
        }
        ErrorKind::ETagMismatch => Some("read the record again, and decide again"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    fn status(error: anyhow::Error) -> String {
        format!("{:?}", end(Err(error)))
    }

    #[test]
    fn the_status_says_whose_fault_it_is() {
        let code = |number: u8| format!("{:?}", ExitCode::from(number));
        let lost = || hereabouts::Error::connection("refused");
        assert_eq!(format!("{:?}", end(Ok(()))), code(0));
        assert_eq!(status(lost().into()), code(1));
        assert_eq!(Err::<(), _>(lost()).context("http://127.0.0.1:1").map_err(status), Err(code(1)));
        assert_eq!(Err::<(), _>(misuse("no key")).context("here").map_err(status), Err(code(2)));
        assert_eq!(status(hereabouts::Error::usage("no key").into()), code(2));
        assert_eq!(status(io::Error::from(io::ErrorKind::BrokenPipe).into()), code(0));
        assert_eq!(status(io::Error::from(io::ErrorKind::NotFound).into()), code(1));
    }
}
