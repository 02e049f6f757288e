//! One call in the three ways to run it: `cargo run -p hereabouts --example three_ways`, beside a server.

use std::sync::mpsc;

use hereabouts::{Client, Config, Error, blocking};

fn main() -> Result<(), Error> {
    for line in three_ways(Config::new("demo").publish_key("demo").user("ann"))? {
        println!("{line}");
    }
    Ok(())
}

/// Publishes in each of the ways, and says what came of it.
pub(crate) fn three_ways(config: Config) -> Result<[String; 3], Error> {
    // 1. Awaited, in asynchronous programs.
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let awaited = runtime.block_on(async {
        let client = Client::new(config.clone())?;
        let sent = client.publish().channel("myChannel").message("awaited").await?;
        Ok::<_, Error>(format!("TT: {}", sent.timetoken))
    })?;

    // 2. Waited for, in all others. An envelope has the status beside the result.
    let client = blocking::Client::new(config)?;
    let envelope = client.publish().channel("myChannel").message("waited for").envelope().sync()?;
    let waited_for = format!("TT: {}, status: {}", envelope.result.timetoken, envelope.status.category.name());

    // 3. Called back: the call returns at once.
    let (done, called) = mpsc::channel();
    client.publish().channel("myChannel").message("called back").pn_async(move |result, status| {
        let timetoken = result.map_or_else(|error| error.to_string(), |sent| sent.timetoken.to_string());
        let _ = done.send(format!("TT: {timetoken}, status: {}", status.category.name()));
    });
    let called_back = called.recv().unwrap_or_default();
    Ok([awaited, waited_for, called_back])
}
