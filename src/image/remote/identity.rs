//! Identity tokens, which `docker login` notes instead of a password for registries of some clouds:
//! they buy a token for one repository, by OAuth 2 as the Distribution project's token
//! specification has it.

use std::collections::BTreeMap;

use http_auth::ChallengeParser;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::secrets::RegistryAuth;
use oci_client::{Reference, RegistryOperation};
use reqwest::header::WWW_AUTHENTICATE;
use reqwest::{Certificate, Client};
use serde::Deserialize;

#[derive(Deserialize)]
struct Answer {
    #[serde(alias = "token")]
    access_token: String,
}

/// Who one is to the registry after it was shown the identity token; nobody, where it asks for no
/// token.
pub(super) async fn exchange(
    config: &ClientConfig,
    image: &Reference,
    identity: &str,
    operation: RegistryOperation,
) -> Result<RegistryAuth, OciDistributionError> {
    let client = client(config)?;
    let scheme = if matches!(config.protocol, ClientProtocol::Http) {
        "http"
    } else {
        "https"
    };
    let greeting = client
        .get(format!("{scheme}://{}/v2/", image.resolve_registry()))
        .send()
        .await?;
    let mut said = greeting
        .headers()
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|header| header.to_str().ok());
    let Some((realm, service)) = said.find_map(bearer) else {
        return Ok(RegistryAuth::Anonymous);
    };
    let actions = if matches!(operation, RegistryOperation::Push) {
        "pull,push"
    } else {
        "pull"
    };
    let scope = format!("repository:{}:{actions}", image.repository());
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "jettison"),
        ("service", &service),
        ("scope", &scope),
        ("refresh_token", identity),
    ];
    let answer = client.post(realm).form(&form).send().await?;
    if !answer.status().is_success() {
        // What it says may repeat the token.
        return Err(OciDistributionError::AuthenticationFailure(
            answer.status().to_string(),
        ));
    }
    let decoded = serde_json::from_slice(&answer.bytes().await?);
    let answer: Answer = decoded
        .map_err(|error| OciDistributionError::RegistryTokenDecodeError(error.to_string()))?;
    Ok(RegistryAuth::Bearer(answer.access_token))
}

/// One that trusts whom the registry's own client does.
fn client(config: &ClientConfig) -> Result<Client, OciDistributionError> {
    let certificates = config
        .extra_root_certificates
        .iter()
        .filter_map(|given| Certificate::from_pem(&given.data).ok());
    let builder = Client::builder()
        .danger_accept_invalid_certs(config.accept_invalid_certificates)
        .tls_certs_merge(certificates)
        .user_agent(config.user_agent);
    let builder = config
        .connect_timeout
        .into_iter()
        .fold(builder, reqwest::ClientBuilder::connect_timeout);
    Ok(config
        .read_timeout
        .into_iter()
        .fold(builder, reqwest::ClientBuilder::read_timeout)
        .build()?)
}

/// Where a challenge says that tokens are to be had, and for what; none of another kind than
/// `Bearer`.
fn bearer(header: &str) -> Option<(String, String)> {
    let is_bearer = |scheme: &str| scheme.eq_ignore_ascii_case("bearer");
    let challenge = ChallengeParser::new(header)
        .flatten()
        .find(|challenge| is_bearer(challenge.scheme))?;
    let of = |(key, value): &(&str, http_auth::ParamValue<'_>)| {
        (key.to_ascii_lowercase(), value.to_unescaped())
    };
    let mut parameters: BTreeMap<_, _> = challenge.params.iter().map(of).collect();
    Some((
        parameters.remove("realm")?,
        parameters.remove("service").unwrap_or_default(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_names_where_tokens_are_to_be_had() {
        let found = |header: &str| bearer(header);
        let expected = Some((
            "https://auth.example/token".to_owned(),
            "r.example".to_owned(),
        ));
        assert_eq!(
            found("Bearer realm=\"https://auth.example/token\",service=\"r.example\""),
            expected
        );
        assert_eq!(
            found(
                "Basic realm=\"x\", bearer Service=r.example, realm=\"https://auth.example/token\""
            ),
            expected
        );
        assert_eq!(found("Basic realm=\"x\""), None);
        assert_eq!(found("Bearer service=\"x\""), None);
    }
}
