//! A timetoken that no run on this data directory has gone past.
//!
//! A server saves a point a little ahead of its clock before it hands out timetokens up to it. After a restart, a crash
//! or a step of the clock it goes on above that point, so no timetoken is ever handed out twice.
//!
//! It is a small text file of its own and not a row of the database: it is the property of this node and not of the
//! data, it is there when the data is in PostgreSQL, and saving it never queues behind other writes.

use std::fs;
use std::io::{self, ErrorKind, Write};

use wire::Timetoken;

use crate::replacement::Replacement;
use crate::{DataDirectory, OpenError};

const FILE: &str = "timetoken.ceiling";

impl DataDirectory {
    /// Keeps a ceiling, in place of the one before. Blocks until it is durable.
    ///
    /// # Errors
    /// What the disk answered; the ceiling from before is in place then.
    pub fn save_ceiling(&self, ceiling: Timetoken) -> io::Result<()> {
        let mut file = Replacement::create(&self.file(FILE))?;
        writeln!(file, "{ceiling}")?;
        file.commit()
    }

    /// The ceiling that was saved last, if one ever was.
    ///
    /// # Errors
    /// [`OpenError::Damaged`] if the file does not hold a timetoken: going on without could repeat timetokens, so
    /// that is for the operator to decide.
    pub fn load_ceiling(&self) -> Result<Option<Timetoken>, OpenError> {
        let path = self.file(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(OpenError::unusable("read", &path, error)),
        };
        match text.strip_suffix('\n').and_then(Timetoken::parse) {
            Some(ceiling) => Ok(Some(ceiling)),
            None => Err(OpenError::Damaged { path, cause: "it does not hold a timetoken".to_owned() }),
        }
    }
}
