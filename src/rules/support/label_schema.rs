//! Labels and the schema that the configuration has for them.

use crate::dockerfile::{Body, Kind, Pair};
use crate::lint::facts::Step;
use crate::lint::{DockerfileContext, Findings, Label, LabelType, SettingKey, Settings};

/// Every label that an image gets, with its step; those of ONBUILD are the next image's.
pub(in crate::rules) fn labels<'a>(
    cx: &DockerfileContext<'a>,
) -> impl Iterator<Item = (&'a Step<'a>, &'a Pair)> + use<'a> {
    let steps = cx
        .facts
        .steps
        .iter()
        .filter(|step| step.kind() == Kind::Label && !step.onbuild);
    steps.flat_map(|step| {
        let pairs = match &step.instruction.body {
            Body::Pairs(pairs) => pairs.as_slice(),
            _ => &[],
        };
        pairs.iter().map(move |pair| (step, pair))
    })
}

/// The labels of the schema whose key and value are known: the pair, its key, its type, its value.
pub(in crate::rules) fn in_schema<'a>(
    cx: &DockerfileContext<'a>,
) -> impl Iterator<Item = (&'a Pair, String, LabelType, String)> + use<'a> {
    let cx = *cx;
    labels(&cx).filter_map(move |(step, pair)| {
        let key = cx.facts.expand(step, &pair.key)?;
        let kind = *cx.settings.label_schema.get(&key)?;
        let value = cx.facts.expand(step, pair.value.as_ref()?)?;
        Some((pair, key, kind, value))
    })
}

/// The place in a configuration file that requires a label.
pub(in crate::rules) fn origin(settings: &Settings, key: &str) -> Option<Label> {
    settings
        .origins
        .label(&SettingKey::Label(key.to_owned()), "label required here")
}

/// Reports the labels of one type whose value is none of it; `what` is that type with its article.
pub(in crate::rules) fn report(
    cx: &DockerfileContext<'_>,
    wanted: LabelType,
    what: &str,
    findings: &mut Findings,
) {
    for (pair, key, kind, value) in in_schema(cx) {
        if kind == wanted && !value.is_empty() && !kind.accepts(&value) {
            let span = pair.value.as_ref().map_or(pair.span, |value| value.span);
            findings
                .add(span, format!("`{key}` is `{value}`, which is not {what}"))
                .because(origin(cx.settings, &key));
        }
    }
}
