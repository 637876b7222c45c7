//! A session with a registry, which renews its tokens when they expire.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, RequestBuilder, Url};
use serde::Deserialize;

use super::Connection;
use super::challenge::Challenge;
use super::credentials::Login;
use super::http::{Http, HttpError, body};
use super::reach::Refusal;
use crate::image::json::{self, TOKEN};
use crate::image::name::{DEFAULT_REGISTRY, Name};

/// Maximum size of a token server's response in bytes: the limit of Podman.
const MAX_TOKEN: u64 = 1 << 20;
/// Default lifetime of a token in seconds if the server does not state it, as in the specification.
const USUAL_LIFE: u64 = 60;
/// Minimum time that a token is used, in seconds: one that expires sooner would be renewed for
/// every request.
const SHORTEST_LIFE: u64 = 10;
/// Maximum time that a token is used, in seconds; a larger number could overflow the clock.
const LONGEST_LIFE: u64 = 24 * 60 * 60;

/// The operation for which access is needed.
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

/// A session with a registry for one repository.
pub(super) struct Session {
    http: Http,
    login: Login,
    repository: String,
    operation: Operation,
    authorization: Mutex<Authorization>,
}

/// The authorization that is sent to the registry with every request.
#[derive(Clone)]
struct Authorization {
    /// The header; `None` if the registry requires no authorization.
    header: Option<HeaderValue>,
    /// The time at which it expires, if ever.
    until: Option<Instant>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("reach", &self.http.reach)
            .finish_non_exhaustive()
    }
}

/// The host of a registry.
pub(super) fn host(image: &Name) -> &str {
    match image.registry() {
        // Docker Hub's website has the name of its registry.
        DEFAULT_REGISTRY => "index.docker.io",
        registry => registry,
    }
}

impl Session {
    pub(super) async fn open(
        image: &Name,
        login: Login,
        is_tls: bool,
        how: Connection,
        operation: Operation,
    ) -> Result<Self, HttpError> {
        let http = Http::new(host(image), is_tls, how)?;
        // Nothing is known yet: the first request finds out.
        let authorization = Authorization {
            header: None,
            until: None,
        };
        let session = Self {
            http,
            login,
            repository: image.repository().into_owned(),
            operation,
            authorization: Mutex::new(authorization),
        };
        session.renew().await?;
        Ok(session)
    }

    /// A URL below that of the repository.
    pub(super) fn url(&self, path: &str) -> Result<Url, HttpError> {
        self.http.url(&format!("v2/{}/{path}", self.repository))
    }

    /// A URL returned by the registry, which may be relative.
    pub(super) fn location(&self, base: &Url, location: &str) -> Result<Url, HttpError> {
        let url = base.join(location);
        let url = url.map_err(|_| refused(location, Refusal::Malformed))?;
        let checked = self.http.reach.check(&url);
        checked.map_err(|refusal| refused(url.as_str(), refusal))?;
        Ok(url)
    }

    /// A request whose answer is short.
    pub(super) async fn brief(
        &self,
        method: Method,
        url: Url,
    ) -> Result<RequestBuilder, HttpError> {
        let request = self.http.brief_request(method, url.clone());
        self.authorized(request, &url).await
    }

    /// A request without a time limit, for blobs.
    pub(super) async fn long(&self, method: Method, url: Url) -> Result<RequestBuilder, HttpError> {
        let request = self.http.request(method, url.clone());
        self.authorized(request, &url).await
    }

    /// Adds the authorization if the request goes to the registry itself: redirect targets and
    /// separate upload hosts do not receive it.
    async fn authorized(
        &self,
        request: RequestBuilder,
        url: &Url,
    ) -> Result<RequestBuilder, HttpError> {
        if !self.http.reach.is_registry(url) {
            return Ok(request);
        }
        if self
            .authorization()
            .until
            .is_some_and(|until| until <= Instant::now())
        {
            self.renew().await?;
        }
        Ok(match self.authorization().header {
            Some(header) => request.header(AUTHORIZATION, header),
            None => request,
        })
    }

    /// A copy of the authorization. No thread panics while it has the lock, so poisoning means
    /// nothing.
    fn authorization(&self) -> Authorization {
        self.authorization
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Asks the registry for its challenge, and answers it.
    async fn renew(&self) -> Result<(), HttpError> {
        let greeting = self.http.brief_request(Method::GET, self.http.url("v2/")?);
        let greeting = greeting.send().await?;
        // 401 is the expected response. An overloaded server does not send a challenge.
        if greeting.status().is_server_error() || greeting.status().as_u16() == 429 {
            return Err(super::http::failure(greeting).await);
        }
        // After a redirect, another host sends the challenge. It gets no credentials.
        let login = if self.http.reach.is_registry(greeting.url()) {
            &self.login
        } else {
            &Login::Anonymous
        };
        let authorization = match (Challenge::of(greeting.headers()), login) {
            (Some(Challenge::Basic), Login::Password(user, password)) => Authorization {
                header: Some(basic(user, password)?),
                until: None,
            },
            (Some(Challenge::Bearer { realm, service }), login) => {
                self.fetch_token(&realm, &service, login).await?
            }
            // The registry requires no authorization, or a password that is not available. Public
            // images may still be readable; if not, the registry returns an error.
            (Some(Challenge::Basic) | None, _) => Authorization {
                header: None,
                until: None,
            },
        };
        *self
            .authorization
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = authorization;
        Ok(())
    }

    /// Gets a token for the repository.
    async fn fetch_token(
        &self,
        realm: &str,
        service: &str,
        login: &Login,
    ) -> Result<Authorization, HttpError> {
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
        // An identity token is exchanged with OAuth 2, everything else with the older `GET`.
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
                // Public images require a token too, which is issued to anyone.
                _ => request,
            }
        };
        let answer = request.send().await?;
        if !answer.status().is_success() {
            let status = answer.status();
            return Err(HttpError::NoToken { status });
        }
        let answer = body(answer, "the response of the token server", MAX_TOKEN).await?;
        parse_token(&answer)
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

/// A header that is excluded from logs.
fn secret(value: &str) -> Result<HeaderValue, HttpError> {
    let header = HeaderValue::from_str(value);
    let mut header =
        header.map_err(|_| HttpError::Malformed("the token contains control characters".into()))?;
    header.set_sensitive(true);
    Ok(header)
}

/// Parses the token in a response. The older name takes precedence, as in Docker.
fn parse_token(answer: &[u8]) -> Result<Authorization, HttpError> {
    #[derive(Deserialize)]
    struct Answer {
        token: Option<String>,
        access_token: Option<String>,
        expires_in: Option<u64>,
    }
    let answer = json::parse(answer, &TOKEN).map_err(malformed)?;
    let answer: Answer = serde_json::from_value(answer).map_err(malformed)?;
    let Some(token) = answer.token.or(answer.access_token) else {
        return Err(malformed("its response has no token"));
    };
    // A hostile server could state 0, for endless renewals, or more seconds than the clock has.
    let life = answer
        .expires_in
        .unwrap_or(USUAL_LIFE)
        .clamp(SHORTEST_LIFE, LONGEST_LIFE);
    // It is renewed a little early, because a request takes time to reach the registry.
    let life = Duration::from_secs(life) * 9 / 10;
    Ok(Authorization {
        header: Some(secret(&format!("Bearer {token}"))?),
        until: Some(Instant::now() + life),
    })
}

fn malformed(error: impl std::fmt::Display) -> HttpError {
    HttpError::Malformed(format!("the token server: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(answer: &str) -> Result<String, String> {
        let authorization = parse_token(answer.as_bytes()).map_err(|error| error.to_string())?;
        let header = authorization.header.unwrap();
        assert!(header.is_sensitive());
        Ok(header.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_token_is_read_from_either_of_its_two_keys() {
        assert_eq!(header(r#"{"token": "a"}"#).unwrap(), "Bearer a");
        assert_eq!(
            header(r#"{"access_token": "b", "x": 1}"#).unwrap(),
            "Bearer b"
        );
        let both = r#"{"access_token": "b", "token": "a", "expires_in": 300}"#;
        assert_eq!(header(both).unwrap(), "Bearer a");
    }

    #[test]
    fn an_invalid_token_response_is_refused_without_printing_it() {
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
