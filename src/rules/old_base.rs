//! `old-base`: the base image is older than the configuration allows.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::lint::{Findings, ImageContext, Rule, SettingKey};

pub(super) const RULE: Rule = Rule {
    name: "old-base",
    page: include_str!("../../rules/lint/old-base.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

/// The start of March 2013 in seconds since the epoch. Docker was first presented in that month, so
/// no image is older.
const FIRST_IMAGE: i64 = 1_362_096_000;

/// The length of a day without leap seconds.
const SECONDS_PER_DAY: i64 = 86_400;

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    // Without the setting, any age is allowed. The time is a setting too, so that it can be fixed
    // with `SOURCE_DATE_EPOCH`.
    let (Some(most), Some(now)) = (cx.settings.max_base_age, cx.settings.now) else {
        return;
    };
    let Some(created) = base_created(cx) else {
        return;
    };
    let days = (now.as_second() - created.as_second()) / SECONDS_PER_DAY;
    if days <= i64::from(most) {
        return;
    }
    let date = created.to_zoned(TimeZone::UTC).date();
    // An image can have a history without any layer.
    let location = if cx.image.layers.is_empty() {
        cx.at_instruction("FROM")
    } else {
        cx.at_layer(0)
    };
    let key = SettingKey::Name("max-base-age");
    let message = format!("base layer from {date} is {days} days old (at most {most} allowed)");
    findings
        .add(location, message)
        .because(cx.settings.origins.label(&key, "maximum age set here"));
}

/// The creation time of the lowest layer or, if it has none, of the image.
fn base_created(cx: &ImageContext<'_>) -> Option<Timestamp> {
    let history = cx.configuration().history();
    let lowest = history.iter().find(|step| !step.empty_layer);
    let lowest = lowest.and_then(|step| step.created.as_deref());
    let times = [lowest, cx.configuration().created()];
    times.into_iter().flatten().find_map(plausible_time)
}

/// The time in a text, if it is plausible for an image. Reproducible builds set 1970 or 1980.
fn plausible_time(text: &str) -> Option<Timestamp> {
    let time: Timestamp = text.parse().ok()?;
    if time.as_second() >= FIRST_IMAGE {
        Some(time)
    } else {
        None
    }
}
