//! Labels and their configured schema.

use crate::dockerfile::{Kind, Pair};
use crate::lint::facts::Step;
use crate::lint::{DockerfileContext, Findings, Label, LabelType, SettingKey, Settings};

/// Every label of the image, with its step. Labels in ONBUILD belong to the next image.
pub(in crate::rules) fn labels<'a>(
    cx: &DockerfileContext<'a>,
) -> impl Iterator<Item = (&'a Step<'a>, &'a Pair)> + use<'a> {
    let steps = cx
        .facts
        .steps
        .iter()
        .filter(|step| step.kind() == Kind::Label && !step.onbuild);
    steps.flat_map(|step| {
        let pairs = step.instruction.body.pairs();
        pairs.iter().map(move |pair| (step, pair))
    })
}

/// Labels that are looked for, over all stages. People have a dozen stages and labels.
const MAX_COMPARED: usize = 100_000;

/// The number of stages, from the first, in which the labels of the schema are looked for. Each
/// label that a stage lacks is a finding, and a repository has both the stages and the schema.
pub(in crate::rules) fn compared_stages(cx: &DockerfileContext<'_>) -> usize {
    let labels = cx.settings.label_schema.len().max(1);
    (MAX_COMPARED / labels).max(1)
}

/// A label of the schema whose key and value are known at build time.
pub(in crate::rules) struct TypedLabel<'a> {
    pub(in crate::rules) pair: &'a Pair,
    pub(in crate::rules) key: String,
    pub(in crate::rules) kind: LabelType,
    pub(in crate::rules) value: String,
}

/// The labels that the schema has a type for.
pub(in crate::rules) fn in_schema<'a>(
    cx: &DockerfileContext<'a>,
) -> impl Iterator<Item = TypedLabel<'a>> + use<'a> {
    let cx = *cx;
    labels(&cx).filter_map(move |(step, pair)| {
        // A key or a value with an unknown variable cannot be checked.
        let key = cx.facts.expand(step, &pair.key)?;
        let kind = *cx.settings.label_schema.get(&key)?;
        let value = cx.facts.expand(step, pair.value.as_ref()?)?;
        Some(TypedLabel {
            pair,
            key,
            kind,
            value,
        })
    })
}

/// The location of the setting that requires a label.
pub(in crate::rules) fn origin(settings: &Settings, key: &str) -> Option<Label> {
    settings
        .origins
        .label(&SettingKey::Label(key.to_owned()), "label required here")
}

/// Reports the labels of one type whose value does not match it. `what` is the type with its
/// article, as in "a URL".
pub(in crate::rules) fn report(
    cx: &DockerfileContext<'_>,
    wanted: LabelType,
    what: &str,
    findings: &mut Findings,
) {
    for label in in_schema(cx) {
        let (pair, key, value) = (label.pair, label.key, label.value);
        // An empty value is reported by `empty-label`.
        if label.kind == wanted && !value.is_empty() && !wanted.accepts(&value) {
            // The finding points to the value, because the key is correct.
            let span = pair.value.as_ref().map_or(pair.span, |value| value.span);
            findings
                .add(span, format!("`{key}` is `{value}`, which is not {what}"))
                .because(origin(cx.settings, &key));
        }
    }
}
