//! Maps the steps of an image's history to the instructions of the Dockerfile it was built from.

use std::collections::BTreeMap;

use crate::dockerfile::{Body, Command, Instruction, Kind};
use crate::image::{Config, History};
use crate::lint::dockerfile::Facts;
use crate::lint::dockerfile::facts::Step;

/// The instructions that correspond to the steps of an image's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HistoryMap {
    /// For each history step, the index of its instruction in [`Facts::steps`]; `None` for steps of
    /// the base image.
    instructions: Vec<Option<usize>>,
    /// The index of the step of each layer.
    layers: Vec<usize>,
}

impl HistoryMap {
    /// Maps the history of an image; `None` if it was built from another Dockerfile.
    ///
    /// Builders rewrite some instructions beyond recognition, so it is enough that half of the
    /// stage's instructions are found.
    pub(super) fn new(config: &Config, facts: &Facts<'_>) -> Option<Self> {
        let stage = facts.final_stage()?;
        let mut lineage = Vec::new();
        for step in facts.lineage(stage.index) {
            if makes_step(step.kind()) {
                lineage.push(step.index);
            }
        }
        let mut by_words: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
        for (place, &step) in lineage.iter().enumerate() {
            let step = &facts.steps[step];
            by_words
                .entry(words_of(step.instruction))
                .or_default()
                .push(place);
            if let Some(words) = words_of_copy(step) {
                by_words.entry(words).or_default().push(place);
            }
        }
        let history = config.history();
        // Both are read backwards, and each match must be before the previous one in the file, so
        // that repeated instructions keep their order.
        let mut instructions = vec![None; history.len()];
        let mut next = 0;
        for (index, step) in history.iter().enumerate().rev() {
            if let Some(places) = by_words.get(&words_of_step(step))
                && let Some(&place) = places.iter().find(|&&place| place >= next)
            {
                next = place + 1;
                instructions[index] = Some(lineage[place]);
            }
        }
        let found = instructions.iter().flatten().count();
        if found == 0 || found * 2 < lineage.len() {
            return None;
        }
        let mut layers = Vec::new();
        for (index, step) in history.iter().enumerate() {
            if !step.empty_layer {
                layers.push(index);
            }
        }
        Some(Self {
            instructions,
            layers,
        })
    }

    /// The index in [`Facts::steps`] of the instruction that created a step of the history.
    pub(super) fn instruction(&self, step: usize) -> Option<usize> {
        self.instructions.get(step).copied().flatten()
    }

    /// The index in [`Facts::steps`] of the instruction that created a layer.
    pub(super) fn instruction_of_layer(&self, layer: usize) -> Option<usize> {
        self.instruction(*self.layers.get(layer)?)
    }

    /// The layer that an instruction created.
    pub(super) fn layer_of(&self, instruction: usize) -> Option<usize> {
        self.layers
            .iter()
            .position(|&step| self.instruction(step) == Some(instruction))
    }
}

/// Whether builders record an instruction of this kind in the history.
fn makes_step(kind: Kind) -> bool {
    !matches!(kind, Kind::From | Kind::Unknown)
}

/// The words of an instruction in normalized form, without anything that builders add, drop or
/// write differently.
fn words_of(instruction: &Instruction) -> Vec<String> {
    let arguments = match &instruction.body {
        Body::Command(Command::Exec(words)) => {
            let words: Vec<&str> = words.iter().map(|word| word.value.as_str()).collect();
            without_shell(plain(&words.join(" ")))
        }
        Body::Command(Command::Shell(script)) => plain(script.text.as_str()),
        Body::Pairs(pairs) => {
            let mut text = String::new();
            for pair in pairs {
                text.push_str(pair.key.text.as_str());
                if let Some(value) = &pair.value {
                    text.push('=');
                    text.push_str(value.text.as_str());
                }
                text.push(' ');
            }
            plain(&text)
        }
        _ => plain(instruction.arguments.as_str()),
    };
    with_keyword(instruction.keyword.kind, arguments)
}

/// The normalized form of a `COPY` or `ADD` as recorded by the classic builder and buildah: `COPY
/// file:c0ffee in /app`.
fn words_of_copy(step: &Step<'_>) -> Option<Vec<String>> {
    let destination = step.instruction.body.destination()?;
    let to = destination.text.as_str().trim_matches('"');
    let to = match (to.starts_with('/'), &step.workdir.path) {
        (true, _) => to.to_owned(),
        (false, from) => format!("{}/{to}", from.as_deref().unwrap_or_default()),
    };
    Some(copied_to(step.kind(), &to))
}

fn copied_to(kind: Kind, path: &str) -> Vec<String> {
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    vec![kind.name().to_owned(), "in".to_owned(), parts.join("/")]
}

/// The normalized form of a history step.
fn words_of_step(step: &History) -> Vec<String> {
    let text = step.instruction();
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let (kind, arguments) = match Kind::of_keyword(first) {
        // The classic builder omits the word `RUN`.
        Kind::Unknown => (Kind::Run, text),
        kind => (kind, rest),
    };
    let arguments = without_flags(plain(arguments));
    if let (Kind::Copy | Kind::Add, [from, to_word, to]) = (kind, arguments.as_slice())
        && ["file:", "dir:", "multi:"]
            .iter()
            .any(|known| from.starts_with(known))
        && to_word == "in"
    {
        return copied_to(kind, to);
    }
    if let Kind::Copy | Kind::Add = kind {
        return with_keyword(kind, arguments);
    }
    // buildah records the flags of a `RUN` after the shell.
    with_keyword(kind, without_flags(without_shell(arguments)))
}

fn without_flags(words: Vec<String>) -> Vec<String> {
    words
        .into_iter()
        .skip_while(|word| word.starts_with("--"))
        .collect()
}

fn with_keyword(kind: Kind, mut words: Vec<String>) -> Vec<String> {
    if kind == Kind::Expose {
        // Builders record `EXPOSE 80` as `EXPOSE map[80/tcp:{}]` or `EXPOSE [80/tcp]`.
        for word in &mut words {
            let port = word.trim_start_matches("map").trim_end_matches(":{}");
            *word = if port.contains('/') {
                port.to_owned()
            } else {
                format!("{port}/tcp")
            };
        }
    }
    words.insert(0, kind.name().to_owned());
    words
}

/// Splits a text into words without quotes, brackets and the commas of lists. Flags are not split.
fn plain(text: &str) -> Vec<String> {
    let text: String = text
        .chars()
        .filter(|letter| !matches!(letter, '"' | '\'' | '[' | ']'))
        .collect();
    let mut words = Vec::new();
    for word in text.split_whitespace() {
        if word.starts_with("--") && word.contains('=') {
            words.push(word.trim_end_matches(',').to_owned());
            continue;
        }
        let parts = word.split(',').filter(|part| !part.is_empty());
        words.extend(parts.map(str::to_owned));
    }
    words
}

/// Removes the build arguments and the shell that builders put before a script:
/// `|1 VERSION=2 /bin/sh -c`.
fn without_shell(words: Vec<String>) -> Vec<String> {
    /// Maximum number of words of a shell and its options.
    const LONGEST: usize = 6;
    let arguments: usize = words
        .first()
        .and_then(|first| first.strip_prefix('|')?.parse().ok())
        .map_or(0, |count: usize| count.saturating_add(1));
    let rest = words.get(arguments..).unwrap_or_default();
    // The value of a build argument may be several words.
    let shells = rest
        .iter()
        .position(|word| word.starts_with('/') && word.ends_with("sh"));
    let Some(shell) = shells else {
        return words;
    };
    if shell > 0 && arguments == 0 {
        return words;
    }
    let options = rest[shell..]
        .iter()
        .take(LONGEST)
        .position(|word| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c'));
    match options {
        Some(last) => rest[shell + last + 1..].to_vec(),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dockerfile;
    use crate::lint::Settings;
    use crate::source::Source;

    /// The lines of the instructions that created these steps; `None` if the image was not built
    /// from the Dockerfile.
    fn lines(dockerfile: &str, steps: &[&str]) -> Option<Vec<Option<usize>>> {
        let source = Source::new("Dockerfile", dockerfile);
        let dockerfile = dockerfile::parse(&source);
        let facts = Facts::new(&dockerfile, &Settings::default());
        let history: Vec<_> = steps
            .iter()
            .map(|step| json!({"created_by": step}))
            .collect();
        let map = HistoryMap::new(&Config::new(json!({"history": history})), &facts)?;
        let line = |step| {
            map.instruction(step)
                .map(|at| source.line(facts.steps[at].span.start))
        };
        Some((0..steps.len()).map(line).collect())
    }

    #[test]
    fn an_instruction_is_matched_to_the_history_text_of_every_builder() {
        let cases = [
            (
                "RUN apt-get update \\\n  # why\n  && apt-get install -y sudo",
                "RUN /bin/sh -c apt-get update   && apt-get install -y sudo # buildkit",
            ),
            ("RUN apt-get update", "/bin/sh -c apt-get update"),
            (
                "RUN --mount=type=cache,target=/x make",
                "RUN /bin/sh -c make # buildkit",
            ),
            (
                "RUN --mount=type=bind,from=x make",
                "/bin/sh -c --mount=type=bind,from=x make",
            ),
            (
                "RUN make $A",
                "RUN |2 A=b c D=e /bin/sh -c make $A # buildkit",
            ),
            (
                "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]",
                "SHELL [/bin/bash -o pipefail -c]",
            ),
            (
                "RUN curl x | sh",
                "RUN /bin/bash -o pipefail -c curl x | sh # buildkit",
            ),
            (
                "RUN [\"/bin/make\", \"all\"]",
                "RUN /bin/make all # buildkit",
            ),
            (
                "RUN <<EOF\nset -e\nmake\nEOF",
                "RUN /bin/sh -c set -e\nmake\n # buildkit",
            ),
            (
                "COPY --from=build --chown=1:1 /app /app",
                "COPY --chown=1:1 /app /app # buildkit",
            ),
            (
                "COPY a b /app/",
                "/bin/sh -c #(nop) COPY multi:c0ffee in /app/ ",
            ),
            (
                "WORKDIR /srv\nCOPY . ./app",
                "/bin/sh -c #(nop) COPY dir:c0ffee in /srv/app ",
            ),
            (
                "ENTRYPOINT [\"tini\", \"--\", \"app\"]",
                "/bin/sh -c #(nop) ENTRYPOINT [\"tini\", \"--\", \"app\"]",
            ),
            ("USER app", "/bin/sh -c #(nop)  USER app"),
            ("ENV A=\"b\" C='d'", "ENV A=b C=d"),
            ("ENV A b c", "ENV A=b c"),
            ("EXPOSE 80", "EXPOSE map[80/tcp:{}]"),
            ("EXPOSE 80 53/udp", "EXPOSE [80/tcp 53/udp]"),
            (
                "CMD [\"nginx\",\"-g\",\"daemon off;\"]",
                "CMD [\"nginx\" \"-g\" \"daemon off;\"]",
            ),
            (
                "ENTRYPOINT app -v",
                "ENTRYPOINT [\"/bin/sh\" \"-c\" \"app -v\"]",
            ),
        ];
        for (instruction, step) in cases {
            let line = if instruction.starts_with("WORKDIR") {
                3
            } else {
                2
            };
            assert_eq!(
                lines(&format!("FROM a\n{instruction}\n"), &[step]),
                Some(vec![Some(line)]),
                "{step}"
            );
        }
    }

    #[test]
    fn repeated_steps_keep_their_order_and_base_image_steps_have_no_line() {
        let dockerfile = "FROM a AS build\nRUN make\nFROM b\nRUN make\nCOPY x y\nRUN make\n";
        let steps = ["RUN make", "ADD base", "RUN make", "COPY x y", "RUN make"];
        assert_eq!(
            lines(dockerfile, &steps),
            Some(vec![None, None, Some(4), Some(5), Some(6)])
        );
    }

    #[test]
    fn the_history_of_another_dockerfile_is_not_matched() {
        assert_eq!(
            lines(
                "FROM a\nRUN make\nRUN test\nUSER b\n",
                &["RUN make", "RUN other"]
            ),
            None
        );
        assert_eq!(lines("FROM a\n", &["RUN other"]), None);
    }
}
