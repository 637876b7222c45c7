//! Progress bars on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Output;
use crate::image::Progress;
use crate::printable::escape;

/// A progress bar on standard error, which may be a terminal while standard output is a pipe. It is
/// hidden if standard error is not a terminal.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(output: Output) -> Self {
        // The steady tick starts a thread, so it is not enabled for a hidden bar.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if output.shows_progress() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes}");
        bar.set_style(style.expect("the template is valid"));
        Self(bar)
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn start(&self, what: &str, total: u64) {
        self.0.reset();
        self.0.set_length(total);
        // It may be a name from a registry or an archive.
        self.0.set_message(escape(what).into_owned());
    }

    fn advance(&self, amount: u64) {
        self.0.inc(amount);
    }
}
