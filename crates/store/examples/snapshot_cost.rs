//! What a snapshot costs: `cargo run --release -p hereabouts-store --example snapshot_cost [MEMBERS]`.

use std::time::Instant;

use store::DataDirectory;
use store::snapshot::{self, Found, Header, Writer};
use wire::{SubscribeKey, Timetoken};

/// What a member of a channel comes to: two names, a deadline.
type Member = (String, String, u64);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let members: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let directory = DataDirectory::open(folder.path())?;
    let key = SubscribeKey::new("demo")?;
    let roster: Vec<Member> =
        (0..members).map(|n| (format!("channel-{}", n % 10_000), format!("user-{n:015}"), n)).collect();

    let begun = Instant::now();
    let header = Header { records: 1, written_at: Timetoken::ZERO, clean: true, ceiling: Timetoken::ZERO };
    let mut writer = Writer::create(&directory, &header)?;
    writer.add(&key, &roster)?;
    let written = writer.finish()?;
    println!("wrote {members} members, {} bytes, in {:?}", written.bytes, begun.elapsed());

    let begun = Instant::now();
    let Found::Snapshot(mut snapshot) = snapshot::read(&directory, 1)? else { return Err("no snapshot".into()) };
    let mut read = 0;
    while let Some(chunk) = snapshot.next_chunk::<Member>() {
        read += chunk.records.len();
    }
    println!("read {read} members in {:?}", begun.elapsed());
    Ok(())
}
