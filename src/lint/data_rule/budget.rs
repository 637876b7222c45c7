//! Limits on the work and on the findings of a rule.
//!
//! The rules and what they check may both come from a repository, and their product grows with each
//! of them. Each rule of a configuration file gets an equal share of the work, so that the result
//! does not depend on the order of the rules.

/// Work of all rules of a file on one Dockerfile or image, in nanoseconds at worst.
const TOTAL: u64 = 6_000_000_000;
/// Maximum number of findings of a rule that are reported one by one.
const MAX_FOUND: usize = 100;

/// The limits of a rule.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Limits {
    /// For jettison's own rules, whose conditions are cheap.
    #[default]
    None,
    /// For a rule of a configuration file with this number of rules.
    Shared { rules: usize },
}

/// The remaining work of one check, and the findings so far.
#[derive(Debug)]
pub(super) struct RuleBudget {
    left: u64,
    is_exceeded: bool,
    found: usize,
    max_found: usize,
}

impl RuleBudget {
    pub(super) fn new(limits: Limits) -> Self {
        let (left, max_found) = match limits {
            Limits::None => (u64::MAX, usize::MAX),
            Limits::Shared { rules } => (TOTAL / rules.max(1) as u64, MAX_FOUND),
        };
        Self {
            left,
            is_exceeded: false,
            found: 0,
            max_found,
        }
    }

    /// Whether some work can still be done.
    pub(super) fn spend(&mut self, amount: u64) -> bool {
        match self.left.checked_sub(amount) {
            Some(left) if !self.is_exceeded => {
                self.left = left;
                true
            }
            _ => {
                self.is_exceeded = true;
                false
            }
        }
    }

    /// Counts a finding; whether it is reported by itself.
    pub(super) fn count(&mut self) -> bool {
        self.found += 1;
        self.found <= self.max_found
    }

    /// Messages about what was not reported and not checked, without which the findings would seem
    /// complete.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.found > self.max_found {
            remarks.push(format!("{} more places match", self.found - self.max_found));
        }
        if self.is_exceeded {
            remarks.push("the conditions take too long: only checked in part".to_owned());
        }
        remarks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_gets_an_equal_share() {
        let mut budget = RuleBudget::new(Limits::Shared { rules: 6 });
        assert!(budget.spend(TOTAL / 6) && budget.remarks().is_empty());
        assert!(!budget.spend(1));
        // Once something was left out, cheaper things are too: the order decides.
        assert!(!budget.spend(0));
        assert_eq!(budget.remarks().len(), 1);
        assert!(RuleBudget::new(Limits::None).spend(TOTAL * 2));
    }

    #[test]
    fn findings_beyond_the_limit_are_counted() {
        let mut budget = RuleBudget::new(Limits::Shared { rules: 1 });
        let reported = (0..MAX_FOUND + 3).filter(|_| budget.count()).count();
        assert_eq!(reported, MAX_FOUND);
        assert_eq!(budget.remarks(), ["3 more places match"]);
    }
}
