//! Keys of texts depend on the tables of Unicode that the compiler brings ([`order::UNICODE`]). A program that was compiled
//! with others makes all keys anew when it opens the data.

use engine::context::order;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::order_index;

pub(super) fn renew(db: &mut Connection) -> rusqlite::Result<()> {
    renew_to(db, order::UNICODE)
}

fn renew_to(db: &mut Connection, (major, minor, update): (u8, u8, u8)) -> rusqlite::Result<()> {
    let ours = format!("{major}.{minor}.{update}");
    let known: Option<String> = db.query_row("SELECT unicode FROM text_order", [], |row| row.get(0)).optional()?;
    if known.as_deref() == Some(&*ours) {
        return Ok(());
    }
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Some(theirs) = known {
        tracing::info!(%theirs, %ours, "texts are sorted by another version of Unicode: making their keys anew");
        // They have keys that nothing else has.
        order_index::drop_all(&transaction)?;
        // Equal keys mean equal texts, whatever the version: none of these meets another on the way. Indexes of `custom` are
        // filled again, as if they were ordered now.
        transaction.execute_batch(
            "UPDATE records SET id_key = text_key(id), name_key = text_key(name), status_key = text_key(status);
             UPDATE memberships SET user_key = text_key(user_id), channel_key = text_key(channel_id);
             DELETE FROM statuses;
             INSERT INTO statuses (space, status_key, records)
             SELECT space, status_key, count(*) FROM records GROUP BY space, status_key;
             DELETE FROM custom_values;
             UPDATE custom_indexes SET through = 0;",
        )?;
    }
    transaction.execute("DELETE FROM text_order", [])?;
    transaction.execute("INSERT INTO text_order (unicode) VALUES (?1)", [ours])?;
    transaction.commit()
}
