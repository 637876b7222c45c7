//! Image names that always have a tag, as in Docker.

/// Adds the tag `latest` to a name with neither tag nor digest.
pub(in crate::image) fn with_tag(name: &str) -> String {
    // A colon before the last slash belongs to a port.
    let last = name.rsplit('/').next().unwrap_or_default();
    if last.contains([':', '@']) {
        name.to_owned()
    } else {
        format!("{name}:latest")
    }
}

#[cfg(test)]
mod tests {
    use super::with_tag;

    #[test]
    fn a_port_is_no_tag() {
        assert_eq!(with_tag("localhost:5000/app"), "localhost:5000/app:latest");
        assert_eq!(with_tag("app:1"), "app:1");
        assert_eq!(with_tag("app@sha256:abc"), "app@sha256:abc");
    }
}
