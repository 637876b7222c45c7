//! Text output about images: the location of a file, its origin, and findings without a layer.

use std::collections::BTreeSet;

use jettison::lint::image::Policy;
use jettison::lint::{ImageInput, Selection, Settings, lint_image};
use jettison::packages;
use jettison::report::{Excerpts, Linted, Report, Style, text};
use jettison::rules::registry;

use crate::builders::description::image;

#[test]
fn a_finding_names_its_layer_except_for_the_configuration() {
    let image = image(
        "file /app mode=0755 \"x\"\nentrypoint /app\nlayer RUN chmod u+s /usr/bin/tool\nfile /usr/bin/tool mode=4755 \"x\"\n",
    );
    let select = Selection::Only(BTreeSet::from(["setuid-file", "missing-user"]));
    let settings = Settings {
        select,
        ..Settings::default()
    };
    let packages = packages::read(&image).unwrap();
    let input = ImageInput {
        image: &image,
        reference: "app.tar",
        plan: None,
        packages: &packages,
        vulnerabilities: None,
        attested: None,
    };
    let linted = lint_image(input, registry(), &settings, &Policy::default()).unwrap();
    let files = [Linted::image("app.tar", &image, linted.findings)];
    let report = Report {
        compliance: None,
        files: &files,
        registry: registry(),
    };
    let shown = text(
        &report,
        Style {
            color: false,
            width: 100,
            unicode: false,
            links: false,
            excerpts: Excerpts::FirstOfRule,
        },
    );
    let expected = [
        "warning[missing-user]: no `USER` is set, so the container runs as `root`",
        "--> app.tar",
        " = help: see `jettison explain missing-user`; also known as DS-0002, CKV_DOCKER_3, CIS-DI-0001,",
        "         S6471",
        "",
        "warning[setuid-file]: setuid root program `/usr/bin/tool` (mode 4755)",
        "--> app.tar, layer 1",
        " = note: added by `RUN chmod u+s /usr/bin/tool` in layer 1",
        " = help: see `jettison explain setuid-file`; also known as CIS-DI-0008",
        "",
        "1 image checked, 2 findings: 2 warnings",
    ];
    assert_eq!(shown.as_str().lines().collect::<Vec<_>>(), expected);
}
