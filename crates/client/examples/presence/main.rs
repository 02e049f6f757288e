//! The examples of the presence documents, one file each: `cargo run -p hereabouts --example presence -- NAME [await|sync|pn_async]`.

#[path = "all.rs"]
mod all;
#[path = "../run/mod.rs"]
mod run;

use hereabouts::Error;

#[tokio::main]
async fn main() -> Result<(), Error> {
    run::main(all::EXAMPLES).await
}
