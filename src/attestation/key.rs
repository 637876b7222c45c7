//! Keys for signatures: Ed25519 and ECDSA on P-256, in PEM files as OpenSSL writes them.

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, UnparsedPublicKey, VerificationAlgorithm,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use sha2::{Digest as _, Sha256};

use crate::hash::hex;

/// The beginning of a public key's DER, up to the key itself, for each algorithm. All keys of an
/// algorithm have the same length, so nothing else has to be parsed.
///
/// Sources: RFC 8410 for Ed25519, RFC 5480 for P-256 with an uncompressed point.
const ED25519_PREFIX: &[u8] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
const ED25519_LENGTH: usize = 32;
const P256_PREFIX: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const P256_LENGTH: usize = 65;

/// The error for a file that is not a usable key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("it is not a private key in PKCS#8: expected a PEM block `PRIVATE KEY`{0}")]
    NotPrivate(&'static str),
    #[error("it is not a public key: expected a PEM block `PUBLIC KEY`{0}")]
    NotPublic(&'static str),
    #[error("the key is for neither Ed25519 nor ECDSA on P-256")]
    Unsupported,
    #[error("the system provides no random numbers")]
    Random,
}

/// A private key.
pub struct SigningKey {
    pair: Pair,
    id: String,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(Box<EcdsaKeyPair>),
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key itself must not get into a log.
        f.debug_struct("SigningKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Reads a private key from a PEM file.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem)
            .map_err(|_| KeyError::NotPrivate(hint_private(pem)))?;
        let key = key.secret_pkcs8_der();
        // OpenSSL leaves the public key out of Ed25519 keys.
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key) {
            let id = key_id(ED25519_PREFIX, pair.public_key().as_ref());
            let pair = Pair::Ed25519(pair);
            return Ok(Self { pair, id });
        }
        let (algorithm, random) = (&ECDSA_P256_SHA256_ASN1_SIGNING, SystemRandom::new());
        let pair =
            EcdsaKeyPair::from_pkcs8(algorithm, key, &random).map_err(|_| KeyError::Unsupported)?;
        let id = key_id(P256_PREFIX, pair.public_key().as_ref());
        let pair = Pair::P256(Box::new(pair));
        Ok(Self { pair, id })
    }

    /// The SHA-256 of the public key's DER.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &self.pair {
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::P256(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message);
                Ok(signature.map_err(|_| KeyError::Random)?.as_ref().to_vec())
            }
        }
    }
}

/// A public key.
#[derive(Clone, Debug)]
pub struct VerifyingKey {
    algorithm: &'static dyn VerificationAlgorithm,
    key: Vec<u8>,
    id: String,
}

impl VerifyingKey {
    /// Reads a public key from a PEM file.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem)
            .map_err(|_| KeyError::NotPublic(hint_public(pem)))?;
        let der: &[u8] = &der;
        let algorithms: [(&[u8], usize, &'static dyn VerificationAlgorithm); 2] = [
            (ED25519_PREFIX, ED25519_LENGTH, &ED25519),
            (P256_PREFIX, P256_LENGTH, &ECDSA_P256_SHA256_ASN1),
        ];
        for (prefix, length, algorithm) in algorithms {
            if let Some(key) = der.strip_prefix(prefix)
                && key.len() == length
            {
                return Ok(Self {
                    algorithm,
                    key: key.to_vec(),
                    id: hex(&Sha256::digest(der)),
                });
            }
        }
        Err(KeyError::Unsupported)
    }

    /// The SHA-256 of the key's DER.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(self.algorithm, &self.key);
        key.verify(message, signature).is_ok()
    }
}

fn key_id(prefix: &[u8], key: &[u8]) -> String {
    hex(&Sha256::digest([prefix, key].concat()))
}

/// The command that converts other forms of private keys.
fn hint_private(pem: &[u8]) -> &'static str {
    if contains(pem, b"BEGIN EC PRIVATE KEY") {
        " (`openssl pkcs8 -topk8 -nocrypt` converts this one)"
    } else if contains(pem, b"ENCRYPTED") {
        " without a passphrase"
    } else {
        ""
    }
}

/// The command that extracts a public key.
fn hint_public(pem: &[u8]) -> &'static str {
    if contains(pem, b"PRIVATE KEY") {
        " (`openssl pkey -pubout` extracts it from a private key)"
    } else {
        ""
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}
