//! The requests of the admin API and their answers, `/admin/v1/…`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use hyper::{Method, Request, Response, StatusCode};
use node::Data;
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::fault::Fault;
use super::keysets::Managed;
use super::token::Token;

/// The longest body: room for all settings that there are, and many presence rules.
const BODY_BYTES: usize = 64 * 1024;
/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(10);

/// What a request needs.
pub(super) struct Api {
    pub(super) token: Token,
    pub(super) managed: Managed,
}

/// What is asked for, as far as the path says.
enum Place<'p> {
    Keysets,
    Keyset(&'p str),
    Rotate(&'p str),
}

impl<'p> Place<'p> {
    fn of(path: &'p str) -> Option<Self> {
        let rest = path.strip_prefix("/admin/v1/keysets")?;
        let parts: Vec<&str> = rest.split('/').collect();
        match parts[..] {
            [""] => Some(Self::Keysets),
            ["", name] if !name.is_empty() => Some(Self::Keyset(name)),
            ["", name, "rotate"] if !name.is_empty() => Some(Self::Rotate(name)),
            _ => None,
        }
    }

    fn methods(&self) -> &'static str {
        match self {
            Self::Keysets => "GET, POST",
            Self::Keyset(_) => "GET, PATCH, DELETE",
            Self::Rotate(_) => "POST",
        }
    }
}

impl Api {
    /// Answers a request, whatever it is.
    pub(super) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let place = request.uri().path().to_owned();
        match self.act(request).await {
            Ok((status, answer)) => json(status, answer.to_string()),
            Err(fault) => {
                let mut response = json(fault.status, fault.body());
                let headers = response.headers_mut();
                match fault.status {
                    StatusCode::UNAUTHORIZED => {
                        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                    }
                    StatusCode::METHOD_NOT_ALLOWED => {
                        let methods = Place::of(&place).map_or("", |place| place.methods());
                        headers.insert(ALLOW, HeaderValue::from_static(methods));
                    }
                    _ => {}
                }
                response
            }
        }
    }

    async fn act(&self, request: Request<Incoming>) -> Result<(StatusCode, Value), Fault> {
        if !self.is_permitted(request.headers()) {
            let message = "the admin token is missing or another: it lies in admin.token in the data directory, and goes into \
                           the header Authorization: Bearer";
            return Err(Fault::new(StatusCode::UNAUTHORIZED, message));
        }
        let (parts, body) = request.into_parts();
        let place = Place::of(parts.uri.path());
        let place = place.ok_or_else(|| Fault::new(StatusCode::NOT_FOUND, "there is nothing under this path"))?;
        let managed = &self.managed;
        match (&place, parts.method) {
            (Place::Keysets, Method::GET) => Ok((StatusCode::OK, managed.list().await?)),
            (Place::Keysets, Method::POST) => Ok((StatusCode::CREATED, managed.add(object(body).await?).await?)),
            (Place::Keyset(name), Method::GET) => Ok((StatusCode::OK, managed.get(name).await?)),
            (Place::Keyset(name), Method::PATCH) => Ok((StatusCode::OK, managed.set(name, object(body).await?).await?)),
            (Place::Keyset(name), Method::DELETE) => {
                Ok((StatusCode::OK, managed.remove(name, data(parts.uri.query())?).await?))
            }
            (Place::Rotate(name), Method::POST) => {
                Ok((StatusCode::OK, managed.rotate(name, object(body).await?).await?))
            }
            _ => {
                let message = format!("this path takes {}", place.methods());
                Err(Fault::new(StatusCode::METHOD_NOT_ALLOWED, message))
            }
        }
    }

    fn is_permitted(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        shown.is_some_and(|shown| self.token.is(shown))
    }
}

/// What becomes of the data of a key set that is removed.
fn data(query: Option<&str>) -> Result<Data, Fault> {
    match query {
        None | Some("" | "data=keep") => Ok(Data::Kept),
        Some("data=forget") => Ok(Data::Forgotten),
        Some(_) => Err(Fault::bad("the query must be data=keep or data=forget, or none, which keeps it")),
    }
}

/// A body that is a JSON object, or empty, which is one with nothing in it.
async fn object(body: Incoming) -> Result<Map<String, Value>, Fault> {
    let late = |_| Fault::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time");
    let bytes = timeout(BODY_TIME, Limited::new(body, BODY_BYTES).collect()).await.map_err(late)?;
    let bytes = bytes.map_err(|error| match error.is::<LengthLimitError>() {
        true => Fault::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body has more than {BODY_BYTES} bytes")),
        false => Fault::bad("the body broke off"),
    })?;
    let bytes = bytes.to_bytes();
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        // Not what the parser says, which may quote a secret.
        Ok(_) | Err(_) => Err(Fault::bad("the body is no JSON object")),
    }
}

fn json(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body + "\n"));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // It may hold a secret.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
