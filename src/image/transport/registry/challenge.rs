//! Authentication challenges of registries: the required credentials, and the server that issues
//! tokens.

use http_auth::ChallengeParser;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// A supported challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A user name and a password are sent with every request.
    Basic,
    /// A token is fetched from the server at `realm`.
    Bearer { realm: String, service: String },
}

impl Challenge {
    /// Chooses the challenge to answer, preferring a token to a password; `None` if neither is
    /// offered.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut chosen = None;
        for header in headers.get_all(WWW_AUTHENTICATE) {
            let Ok(header) = header.to_str() else {
                continue;
            };
            for challenge in in_header(header) {
                // A token is valid for one repository, while a password is valid for the whole
                // account.
                if challenge != Self::Basic {
                    return Some(challenge);
                }
                chosen.get_or_insert(challenge);
            }
        }
        chosen
    }
}

/// The challenges of a header, which may list several.
fn in_header(header: &str) -> Vec<Challenge> {
    let mut found = Vec::new();
    for challenge in ChallengeParser::new(header).flatten() {
        if challenge.scheme.eq_ignore_ascii_case("basic") {
            found.push(Challenge::Basic);
        }
        if challenge.scheme.eq_ignore_ascii_case("bearer") {
            let (mut realm, mut service) = (None, None);
            for (key, value) in &challenge.params {
                if key.eq_ignore_ascii_case("realm") {
                    realm.get_or_insert(value.to_unescaped());
                } else if key.eq_ignore_ascii_case("service") {
                    service.get_or_insert(value.to_unescaped());
                }
            }
            // Some registries state no service, but without a realm there is no server to ask.
            if let Some(realm) = realm {
                let service = service.unwrap_or_default();
                found.push(Challenge::Bearer { realm, service });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(headers: &[&str]) -> Option<Challenge> {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(WWW_AUTHENTICATE, header.parse().unwrap());
        }
        Challenge::of(&map)
    }

    #[test]
    fn the_token_realm_is_read_from_the_challenge() {
        let bearer = Some(Challenge::Bearer {
            realm: "https://auth.example/token".into(),
            service: "r.example".into(),
        });
        let text = r#"Bearer realm="https://auth.example/token",service="r.example""#;
        assert_eq!(found(&[text]), bearer);
        let both =
            r#"Basic realm="x", bearer Service=r.example, realm="https://auth.example/token""#;
        assert_eq!(found(&[both]), bearer);
        assert_eq!(found(&[r#"Basic realm="x""#, text]), bearer);
        assert_eq!(found(&[r#"Basic realm="x""#]), Some(Challenge::Basic));
        assert_eq!(found(&[r#"Bearer service="x""#]), None);
        assert_eq!(found(&["Negotiate"]), None);
        assert_eq!(found(&[]), None);
    }
}
