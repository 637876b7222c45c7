//! Digests: computes them and verifies blobs against them.

use std::io::{self, Read};

use oci_spec::image::{Digest, DigestAlgorithm};
use sha2::{Digest as _, Sha256, Sha512};

use super::blob::Blob;
use super::error::ReadError;
use super::progress::Progress;
use crate::hash::hex;

/// Number of bytes that are hashed between two progress reports.
const CHUNK: usize = 256 << 10;

/// A SHA-256 as a digest.
pub(super) fn text(hasher: Sha256) -> String {
    format!("sha256:{}", hex(&hasher.finalize()))
}

/// The SHA-256 of a byte slice, as a digest.
pub(super) fn sha256(bytes: &[u8]) -> String {
    text(Sha256::new_with_prefix(bytes))
}

/// The SHA-256 of a blob, as a digest.
pub(super) fn sha256_of(
    name: &str,
    blob: &Blob,
    progress: &dyn Progress,
) -> Result<String, ReadError> {
    let mut hasher = Sha256::new();
    each_chunk(blob, progress, |chunk| hasher.update(chunk)).map_err(ReadError::blob(name))?;
    Ok(text(hasher))
}

/// Calls `take` with every byte of a blob, a chunk at a time.
fn each_chunk(blob: &Blob, progress: &dyn Progress, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    // Blobs may be larger than the available memory, so they are never read in full.
    let mut chunk = vec![0; CHUNK];
    let mut reader = blob.reader();
    loop {
        let count = reader.read(&mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        take(&chunk[..count]);
        progress.advance(count as u64);
    }
}

/// Verifies a blob against its digest. Returns the digest.
pub(super) fn verify(
    name: &str,
    blob: &Blob,
    expected: &Digest,
    progress: &dyn Progress,
) -> Result<String, ReadError> {
    let is = match expected.algorithm() {
        DigestAlgorithm::Sha256 => sha256_of(name, blob, progress)?,
        DigestAlgorithm::Sha512 => {
            let mut hasher = Sha512::new();
            each_chunk(blob, progress, |chunk| hasher.update(chunk))
                .map_err(ReadError::blob(name))?;
            format!("sha512:{}", hex(&hasher.finalize()))
        }
        // A digest with an unsupported algorithm cannot be verified, so the blob is refused.
        _ => {
            return Err(ReadError::UnknownDigest {
                blob: name.to_owned(),
                digest: expected.to_string(),
            });
        }
    };
    let expected = expected.to_string();
    if is == expected {
        Ok(is)
    } else {
        Err(ReadError::DigestMismatch {
            blob: name.to_owned(),
            said: expected,
            is,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    use crate::image::progress::Silent;

    #[test]
    fn unknown_algorithms_and_wrong_digests_are_refused() {
        let verify = |bytes: &[u8], digest| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(bytes).unwrap();
            verify("x", &Blob::spooled(file).unwrap(), digest, &Silent)
        };
        let digest: Digest = "md5:abc".parse().unwrap();
        assert!(matches!(
            verify(b"", &digest),
            Err(ReadError::UnknownDigest { .. })
        ));
        let digest: Digest = sha256(b"a").parse().unwrap();
        assert!(matches!(
            verify(b"b", &digest),
            Err(ReadError::DigestMismatch { .. })
        ));
        assert_eq!(verify(b"a", &digest).unwrap(), digest.to_string());
    }
}
