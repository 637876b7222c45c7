//! What a registry answers to who is not let in: which credentials it wants, and where they buy a
//! token.

use http_auth::ChallengeParser;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A user and a password with every request.
    Basic,
    /// A token of the server at `realm`.
    Bearer { realm: String, service: String },
}

impl Challenge {
    /// The one that is answered, a token before a password; none where there is none of these.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let said = headers.get_all(WWW_AUTHENTICATE).iter();
        let found: Vec<_> = said
            .filter_map(|header| header.to_str().ok())
            .flat_map(in_header)
            .collect();
        let is_bearer = |challenge: &&Self| **challenge != Self::Basic;
        found.iter().find(is_bearer).or(found.first()).cloned()
    }
}

fn in_header(header: &str) -> Vec<Challenge> {
    let mut found = Vec::new();
    for challenge in ChallengeParser::new(header).flatten() {
        if challenge.scheme.eq_ignore_ascii_case("basic") {
            found.push(Challenge::Basic);
        }
        if challenge.scheme.eq_ignore_ascii_case("bearer") {
            let value_of = |name: &str| {
                let mut params = challenge.params.iter();
                let found = params.find(|(key, _)| key.eq_ignore_ascii_case(name));
                found.map(|(_, value)| value.to_unescaped())
            };
            if let Some(realm) = value_of("realm") {
                let service = value_of("service").unwrap_or_default();
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
    fn a_challenge_names_where_tokens_are_to_be_had() {
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
