//! `old-base`: the base of the image is older than the settings allow.

use jiff::Timestamp;

use crate::audit::{Context, Findings, Rule};
use crate::lint::words::Topic;

pub(super) const RULE: Rule = Rule {
    name: "old-base",
    page: Some(include_str!("../../../rules/lint/old-base.md")),
    check,
};

/// There were no images before March 2013.
const FIRST_IMAGE: i64 = 1_362_096_000;
const SECONDS_OF_A_DAY: i64 = 86_400;

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let (Some(most), Some(now)) = (cx.settings.max_base_age, cx.settings.now) else {
        return;
    };
    let history = cx.configuration().history();
    let lowest = history
        .iter()
        .find(|step| !step.empty_layer)
        .and_then(|step| step.created.as_deref());
    let made = [lowest, cx.configuration().created()]
        .into_iter()
        .flatten()
        .find_map(time);
    let Some(made) = made else { return };
    let days = (now.as_second() - made.as_second()) / SECONDS_OF_A_DAY;
    if days > i64::from(most) {
        let day = made.to_string();
        let day = day.split('T').next().unwrap_or_default();
        let message = format!(
            "the lowest layer was made on {day}, {days} days ago, and may be {most} days old"
        );
        if cx.image.layers.is_empty() {
            findings.config("FROM", message)
        } else {
            findings.layer(0, message)
        }
        .because(
            cx.settings
                .words
                .label(&Topic::Setting("max-base-age"), "the age is set here"),
        );
    }
}

/// Reproducible builds say that an image was made in 1970 or 1980: that is no time at all.
fn time(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>()
        .ok()
        .filter(|time| time.as_second() >= FIRST_IMAGE)
}
