//! The notation in which pages describe images, as documented in the guide.

use jettison::page::fences;

use crate::builders::description::image;
use crate::builders::images::{find, read};

const GUIDE: &str = include_str!("../../../rules/guide/adding-a-rule.md");

#[test]
fn the_example_in_the_guide_is_a_valid_description() {
    let fences = fences(GUIDE);
    let example = fences.iter().find(|fence| fence.tag == "text").unwrap();
    let image = image(&example.text);
    assert_eq!(
        read(&image, "/etc/app.conf"),
        b"listen = 8080\ndata = /srv/data\n"
    );
    let sudo = image.tree.inode(find(&image, "/usr/bin/sudo"));
    assert_eq!((sudo.header.mode, sudo.layer), (0o4755, 1));
    assert_eq!(
        image.config.entrypoint(),
        ["/usr/bin/app", "--config", "/etc/app.conf"]
    );
    assert_eq!(image.config.user(), "1000");
}

#[test]
fn an_entry_below_a_symlink_is_added_to_its_target() {
    let image = image("link /lib -> usr/lib\nfile /lib/a/b \"x\"\n");
    assert_eq!(read(&image, "/usr/lib/a/b"), b"x");
}

#[test]
fn quoted_content_may_contain_every_escape() {
    let image = image("file /a \"\\\"\\t\\\\n\\0\\n\"\n");
    assert_eq!(read(&image, "/a"), b"\"\t\\n\0\n");
}

#[test]
#[should_panic(expected = "`executable` is not a word of an entry")]
fn an_unknown_word_is_an_error() {
    image("file /a executable\n");
}
