//! The examples of the App Context document, one file each: `cargo run -p hereabouts --example app_context -- NAME [await|sync|pn_async]`.

#[path = "all.rs"]
mod all;
#[path = "../run/mod.rs"]
mod run;

use hereabouts::Error;

#[tokio::main]
async fn main() -> Result<(), Error> {
    run::main(all::EXAMPLES).await
}
