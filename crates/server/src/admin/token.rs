//! What callers of the admin API show: the first start writes it into the data directory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::random;

/// The file in the data directory.
const FILE: &str = "admin.token";
/// What a token of ours begins with, so that one that lies about is known for what it is.
const PREFIX: &str = "adm-";
/// One that a person put there may be no easier to guess.
const LEAST_BYTES: usize = 32;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("cannot {action} the admin token {} ({cause}): check the owner and permissions of the data directory", path.display())]
    Unusable { action: &'static str, path: PathBuf, cause: io::Error },
    #[error(
        "the admin token {path} can be read by others than its owner: remove the file, and the next start makes a new one \
         (or, if nobody has read it: chmod 600 {path})",
        path = path.display()
    )]
    Exposed { path: PathBuf },
    #[error(
        "the admin token {} has fewer than {LEAST_BYTES} characters: remove the file, and the next start makes a new one",
        path.display()
    )]
    Short { path: PathBuf },
    #[error(transparent)]
    NoRandom(#[from] random::NoRandom),
}

/// The token, as a digest: what is compared says nothing of how much of it was right.
pub(crate) struct Token([u8; 32]);

impl Token {
    /// Reads the token of a data directory; makes one where there is none.
    pub(crate) fn load(directory: &Path) -> Result<Self, TokenError> {
        let path = directory.join(FILE);
        let unusable = |action| {
            let path = path.clone();
            move |cause| TokenError::Unusable { action, path, cause }
        };
        if !path.try_exists().map_err(unusable("look for"))? {
            make(&path, &random::secret(PREFIX)?).map_err(unusable("write"))?;
        }
        let file = File::open(&path).map_err(unusable("read"))?;
        if is_exposed(&file).map_err(unusable("read"))? {
            return Err(TokenError::Exposed { path });
        }
        let text = io::read_to_string(file).map_err(unusable("read"))?;
        let text = text.trim_end_matches(['\r', '\n']);
        if text.len() < LEAST_BYTES {
            return Err(TokenError::Short { path });
        }
        Ok(Self(digest(text)))
    }

    /// Whether this is the token. Takes as long whatever part of it is right.
    pub(super) fn is(&self, shown: &str) -> bool {
        self.0.ct_eq(&digest(shown)).into()
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Whole or not at all: a crash leaves no empty token behind.
fn make(path: &Path, token: &str) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    writeln!(file, "{token}")?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

#[cfg(unix)]
fn is_exposed(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_exposed(_file: &File) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_start_makes_it_and_no_other_changes_it() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join(FILE);
        Token::load(place.path()).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(PREFIX) && text.len() > 64, "{text}");
        let token = Token::load(place.path()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert!(token.is(text.trim_end()));
        for other in ["", "adm-", &text, &text[1..], &format!("{}x", text.trim_end())] {
            assert!(!token.is(other), "{other:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn one_that_others_can_read_or_guess_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        Token::load(place.path()).unwrap();
        let path = place.path().join(FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for mode in [0o640, 0o604, 0o644, 0o620] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(Token::load(place.path()), Err(TokenError::Exposed { .. })), "{mode:o}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(Token::load(place.path()).is_ok());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for short in ["", "\n", "adm-1234"] {
            fs::write(&path, short).unwrap();
            assert!(matches!(Token::load(place.path()), Err(TokenError::Short { .. })), "{short:?}");
        }
    }
}
