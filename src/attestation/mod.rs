//! Attestations of slimming: statements that say for every file of a slimmed image where it comes
//! from, and what was removed.
//!
//! The same comparison of the two images makes a statement and checks one, so that a verifier needs
//! nothing but the images and a key. Envelopes and statements are those of in-toto and DSSE.
//!
//! Sources: <https://github.com/in-toto/attestation/tree/main/spec/v1>,
//! <https://github.com/secure-systems-lab/dsse/blob/master/protocol.md>.

mod attached;
mod bounded;
mod check;
mod comparison;
mod digest_set;
mod envelope;
mod key;
mod predicate;
mod statement;

pub use attached::attached_types;
pub use check::{Images, Original, Problem, check};
pub use comparison::{Compared, changed_settings, compare, entries};
pub use digest_set::DigestSet;
pub use envelope::{EnvelopeError, Opened, Signature, media_type, open, sign};
pub use key::{KeyError, SigningKey, VerifyingKey};
pub use predicate::{
    CarriedStatement, Entry, EntryKind, Options, Predicate, Removed, RemovedFiles, RemovedPackage,
    ResultImage, SourceImage, Status, Tool,
};
pub use statement::{
    OPENVEX, SLIM, SPDX, STATEMENT, Statement, Subject, described_subjects, parse,
};
