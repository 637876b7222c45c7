//! Bodies of answers, read up to a limit.

use reqwest::Response;
use reqwest::header::CONTENT_ENCODING;

/// The reason why a body was not read to its end.
#[derive(Debug)]
pub(super) enum BodyError {
    Request(reqwest::Error),
    /// A compressed answer could be decompressed to any size, and its digest would not match.
    Encoded,
    TooLong,
}

/// Reads a body of at most `limit` bytes.
pub(super) async fn read_body(mut response: Response, limit: u64) -> Result<Vec<u8>, BodyError> {
    let coding = response.headers().get(CONTENT_ENCODING);
    if coding.is_some_and(|coding| coding != "identity") {
        return Err(BodyError::Encoded);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Request)? {
        if (bytes.len() + chunk.len()) as u64 > limit {
            return Err(BodyError::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
