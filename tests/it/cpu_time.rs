//! The processor time of a thread, which is independent of other work on the machine.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The processor time that a function takes on this thread.
pub(crate) fn of(function: impl FnOnce()) -> Duration {
    let start = now();
    function();
    now().saturating_sub(start)
}

fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap(),
        u32::try_from(time.tv_nsec).unwrap(),
    )
}
