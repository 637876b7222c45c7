//! Referrers: the manifests of a repository that name another one as their subject.
//!
//! Registries without this API have an index of them under a tag, which clients keep.
//!
//! Source: <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers>.

use reqwest::header::ACCEPT;
use reqwest::{Method, StatusCode};

use super::http::{HttpError, body, send};
use super::{MANIFESTS, Registry, TransferError, failed, retried};

/// The name of the document in errors.
const REFERRERS: &str = "the referrers";

impl Registry {
    /// Fetches the index of the manifests that name a manifest as their subject; `None` if the
    /// registry has none.
    pub(in crate::image) fn referrers(
        &self,
        digest: &str,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, TransferError> {
        let place = self.place(Some(digest));
        let fetched = retried(|| self.fetch_referrers(digest, limit));
        let fetched = self.event_loop.block_on(fetched);
        fetched.map_err(failed("fetch the referrers of", &place))
    }

    async fn fetch_referrers(
        &self,
        digest: &str,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, HttpError> {
        let fallback = format!("manifests/{}", fallback_tag(digest));
        for path in [format!("referrers/{digest}"), fallback] {
            if let Some(bytes) = self.fetch_if_there(&path, limit).await? {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    /// Fetches a document; `None` if there is none.
    pub(super) async fn fetch_if_there(
        &self,
        path: &str,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, HttpError> {
        let url = self.session.url(path)?;
        let request = self.session.brief(Method::GET, url).await?;
        match send(request.header(ACCEPT, MANIFESTS)).await {
            Ok(response) => body(response, REFERRERS, limit).await.map(Some),
            // Registries without the API answer in different ways.
            Err(HttpError::Status {
                status:
                    StatusCode::NOT_FOUND
                    | StatusCode::METHOD_NOT_ALLOWED
                    | StatusCode::BAD_REQUEST
                    | StatusCode::NOT_IMPLEMENTED,
                ..
            }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The tag of the index in registries without the API.
pub(super) fn fallback_tag(digest: &str) -> String {
    digest.replace(':', "-")
}
