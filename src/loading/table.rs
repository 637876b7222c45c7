//! A table that can grow while it is read concurrently: rows never move, so references to them stay
//! valid.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Chunk `n` has `FIRST << n` rows.
#[derive(Debug)]
pub(super) struct Table<T> {
    chunks: [OnceLock<Box<[OnceLock<T>]>>; CHUNKS],
    length: AtomicUsize,
}

const FIRST: usize = 64;
const CHUNKS: usize = 26;

impl<T> Table<T> {
    pub(super) fn new() -> Self {
        Self {
            chunks: [const { OnceLock::new() }; CHUNKS],
            length: AtomicUsize::new(0),
        }
    }

    /// Adds a row and returns its index; `None` if there are billions.
    pub(super) fn push(&self, row: T) -> Option<usize> {
        // Only the number has to be unique; the row itself is published by its cell.
        let index = self.length.fetch_add(1, Ordering::Relaxed);
        let (chunk, place) = place(index);
        let rows = self
            .chunks
            .get(chunk)?
            // Each chunk is twice as long as the one before, and none is ever moved.
            .get_or_init(|| (0..FIRST << chunk).map(|_| OnceLock::new()).collect());
        rows[place].set(row).ok()?;
        Some(index)
    }

    pub(super) fn get(&self, index: usize) -> Option<&T> {
        let (chunk, place) = place(index);
        self.chunks.get(chunk)?.get()?.get(place)?.get()
    }
}

/// The chunk of a row, and its index in the chunk.
fn place(index: usize) -> (usize, usize) {
    // All chunks before chunk `n` have `(FIRST << n) - FIRST` rows together.
    let chunk = (index / FIRST + 1).ilog2() as usize;
    (chunk, index - ((FIRST << chunk) - FIRST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_by_its_index() {
        let table = Table::new();
        let numbers: Vec<usize> = (0..1000).map(|row| table.push(row).unwrap()).collect();
        assert_eq!(numbers, (0..1000).collect::<Vec<_>>());
        assert!(
            numbers
                .iter()
                .all(|&number| table.get(number) == Some(&number))
        );
        assert_eq!(table.get(1000), None);
    }
}
