//! Digests: made, and compared with what was said.

use oci_spec::image::{Digest, DigestAlgorithm};
use sha2::{Digest as _, Sha256, Sha512};

use super::error::ReadError;
use super::progress::Progress;

/// After how many bytes there is progress.
const CHUNK: usize = 1 << 20;

/// A SHA-256 as a digest.
pub(super) fn text(hasher: Sha256) -> String {
    format!("sha256:{}", hex(&hasher.finalize()))
}

/// A hash as digests show it.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The SHA-256 of some bytes, as a digest.
pub(super) fn sha256(bytes: &[u8], progress: &dyn Progress) -> String {
    let mut hasher = Sha256::new();
    for chunk in bytes.chunks(CHUNK) {
        hasher.update(chunk);
        progress.advance(chunk.len() as u64);
    }
    text(hasher)
}

/// Compares a blob with the digest by which it was named. Gives the digest.
pub(super) fn verify(name: &str, bytes: &[u8], said: &Digest, progress: &dyn Progress) -> Result<String, ReadError> {
    let is = match said.algorithm() {
        DigestAlgorithm::Sha256 => sha256(bytes, progress),
        DigestAlgorithm::Sha512 => {
            progress.advance(bytes.len() as u64);
            format!("sha512:{}", hex(&Sha512::digest(bytes)))
        }
        _ => return Err(ReadError::UnknownDigest { blob: name.to_owned(), digest: said.to_string() }),
    };
    let said = said.to_string();
    if is == said { Ok(is) } else { Err(ReadError::DigestMismatch { blob: name.to_owned(), said, is }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::progress::Silent;

    #[test]
    fn a_digest_of_another_kind_is_refused() {
        let digest: Digest = "md5:abc".parse().unwrap();
        assert!(matches!(verify("x", b"", &digest, &Silent), Err(ReadError::UnknownDigest { .. })));
        let digest: Digest = sha256(b"a", &Silent).parse().unwrap();
        assert!(matches!(verify("x", b"b", &digest, &Silent), Err(ReadError::DigestMismatch { .. })));
        assert_eq!(verify("x", b"a", &digest, &Silent).unwrap(), digest.to_string());
    }
}
