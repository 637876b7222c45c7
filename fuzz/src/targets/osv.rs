//! OSV records, with lines of `%%` between them, about the packages of one image; and the VEX
//! documents that follow from them.

use std::sync::LazyLock;

use jettison::advisories::{self, Export};
use jettison::image::Image;
use jettison::packages::{self, Packages};
use jettison::report::{Vex, cyclonedx_vex, openvex, statements};
use jettison::slim::{self, Plan, PlanOptions};

use crate::sample::{self, check_json, scratch_file};

const STATUS: &[u8] = b"Package: base\nStatus: install ok installed\nVersion: 1:1.2-3\n\
    Architecture: amd64\nSource: basis (1.2-3)\n\n";

struct Sample {
    image: Image,
    packages: Packages,
    plan: Plan,
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| {
    let files = [
        sample::program("/usr/bin/app", &sample::static_program()),
        sample::data("/etc/os-release", b"ID=debian\nVERSION_ID=\"12\"\n"),
        sample::data("/var/lib/dpkg/status", STATUS),
        sample::data("/var/lib/dpkg/info/base.list", b"/usr/bin/app\n"),
        sample::data("/lib/apk/db/installed", b"P:musl\nV:1.2.4-r2\nA:x86_64\n\n"),
        sample::data("/srv/a-1.2.dist-info/METADATA", b"Name: a\nVersion: 1.2\n"),
        sample::data("/srv/a-1.2.dist-info/RECORD", b"a.py,,\n"),
        sample::data(
            "/srv/node_modules/a/package.json",
            br#"{"name":"a","version":"1.2.3-beta.1"}"#,
        ),
        sample::data(
            "/usr/lib/ruby/specifications/a-1.2.gemspec",
            b"Gem::Specification.new do |s|\n  s.name = \"a\"\n  s.version = \"1.2\"\nend\n",
        ),
    ];
    let image = sample::image(&["/usr/bin/app"], files);
    let packages = packages::read(&image).expect("the image is in memory");
    assert!(packages.list.len() >= 5, "{:?}", packages.list);
    let plan = slim::plan(&image, &PlanOptions::default()).expect("its program is there");
    Sample {
        image,
        packages,
        plan,
    }
});

pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut paths = Vec::new();
    for (number, record) in text.split("\n%%\n").take(4).enumerate() {
        paths.push(scratch_file(&format!("{number}.json"), record.as_bytes()));
    }
    let export = Export::open(&paths).expect("the files are there");
    let Ok(known) = advisories::find(&export, &SAMPLE.packages) else {
        return;
    };
    let again = advisories::find(&export, &SAMPLE.packages).expect("it was read before");
    assert_eq!(format!("{known:?}"), format!("{again:?}"));
    let Sample {
        image,
        packages,
        plan,
    } = &*SAMPLE;
    let vex = Vex {
        image: "pkg:oci/app".to_owned(),
        time: jiff::Timestamp::UNIX_EPOCH,
        statements: statements(&image.tree, packages, &known, plan),
    };
    check_json(&openvex(&vex));
    check_json(&cyclonedx_vex(&vex));
}
