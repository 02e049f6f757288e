//! What the examples share: clients that are set up from the environment, and the three ways to run a call.
//!
//! An example says what it asks once, as a function that is generic over the client, and hands it to [`Run::call`], which runs it in
//! the way that was chosen on the command line: `await`, `sync` or `pn_async`.

use std::env;
use std::future::Future;
use std::pin::Pin;

use hereabouts::calls::presence::PresenceResult;
use hereabouts::{Async, Blocking, Call, Client, Config, Error, Operation, SetPresence, Status, blocking};

/// How calls are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// `client.time().await`
    Await,
    /// `client.time().sync()`
    Sync,
    /// `client.time().pn_async(|result, status| …)`
    Callback,
}

impl Way {
    /// Every way.
    #[allow(dead_code, reason = "a test runs all of them, a program one")]
    pub(crate) const ALL: [Self; 3] = [Self::Await, Self::Sync, Self::Callback];

    fn named(name: &str) -> Option<Self> {
        match name {
            "await" => Some(Self::Await),
            "sync" => Some(Self::Sync),
            "pn_async" => Some(Self::Callback),
            _ => None,
        }
    }
}

/// Clients, and a way to run calls.
pub(crate) struct Run {
    client: Client,
    blocking: blocking::Client,
    way: Way,
}

impl Run {
    /// Clients with this configuration.
    ///
    /// # Errors
    /// When the configuration makes no sense.
    pub(crate) fn new(config: Config, way: Way) -> Result<Self, Error> {
        Ok(Self { client: Client::new(config.clone())?, blocking: blocking::Client::new(config)?, way })
    }

    /// The client for asynchronous programs, for what is no call.
    #[allow(dead_code, reason = "not every document has an example that subscribes")]
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Runs a call. It is given twice, as it is made by two kinds of client: `run.call(ask, ask)`.
    ///
    /// # Errors
    /// What went wrong with the call.
    pub(crate) async fn call<O: Operation>(
        &self,
        of_async: impl FnOnce(&Client) -> Call<Async, O>,
        of_blocking: impl FnOnce(&blocking::Client) -> Call<Blocking, O> + Send + 'static,
    ) -> Result<O::Output, Error> {
        match self.way {
            Way::Await => of_async(&self.client).await,
            Way::Sync => self.on_a_thread(|client| of_blocking(client).sync()).await,
            Way::Callback => called_back(|callback| of_async(&self.client).pn_async(callback)).await,
        }
    }

    /// The same for being present without a subscription.
    ///
    /// # Errors
    /// What went wrong with it.
    #[allow(dead_code, reason = "one of the documents has it")]
    pub(crate) async fn presence(
        &self,
        of_async: impl FnOnce(&Client) -> SetPresence<Async>,
        of_blocking: impl FnOnce(&blocking::Client) -> SetPresence<Blocking> + Send + 'static,
    ) -> Result<PresenceResult, Error> {
        match self.way {
            Way::Await => of_async(&self.client).await,
            Way::Sync => self.on_a_thread(|client| of_blocking(client).sync()).await,
            Way::Callback => called_back(|callback| of_async(&self.client).pn_async(callback)).await,
        }
    }

    /// What blocks, where it may.
    async fn on_a_thread<T: Send + 'static>(&self, work: impl FnOnce(&blocking::Client) -> T + Send + 'static) -> T {
        let client = self.blocking.clone();
        tokio::task::spawn_blocking(move || work(&client)).await.expect("a call does not panic")
    }
}

/// A callback as a call takes it.
type Callback<T> = Box<dyn FnOnce(Result<T, Error>, Status) + Send>;

/// Waits for the callback of a call.
async fn called_back<T: Send + 'static>(begin: impl FnOnce(Callback<T>)) -> Result<T, Error> {
    let (done, called) = tokio::sync::oneshot::channel();
    begin(Box::new(move |result, status| {
        assert_eq!(status.is_error(), result.is_err());
        let _ = done.send(result);
    }));
    called.await.expect("the callback is called")
}

/// An example: its name, and what it does. It returns what it has to say.
pub(crate) type Example = (&'static str, fn(&Run) -> Pin<Box<dyn Future<Output = Result<String, Error>> + '_>>);

/// A table of examples: one module each, with a function `run`.
#[macro_export]
macro_rules! examples {
    ($($name:ident),+ $(,)?) => {
        $(pub(crate) mod $name;)+

        /// Every example, by its name.
        pub(crate) const EXAMPLES: &[$crate::run::Example] =
            &[$((stringify!($name), |run| Box::pin($name::run(run)))),+];
    };
}

/// The program: `cargo run --example PROGRAM -- NAME [await|sync|pn_async]`.
///
/// # Errors
/// What went wrong with the example.
#[allow(dead_code, reason = "a test runs examples without it")]
pub(crate) async fn main(examples: &[Example]) -> Result<(), Error> {
    let mut words = env::args().skip(1);
    let (name, way) = (words.next().unwrap_or_default(), words.next());
    let Some((_, example)) = examples.iter().find(|(known, _)| *known == name) else {
        let known: Vec<_> = examples.iter().map(|(name, _)| *name).collect();
        eprintln!("give the name of an example, and await, sync or pn_async:\n  {}", known.join("\n  "));
        std::process::exit(2);
    };
    let way = way.as_deref().map_or(Some(Way::Await), Way::named).unwrap_or(Way::Await);
    let set = |name: &str, otherwise: &str| env::var(name).unwrap_or_else(|_| otherwise.to_owned());
    let config = Config::new(set("SUBSCRIBE_KEY", "demo"))
        .publish_key(set("PUBLISH_KEY", "demo"))
        .user(set("USER_ID", "my_custom_user_id"))
        .origin(set("ORIGIN", Config::DEFAULT_ORIGIN));
    println!("{}", example(&Run::new(config, way)?).await?);
    Ok(())
}
