//! ZIP archives: as JAR files of an image, and as an export of advisories.

use jettison::advisories::{self, Export};

use crate::sample::{self, scratch_file};

pub(crate) fn run(bytes: &[u8]) {
    let files = [
        sample::program("/usr/bin/java", &sample::static_program()),
        sample::data("/app.jar", bytes),
        sample::data("/usr/lib/jvm/lib/modules", bytes),
        sample::data("/usr/lib/jvm/release", b"JAVA_VERSION=\"17\"\n"),
        sample::program("/usr/lib/jvm/bin/java", &sample::static_program()),
    ];
    let image = sample::image(&["/usr/lib/jvm/bin/java", "-jar", "/app.jar"], files);
    sample::check_image(&image);
    let packages = sample::check_packages(&image);
    if let Ok(export) = Export::open(&[scratch_file("export.zip", bytes)]) {
        let one = advisories::find(&export, &packages).is_ok();
        let other = advisories::find(&export, &packages).is_ok();
        assert_eq!(one, other);
    }
}
