//! A registry that has let us in, for as long as it does: tokens end, and are bought again.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use oci_spec::distribution::Reference;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, RequestBuilder, Url};
use serde::Deserialize;

use super::Connection;
use super::challenge::Challenge;
use super::credentials::Login;
use super::http::{Http, HttpError, body};
use super::reach::Refusal;
use crate::image::json::{self, TOKEN};

/// Bytes of the answer of a token server: as many as Podman reads.
const MAX_TOKEN: u64 = 1 << 20;
/// How long a token lasts where its server does not tell, as the specification has it.
const USUAL_LIFE: u64 = 60;
/// A token that ends sooner would be bought for every request.
const SHORTEST_LIFE: u64 = 10;
const LONGEST_LIFE: u64 = 24 * 60 * 60;

/// What shall be done with an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Pull,
    Push,
}

impl Operation {
    fn actions(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "pull,push",
        }
    }
}

pub(super) struct Session {
    http: Http,
    login: Login,
    repository: String,
    operation: Operation,
    entry: Mutex<Entry>,
}

/// What the registry is shown with every request.
#[derive(Clone)]
struct Entry {
    /// None where nobody is asked.
    header: Option<HeaderValue>,
    /// None where it does not end.
    until: Option<Instant>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("reach", &self.http.reach)
            .finish_non_exhaustive()
    }
}

impl Session {
    pub(super) async fn open(
        image: &Reference,
        login: Login,
        is_tls: bool,
        how: Connection,
        operation: Operation,
    ) -> Result<Self, HttpError> {
        let http = Http::new(image.resolve_registry(), is_tls, how)?;
        let entry = Entry {
            header: None,
            until: None,
        };
        let session = Self {
            http,
            login,
            repository: image.repository().to_owned(),
            operation,
            entry: Mutex::new(entry),
        };
        session.renew().await?;
        Ok(session)
    }

    /// An address below that of the repository.
    pub(super) fn url(&self, path: &str) -> Result<Url, HttpError> {
        self.http.url(&format!("v2/{}/{path}", self.repository))
    }

    /// An address that the registry names, relative to one of its own.
    pub(super) fn location(&self, base: &Url, location: &str) -> Result<Url, HttpError> {
        let url = base.join(location);
        let url = url.map_err(|_| refused(location, Refusal::Malformed))?;
        let checked = self.http.reach.check(&url);
        checked.map_err(|refusal| refused(url.as_str(), refusal))?;
        Ok(url)
    }

    /// A request whose answer comes soon.
    pub(super) async fn brief(
        &self,
        method: Method,
        url: Url,
    ) -> Result<RequestBuilder, HttpError> {
        let request = self.http.brief_request(method, url.clone());
        self.authorized(request, &url).await
    }

    /// A request that takes as long as it takes.
    pub(super) async fn long(&self, method: Method, url: Url) -> Result<RequestBuilder, HttpError> {
        let request = self.http.request(method, url.clone());
        self.authorized(request, &url).await
    }

    /// Nobody but the registry is shown what lets us in: neither a host to which it redirects nor
    /// one at which it lets us upload.
    async fn authorized(
        &self,
        request: RequestBuilder,
        url: &Url,
    ) -> Result<RequestBuilder, HttpError> {
        if !self.http.reach.is_registry(url) {
            return Ok(request);
        }
        if self
            .entry()
            .until
            .is_some_and(|until| until <= Instant::now())
        {
            self.renew().await?;
        }
        Ok(match self.entry().header {
            Some(header) => request.header(AUTHORIZATION, header),
            None => request,
        })
    }

    /// No thread panics with the lock.
    fn entry(&self) -> Entry {
        self.entry
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Asks the registry whom it lets in, and becomes that.
    async fn renew(&self) -> Result<(), HttpError> {
        let greeting = self.http.brief_request(Method::GET, self.http.url("v2/")?);
        let greeting = greeting.send().await?;
        if greeting.status().is_server_error() || greeting.status().as_u16() == 429 {
            return Err(super::http::failure(greeting).await);
        }
        let entry = match (Challenge::of(greeting.headers()), &self.login) {
            (Some(Challenge::Basic), Login::Password(user, password)) => Entry {
                header: Some(basic(user, password)?),
                until: None,
            },
            (Some(Challenge::Bearer { realm, service }), login) => {
                self.buy(&realm, &service, login).await?
            }
            // The registry asks for nothing, or for what nobody has given: it will say so.
            (Some(Challenge::Basic) | None, _) => Entry {
                header: None,
                until: None,
            },
        };
        *self.entry.lock().unwrap_or_else(PoisonError::into_inner) = entry;
        Ok(())
    }

    /// A token for the repository.
    async fn buy(&self, realm: &str, service: &str, login: &Login) -> Result<Entry, HttpError> {
        let mut realm = self
            .http
            .reach
            .parse(realm)
            .map_err(|refusal| refused(realm, refusal))?;
        let scope = format!(
            "repository:{}:{}",
            self.repository,
            self.operation.actions()
        );
        let request = if let Login::Identity(token) = login {
            let form = [
                ("grant_type", "refresh_token"),
                ("client_id", "jettison"),
                ("service", service),
                ("scope", &scope),
                ("refresh_token", token),
            ];
            self.http
                .unredirected_request(Method::POST, realm)
                .form(&form)
        } else {
            realm.query_pairs_mut().append_pair("scope", &scope);
            if !service.is_empty() {
                realm.query_pairs_mut().append_pair("service", service);
            }
            let request = self.http.brief_request(Method::GET, realm);
            match login {
                Login::Password(user, password) => {
                    request.header(AUTHORIZATION, basic(user, password)?)
                }
                _ => request,
            }
        };
        let answer = request.send().await?;
        if !answer.status().is_success() {
            let status = answer.status();
            return Err(HttpError::NoToken { status });
        }
        let answer = body(answer, "the answer of the token server", MAX_TOKEN).await?;
        entry(&answer)
    }
}

fn refused(url: &str, refusal: Refusal) -> HttpError {
    HttpError::Refused {
        url: crate::printable::escape(url).into_owned(),
        refusal,
    }
}

fn basic(user: &str, password: &str) -> Result<HeaderValue, HttpError> {
    use base64::Engine as _;

    let encoded = base64::prelude::BASE64_STANDARD.encode(format!("{user}:{password}"));
    secret(&format!("Basic {encoded}"))
}

/// A header that no log shows.
fn secret(value: &str) -> Result<HeaderValue, HttpError> {
    let header = HeaderValue::from_str(value);
    let mut header =
        header.map_err(|_| HttpError::Malformed("the token holds control characters".into()))?;
    header.set_sensitive(true);
    Ok(header)
}

/// The token in an answer. The older name comes first, as with Docker.
fn entry(answer: &[u8]) -> Result<Entry, HttpError> {
    #[derive(Deserialize)]
    struct Answer {
        token: Option<String>,
        access_token: Option<String>,
        expires_in: Option<u64>,
    }
    let malformed =
        |error: &dyn std::fmt::Display| HttpError::Malformed(format!("the token server: {error}"));
    let answer = json::parse(answer, &TOKEN).map_err(|error| malformed(&error))?;
    let answer: Answer = serde_json::from_value(answer).map_err(|error| malformed(&error))?;
    let Some(token) = answer.token.or(answer.access_token) else {
        return Err(malformed(&"its answer has no token"));
    };
    let life = answer
        .expires_in
        .unwrap_or(USUAL_LIFE)
        .clamp(SHORTEST_LIFE, LONGEST_LIFE);
    // A little before its end: the way to the registry takes time.
    let life = Duration::from_secs(life) * 9 / 10;
    Ok(Entry {
        header: Some(secret(&format!("Bearer {token}"))?),
        until: Some(Instant::now() + life),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(answer: &str) -> Result<String, String> {
        let entry = entry(answer.as_bytes()).map_err(|error| error.to_string())?;
        let header = entry.header.unwrap();
        assert!(header.is_sensitive());
        Ok(header.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_token_has_two_names() {
        assert_eq!(header(r#"{"token": "a"}"#).unwrap(), "Bearer a");
        assert_eq!(
            header(r#"{"access_token": "b", "x": 1}"#).unwrap(),
            "Bearer b"
        );
        let both = r#"{"access_token": "b", "token": "a", "expires_in": 300}"#;
        assert_eq!(header(both).unwrap(), "Bearer a");
    }

    #[test]
    fn an_answer_that_is_no_token_is_refused_without_showing_it() {
        for answer in [
            "",
            "{}",
            "[]",
            r#"{"token": "a", "token": "b"}"#,
            r#"{"TOKEN": "s3cret"}"#,
            r#"{"token": 5}"#,
            r#"{"token": "s3cret\r\nX: y"}"#,
            r#"{"token": "a", "expires_in": -1}"#,
        ] {
            let error = header(answer).unwrap_err();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
