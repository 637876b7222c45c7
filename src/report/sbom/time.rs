//! Times as bills have them: to the second, in UTC.

use super::Time;

impl Time {
    /// So many seconds after 1970 began.
    pub fn of_seconds(seconds: u64) -> Self {
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = date(days);
        Self(format!(
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
            second / 3600,
            second / 60 % 60,
            second % 60
        ))
    }

    /// What an image says of when it was made, RFC 3339; nothing where it is something else, or
    /// before 1970.
    pub fn of_image(created: &str) -> Option<Self> {
        let number = |range: std::ops::Range<usize>| created.get(range)?.parse::<u64>().ok();
        let marks = [(4, '-'), (7, '-'), (13, ':'), (16, ':')];
        let is_marked = |&(at, mark): &(usize, char)| {
            created.get(at..=at) == Some(mark.encode_utf8(&mut [0; 4]))
        };
        let is_divided = matches!(created.get(10..=10), Some("T" | "t" | " "));
        if !is_divided || !marks.iter().all(is_marked) {
            return None;
        }
        let days = days(number(0..4)?, number(5..7)?, number(8..10)?)?;
        let seconds =
            days * 86_400 + number(11..13)? * 3600 + number(14..16)? * 60 + number(17..19)?;
        let zone = created
            .get(19..)?
            .trim_start_matches(|letter: char| letter == '.' || letter.is_ascii_digit());
        let offset = |sign: &str| {
            let (hours, minutes) = zone.strip_prefix(sign)?.split_once(':')?;
            Some(hours.parse::<u64>().ok()? * 3600 + minutes.parse::<u64>().ok()? * 60)
        };
        let seconds = match zone {
            "Z" | "z" => seconds,
            _ => match (offset("+"), offset("-")) {
                (Some(east), _) => seconds.checked_sub(east)?,
                (_, Some(west)) => seconds + west,
                _ => return None,
            },
        };
        Some(Self::of_seconds(seconds))
    }
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn month_lengths(year: u64) -> [u64; 12] {
    [
        31,
        if is_leap(year) { 29 } else { 28 },
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ]
}

/// The year, the month and the day, so many days after 1970 began.
fn date(days: u64) -> (u64, u64, u64) {
    // 400 years have as many days wherever they begin.
    const CYCLE: u64 = 146_097;
    let (mut year, mut days) = (1970 + days / CYCLE * 400, days % CYCLE);
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let mut month = 1;
    for length in month_lengths(year) {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

/// The days from 1970 to a date.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let lengths = month_lengths(year);
    let length = *lengths.get(usize::try_from(month.checked_sub(1)?).ok()?)?;
    if year < 1970 || day == 0 || day > length {
        return None;
    }
    let years: u64 = (1970..year)
        .map(|year| if is_leap(year) { 366 } else { 365 })
        .sum();
    let months: u64 = lengths.iter().take(usize::try_from(month - 1).ok()?).sum();
    Some(years + months + day - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_dates() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_767_323_045, "2026-01-02T03:04:05Z"),
        ];
        for (seconds, date) in cases {
            assert_eq!(Time::of_seconds(seconds).to_string(), date);
        }
        assert_eq!(Time::of_seconds(u64::MAX).to_string().len(), 28);
    }

    #[test]
    fn times_of_images_lose_their_fraction_and_their_zone() {
        let cases = [
            ("2026-01-02T03:04:05Z", Some("2026-01-02T03:04:05Z")),
            (
                "2026-01-02T03:04:05.123456789Z",
                Some("2026-01-02T03:04:05Z"),
            ),
            ("2024-03-01T01:30:00+02:00", Some("2024-02-29T23:30:00Z")),
            ("2024-02-29T23:30:00-00:30", Some("2024-03-01T00:00:00Z")),
            ("0001-01-01T00:00:00Z", None),
            ("2026-13-02T03:04:05Z", None),
            ("yesterday", None),
            ("2026-01-02T03:04:05", None),
        ];
        for (created, expected) in cases {
            assert_eq!(
                Time::of_image(created)
                    .map(|time| time.to_string())
                    .as_deref(),
                expected,
                "{created}"
            );
        }
    }
}
