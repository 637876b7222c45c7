//! Tests of slimmed images, with a stand-in for the engine.

mod bench;
mod cleanup;
mod healing;
mod results;
