//! The layers created by the image's own Dockerfile, as opposed to those of its base image, and the
//! scripts of its `RUN` instructions.
//!
//! A configuration contains the history of both as one list. Builders leave marks between one
//! Dockerfile and the next; without marks, a layer counts as the image's own, because losing a
//! user's files is worse than keeping files of a base image.

use jiff::Timestamp;

use crate::image::{History, Image};

/// Shortest pause between two builds, in seconds. Steps of one build follow each other at once,
/// and base images are seldom built right before the images on them.
const PAUSE: i64 = 3600;
/// The start of 2013 in seconds. Reproducible builds write older times, which carry no information.
const FIRST_IMAGE: i64 = 1_356_998_400;

/// The layers of an image by origin.
#[derive(Clone, Debug, Default)]
pub(crate) struct BuildHistory {
    /// The number of layers in the base image; 0 if it is unknown.
    base_layers: usize,
    /// For each layer, the script of the `RUN` that created it, if any.
    runs: Vec<Option<String>>,
}

impl BuildHistory {
    pub(crate) fn of(image: &Image) -> Self {
        let steps = image.config.history();
        let mut runs: Vec<Option<String>> = Vec::with_capacity(image.layers.len());
        for layer in &image.layers {
            let script = layer.history.as_ref().and_then(History::run_script);
            runs.push(script.map(str::to_owned));
        }
        let base_steps = base_steps(&steps);
        let mut base_layers = count_layers(&steps[..base_steps]);
        // No `RUN` works without a file system to run in, so the lowest layer belongs to the base
        // image. Images from other builders may have a program in any layer.
        let layers = image.layers.iter();
        let mut histories = layers.skip(1).filter_map(|layer| layer.history.as_ref());
        if base_layers == 0 && runs.first() == Some(&None) && histories.any(is_of_dockerfile) {
            base_layers = 1;
        }
        Self {
            base_layers: base_layers.min(image.layers.len()),
            runs,
        }
    }

    /// Whether it is known which layers the base image has.
    pub(crate) fn has_base(&self) -> bool {
        self.base_layers > 0
    }

    /// Whether a layer is one of the base image.
    pub(crate) fn is_of_base(&self, layer: usize) -> bool {
        layer < self.base_layers
    }

    /// The script of the `RUN` in the image's own Dockerfile that created a layer.
    pub(crate) fn own_run(&self, layer: usize) -> Option<&str> {
        if self.is_of_base(layer) {
            return None;
        }
        self.runs.get(layer)?.as_deref()
    }

    /// The scripts of the `RUN` instructions in the image's own Dockerfile that created layers.
    pub(crate) fn own_runs(&self) -> impl Iterator<Item = &str> {
        (0..self.runs.len()).filter_map(|layer| self.own_run(layer))
    }
}

/// The number of steps of the history that the base image has.
fn base_steps(steps: &[History]) -> usize {
    let pauses = Pauses::of(steps);
    let last_command = steps.iter().rposition(is_command);
    let mut end = 0;
    for (index, step) in steps.iter().enumerate() {
        // Buildah names the base image at the first step of the Dockerfile. A stage of the same
        // file has only an ID there.
        if let Some(base) = step.comment.strip_prefix("FROM ")
            && !is_id(base.trim())
        {
            end = index;
        }
        // Most images end with their command. A Dockerfile may go on after it, even hours later if
        // the steps before it were cached, but then it has no other command.
        if is_command(step) && last_command > Some(index) && pauses.are_after(index) {
            end = index + 1;
        }
    }
    end
}

/// Whether an instruction of a Dockerfile created a layer.
fn is_of_dockerfile(step: &History) -> bool {
    let keyword = step.instruction().split_whitespace().next();
    step.run_script().is_some()
        || keyword.is_some_and(|word| matches!(word, "COPY" | "ADD" | "WORKDIR"))
}

fn is_id(name: &str) -> bool {
    name.len() >= 12 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_command(step: &History) -> bool {
    let keyword = step.instruction().split_whitespace().next();
    keyword.is_some_and(|word| {
        ["CMD", "ENTRYPOINT"]
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known))
    })
}

/// The times of the steps: a history may have a hundred thousand, so each is read once.
struct Pauses {
    /// For each step the latest time up to it.
    latest: Vec<Option<i64>>,
    /// For each step the earliest time from it on.
    earliest: Vec<Option<i64>>,
}

impl Pauses {
    fn of(steps: &[History]) -> Self {
        let mut latest = Vec::with_capacity(steps.len());
        let mut earliest: Vec<Option<i64>> = steps.iter().map(time).collect();
        let mut last = None;
        for &time in &earliest {
            last = last.max(time);
            latest.push(last);
        }
        let mut next: Option<i64> = None;
        for time in earliest.iter_mut().rev() {
            next = match (*time, next) {
                (Some(time), Some(next)) => Some(time.min(next)),
                (time, next) => time.or(next),
            };
            *time = next;
        }
        Self { latest, earliest }
    }

    /// Whether there are later steps, all much later than those up to this one.
    fn are_after(&self, index: usize) -> bool {
        match (self.latest[index], self.earliest.get(index + 1)) {
            (Some(before), Some(&Some(after))) => after.saturating_sub(before) >= PAUSE,
            _ => false,
        }
    }
}

/// The time of a step in seconds.
fn time(step: &History) -> Option<i64> {
    let time: Timestamp = step.created.as_deref()?.parse().ok()?;
    let seconds = time.as_second();
    if seconds < FIRST_IMAGE {
        return None;
    }
    Some(seconds)
}

fn count_layers(steps: &[History]) -> usize {
    steps.iter().filter(|step| !step.empty_layer).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(created_by: &str, created: &str, comment: &str) -> History {
        History {
            created_by: created_by.to_owned(),
            created: Some(created.to_owned()),
            comment: comment.to_owned(),
            empty_layer: created_by.starts_with("CMD"),
        }
    }

    #[test]
    fn a_history_of_many_commands_is_read_in_one_pass() {
        let steps: Vec<History> = (0..100_000)
            .map(|_| step("CMD x", "2024-01-01T00:00:00Z", ""))
            .collect();
        assert_eq!(base_steps(&steps), 0);
    }

    #[test]
    fn a_cmd_hours_older_than_the_next_step_ends_the_base_image() {
        let steps = [
            step("ADD rootfs", "2024-01-01T00:00:00Z", ""),
            step("CMD [\"bash\"]", "2024-01-01T00:00:01Z", ""),
            step("RUN make", "2024-02-01T00:00:00Z", ""),
            step("CMD [\"app\"]", "2024-02-01T00:00:01Z", ""),
            step("RUN rm x", "2024-02-01T00:00:02Z", ""),
        ];
        assert_eq!(base_steps(&steps), 2);
    }

    #[test]
    fn a_cmd_in_the_middle_of_a_dockerfile_does_not_end_the_base_image() {
        let steps = [
            step("ADD rootfs", "2024-01-01T00:00:00Z", ""),
            step("CMD [\"bash\"]", "2024-01-01T00:00:01Z", ""),
            step("RUN make", "2024-02-01T00:00:00Z", ""),
            step("CMD [\"app\"]", "2024-02-01T00:00:01Z", ""),
            step("COPY . /app", "2024-03-01T00:00:00Z", ""),
        ];
        assert_eq!(base_steps(&steps), 2);
    }

    #[test]
    fn a_buildah_comment_names_the_base_image() {
        let steps = [
            step("ADD rootfs", "", ""),
            step("RUN make", "", "FROM docker.io/library/debian:12"),
            step("RUN test", "", "FROM 0123456789abcdef"),
        ];
        assert_eq!(base_steps(&steps), 1);
    }

    #[test]
    fn without_usable_times_only_the_lowest_layer_belongs_to_the_base() {
        for created in ["", "1970-01-01T00:00:00Z"] {
            let steps = [
                step("ADD rootfs", created, ""),
                step("CMD [\"bash\"]", created, ""),
                step("RUN make", created, ""),
            ];
            assert_eq!(base_steps(&steps), 0, "{created}");
        }
    }
}
