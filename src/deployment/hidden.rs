//! Values that a deployment takes from `.env` files. They may be private, unlike what is written in
//! the deployment itself, so they are not shown.

use std::collections::BTreeMap;

use super::place::Place;

/// Values, each with the text that is shown in its place, such as `${NAME}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HiddenValues {
    values: BTreeMap<String, String>,
    bytes: usize,
    is_incomplete: bool,
    /// The texts that are shown in place of those that contain values.
    texts: BTreeMap<Place, String>,
}

/// The number of different values, and bytes of them. Every message is searched for them.
const MAX_VALUES: usize = 1000;
const MAX_BYTES: usize = 64 << 10;

impl HiddenValues {
    /// Adds a value, or notes that there is no room for it.
    pub(super) fn add(&mut self, value: &str, shown: &str) {
        if value.is_empty() || value == shown || self.values.contains_key(value) {
            return;
        }
        let bytes = self.bytes + value.len() + shown.len();
        if self.values.len() >= MAX_VALUES || bytes > MAX_BYTES {
            self.is_incomplete = true;
            return;
        }
        self.bytes = bytes;
        self.values.insert(value.to_owned(), shown.to_owned());
    }

    /// Adds a text that contains values.
    pub(super) fn add_text(&mut self, place: Place, text: &str, shown: &str) {
        self.add(text, shown);
        self.texts.insert(place, shown.to_owned());
    }

    /// The text that is shown in place of the one at a place; `None` if that is not hidden.
    pub fn shown_at(&self, place: Place) -> Option<&str> {
        self.texts.get(&place).map(String::as_str)
    }

    /// Adds the values of another deployment, without its places.
    pub fn extend(&mut self, other: &Self) {
        for (value, shown) in other.iter() {
            self.add(value, shown);
        }
        self.is_incomplete |= other.is_incomplete;
    }

    /// Values, and what is shown in their place.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        let values = self.values.iter();
        values.map(|(value, shown)| (value.as_str(), shown.as_str()))
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && !self.is_incomplete
    }

    /// Whether there are more values than those that are listed.
    pub fn is_incomplete(&self) -> bool {
        self.is_incomplete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_beyond_the_limits_are_known_to_be_missing() {
        let mut hidden = HiddenValues::default();
        hidden.add("", "${A}");
        hidden.add("a", "${A}");
        hidden.add("a", "${B}");
        assert_eq!((hidden.iter().len(), hidden.is_incomplete()), (1, false));
        hidden.add(&"b".repeat(MAX_BYTES), "${C}");
        assert!(hidden.is_incomplete());
        let mut hidden = HiddenValues::default();
        for number in 0..=MAX_VALUES {
            hidden.add(&number.to_string(), "${A}");
        }
        assert_eq!(
            (hidden.iter().len(), hidden.is_incomplete()),
            (MAX_VALUES, true)
        );
    }
}
