//! The smallest set of candidates with which a test passes.

/// The number of test runs that may still be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget(pub usize);

impl Budget {
    /// Takes one run; false if there is none left.
    pub fn spend(&mut self) -> bool {
        if self.0 == 0 {
            return false;
        }
        self.0 -= 1;
        true
    }
}

/// Removes candidates as long as the test passes with the rest, and returns the rest. The test is
/// known to pass with all of them. The result is minimal (no single candidate can be removed)
/// unless the budget is used up before.
///
/// This is delta debugging: A. Zeller and R. Hildebrandt, "Simplifying and Isolating
/// Failure-Inducing Input", IEEE Transactions on Software Engineering 28(2), 2002.
pub fn smallest<T: Clone, E>(
    candidates: &[T],
    budget: &mut Budget,
    passes: &mut dyn FnMut(&[T]) -> Result<bool, E>,
) -> Result<Vec<T>, E> {
    let mut kept = candidates.to_vec();
    let mut parts = 2;
    while kept.len() > 1 {
        let Some(smaller) = without_a_part(&kept, parts, budget, passes)? else {
            if parts >= kept.len() || budget.0 == 0 {
                break;
            }
            parts = (parts * 2).min(kept.len());
            continue;
        };
        // One part alone is cut in halves again; the rest without a part, in parts of the same
        // size.
        parts = if smaller.len() <= kept.len().div_ceil(parts) {
            2
        } else {
            (parts - 1).max(2)
        };
        kept = smaller;
    }
    Ok(kept)
}

/// One of the equal parts of the candidates, or all but one, if the test passes with it.
fn without_a_part<T: Clone, E>(
    kept: &[T],
    parts: usize,
    budget: &mut Budget,
    passes: &mut dyn FnMut(&[T]) -> Result<bool, E>,
) -> Result<Option<Vec<T>>, E> {
    let size = kept.len().div_ceil(parts);
    let mut attempts: Vec<Vec<T>> = kept.chunks(size).map(<[T]>::to_vec).collect();
    // With two parts, the rest without one is the other.
    if parts > 2 {
        for start in (0..kept.len()).step_by(size) {
            let end = (start + size).min(kept.len());
            attempts.push([&kept[..start], &kept[end..]].concat());
        }
    }
    for attempt in attempts {
        if attempt.len() == kept.len() {
            continue;
        }
        if !budget.spend() {
            return Ok(None);
        }
        if passes(&attempt)? {
            return Ok(Some(attempt));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    /// The result for candidates below `count`, of which the test needs some, and the runs made.
    fn found(count: u32, needed: &[u32], budget: usize) -> (Vec<u32>, usize) {
        let candidates: Vec<u32> = (0..count).collect();
        let mut left = Budget(budget);
        let mut passes = |kept: &[u32]| -> Result<bool, Infallible> {
            Ok(needed.iter().all(|one| kept.contains(one)))
        };
        let Ok(kept) = smallest(&candidates, &mut left, &mut passes);
        (kept, budget - left.0)
    }

    #[test]
    fn exactly_the_needed_candidates_remain() {
        for count in 1..20 {
            for one in 0..count {
                for other in 0..count {
                    let mut needed = vec![one, other];
                    needed.sort_unstable();
                    needed.dedup();
                    assert_eq!(found(count, &needed, 1000).0, needed, "of {count}");
                }
            }
        }
    }

    #[test]
    fn one_of_many_is_found_by_bisection() {
        let (kept, runs) = found(1000, &[777], 1000);
        assert_eq!(kept, [777]);
        assert!(runs <= 20, "{runs}");
    }

    #[test]
    fn the_test_passes_with_the_result_of_a_search_that_was_cut_short() {
        for budget in 0..40 {
            let (kept, runs) = found(100, &[3, 50, 97], budget);
            assert!([3, 50, 97].iter().all(|one| kept.contains(one)));
            assert!(runs <= budget);
        }
    }

    #[test]
    fn one_candidate_takes_no_run() {
        assert_eq!(found(1, &[0], 10), (vec![0], 0));
        assert_eq!(found(0, &[], 10), (vec![], 0));
    }
}
