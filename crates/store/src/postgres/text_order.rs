//! Keys of texts depend on the tables of Unicode that the compiler brings ([`order::UNICODE`]). A program that was compiled
//! with others makes all keys anew when it opens the data. PostgreSQL cannot make them, so every row comes here and goes back.

use deadpool_postgres::Object;
use engine::context::order;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::custom_index;
use super::put::{Values, membership_values, put_membership, put_record, record_values};
use crate::StoreError;
use crate::context::rows::{self, damaged, membership_columns, record_columns};

/// Rows that are in memory at a time.
const AT_ONCE: usize = 500;

pub(super) async fn renew(db: &Object) -> Result<(), StoreError> {
    let (major, minor, update) = order::UNICODE;
    let ours = format!("{major}.{minor}.{update}");
    let known = db.query_opt("SELECT unicode FROM text_order", &[]).await?;
    let known: Option<String> = known.map(|row| row.try_get(0)).transpose()?;
    if known.as_deref() == Some(&*ours) {
        return Ok(());
    }
    db.batch_execute("BEGIN").await?;
    let renewed = renew_from(db, known.as_deref(), &ours).await;
    db.batch_execute(if renewed.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    renewed
}

async fn renew_from(db: &Object, known: Option<&str>, ours: &str) -> Result<(), StoreError> {
    if let Some(theirs) = known {
        tracing::info!(%theirs, %ours, "texts are sorted by another version of Unicode: making their keys anew");
        records(db).await?;
        memberships(db).await?;
        custom_index::renew(db).await?;
    }
    db.execute("DELETE FROM text_order", &[]).await?;
    db.execute("INSERT INTO text_order (unicode) VALUES ($1)", &[&ours]).await?;
    Ok(())
}

async fn records(db: &Object) -> Result<(), StoreError> {
    let put = put_record(db).await?;
    let remove = db.prepare_cached("DELETE FROM records WHERE space = $1 AND id_key = $2").await?;
    let columns = format!("space, id_key, {}", record_columns(""));
    let again = |row: &Row| {
        let space: i64 = row.try_get(0)?;
        let record = rows::record(row, 2)?.ok_or_else(|| damaged("a row without an id"))?;
        Ok(record_values(space, &record))
    };
    each(db, "records", &columns, &remove, 2, &put, again).await
}

async fn memberships(db: &Object) -> Result<(), StoreError> {
    let put = put_membership(db).await?;
    let remove =
        db.prepare_cached("DELETE FROM memberships WHERE space = $1 AND user_key = $2 AND channel_key = $3").await?;
    let columns = format!("space, user_key, channel_key, {}", membership_columns(""));
    let again = |row: &Row| Ok(membership_values(row.try_get(0)?, &rows::membership(row, 3)?));
    each(db, "memberships", &columns, &remove, 3, &put, again).await
}

/// Takes every row of a table out, by its first columns, and puts it in again. Equal keys mean equal texts, whatever the
/// version, so none meets another on the way; and the cursor sees the rows as they were.
async fn each(
    db: &Object,
    table: &str,
    columns: &str,
    remove: &Statement,
    identity: usize,
    put: &Statement,
    again: impl Fn(&Row) -> Result<Values, StoreError>,
) -> Result<(), StoreError> {
    db.batch_execute(&format!("DECLARE every_row NO SCROLL CURSOR FOR SELECT {columns} FROM {table}")).await?;
    loop {
        let rows = db.query(&format!("FETCH {AT_ONCE} FROM every_row"), &[]).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let space: i64 = row.try_get(0)?;
            let keys: Vec<Vec<u8>> = (1..identity).map(|at| row.try_get(at)).collect::<Result<_, _>>()?;
            let mut place: Vec<&(dyn ToSql + Sync)> = vec![&space];
            place.extend(keys.iter().map(|key| key as &(dyn ToSql + Sync)));
            db.execute(remove, &place).await?;
            let values = again(&row)?;
            let values: Vec<_> = values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect();
            db.execute(put, &values).await?;
        }
    }
    Ok(db.batch_execute("CLOSE every_row").await?)
}
