//! Granting a token.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};
use wire::access::{Categories, Grant, Permissions, Scope, read_granted};
use wire::context::Kind;

use super::resource::{Channel, Group, Resource, User};
use crate::call::Call;
use crate::client::Caller;
use crate::config::Config;
use crate::error::Error;
use crate::json::Json;
use crate::operation::Operation;
use crate::request::{Method, Request, Response};

/// A token to grant: made by [`Caller::grant_token`].
#[derive(Clone, Default)]
pub struct GrantToken {
    minutes: Option<u64>,
    resources: Scope,
    patterns: Scope,
    lists: Categories,
    meta: Json,
    user: Option<String>,
}

/// A token that was granted.
#[derive(Clone, PartialEq, Eq)]
pub struct GrantTokenResult {
    /// The token. It is a secret: whoever has it may do what it permits.
    pub token: String,
}

impl GrantTokenResult {
    /// The token, by its documented name.
    #[must_use]
    pub fn get_token(&self) -> &str {
        &self.token
    }
}

/// Without the token.
impl fmt::Debug for GrantTokenResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrantTokenResult").finish_non_exhaustive()
    }
}

impl<M> Caller<M> {
    /// Grants a token. Needs the secret key.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// use hereabouts::calls::access::Channel;
    ///
    /// let config = Config::new("guarded-sub").publish_key("guarded-pub").user("ann").origin(origin);
    /// let admin = Client::new(config.clone().secret_key("guarded-secret"))?;
    /// let granted = admin.grant_token().ttl(15).authorized_user("ann").channels([Channel::id("lobby").write()]).await?;
    ///
    /// let ann = Client::new(config)?;
    /// ann.set_token(granted.token);
    /// ann.publish().channel("lobby").message("hi").await?;
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn grant_token(&self) -> Call<M, GrantToken> {
        self.call(GrantToken::default())
    }
}

/// What it permits, to whom, for how long.
///
/// ```
/// # testkit::example::run(async |origin| {
/// # use hereabouts::{Client, Config};
/// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
/// use hereabouts::calls::access::{Channel, Group, Permissions, User};
/// use serde_json::json;
///
/// # let config = client.config().clone();
/// # let config = Config::new("guarded-sub").publish_key("guarded-pub").origin(testkit::example::origin());
/// let admin = Client::new(config.secret_key("guarded-secret"))?;
/// let granted = admin
///     .grant_token()
///     .ttl(60)
///     .authorized_user("ann")
///     .channels([Channel::id("lobby").read().write(), Channel::pattern("^room-[0-9]+$").read()])
///     .groups([Group::id("family").read()])
///     .users([User::id("ann").get().update()])
///     .all_users(Permissions::GET)
///     .meta(json!({"seat": 7}))
///     .await?;
/// let token = admin.parse_token(granted.get_token())?;
/// assert_eq!((token.user.as_deref(), token.ttl), (Some("ann"), 60));
/// assert_eq!(token.resources.channels["lobby"], Permissions::READ | Permissions::WRITE);
/// # Ok::<(), hereabouts::Error>(()) });
/// ```
impl<M> Call<M, GrantToken> {
    /// For how many minutes: 1 to 43,200. Needed.
    pub fn ttl(mut self, minutes: u64) -> Self {
        self.operation.minutes = Some(minutes);
        self
    }

    /// What may be done with channels.
    pub fn channels(mut self, channels: impl IntoIterator<Item = Channel>) -> Self {
        self.operation.add(channels, |scope| &mut scope.channels);
        self
    }

    /// What may be done with channel groups.
    pub fn groups(mut self, groups: impl IntoIterator<Item = Group>) -> Self {
        self.operation.add(groups, |scope| &mut scope.groups);
        self
    }

    /// What may be done with the metadata of users.
    pub fn users(mut self, users: impl IntoIterator<Item = User>) -> Self {
        self.operation.add(users, |scope| &mut scope.uuids);
        self
    }

    /// The same as [`users`](Self::users), by its documented name.
    pub fn uuids(self, users: impl IntoIterator<Item = User>) -> Self {
        self.users(users)
    }

    /// What may be done with the list of all channels: [`Permissions::GET`] permits reading it.
    pub fn all_channels(mut self, permissions: Permissions) -> Self {
        self.operation.lists.insert(Kind::Channel, permissions);
        self
    }

    /// What may be done with the list of all users; see [`all_channels`](Self::all_channels).
    pub fn all_users(mut self, permissions: Permissions) -> Self {
        self.operation.lists.insert(Kind::User, permissions);
        self
    }

    /// The only user who may use the token. Default: whoever has it.
    pub fn authorized_user(mut self, user: impl Into<String>) -> Self {
        self.operation.user = Some(user.into());
        self
    }

    /// The same as [`authorized_user`](Self::authorized_user), by its documented name.
    pub fn authorized_uuid(self, user: impl Into<String>) -> Self {
        self.authorized_user(user)
    }

    /// An object that travels in the token, for whoever reads it.
    pub fn meta(mut self, meta: impl Serialize) -> Self {
        self.operation.meta = Json::of(&meta);
        self
    }
}

impl GrantToken {
    fn add<K>(
        &mut self,
        resources: impl IntoIterator<Item = Resource<K>>,
        map: impl Fn(&mut Scope) -> &mut BTreeMap<String, Permissions>,
    ) {
        for Resource { name, is_pattern, permissions, .. } in resources {
            let scope = if is_pattern { &mut self.patterns } else { &mut self.resources };
            *map(scope).entry(name).or_default() |= permissions;
        }
    }
}

impl Operation for GrantToken {
    type Output = GrantTokenResult;

    const NAME: &'static str = "grant_token";

    fn request(&self, config: &Config) -> Result<Request, Error> {
        config.require_secret_key()?;
        let minutes = self.minutes.ok_or_else(|| Error::usage("this call needs a ttl"))?;
        let meta = match self.meta.value("meta")? {
            None => Map::new(),
            Some(Value::Object(meta)) => meta,
            Some(_) => return Err(Error::usage("the meta must be an object")),
        };
        let Self { resources, patterns, lists, user, .. } = self.clone();
        let grant = Grant::new(minutes, resources, patterns, lists, meta, user);
        Ok(Request::new(Method::Post, ["v3", "pam", &config.subscribe_key, "grant"]).json(grant.body()))
    }

    fn answer(&self, response: &Response) -> Result<GrantTokenResult, Error> {
        Ok(GrantTokenResult { token: read_granted(&response.body)? })
    }
}
