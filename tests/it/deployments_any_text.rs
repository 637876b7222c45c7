//! Properties of any text that is read as a deployment: no panic, findings inside the text, edits
//! that keep all lines, and bounded time for hostile texts.

use std::fmt::Write as _;
use std::time::Duration;

use jettison::deployment::{self, Deployment, Kind, NoFiles, Pod, Workload};
use jettison::harden::Hardening;
use jettison::image::Image;
use jettison::lint::{
    DeployedImage, Selection, Settings, deployment_examples, in_file, lint_deployment,
};
use jettison::report;
use jettison::rules::registry;
use jettison::slim::{PlanOptions, Slimming};
use jettison::source::Source;
use proptest::prelude::*;

use crate::builders::description::image;
use crate::cpu_time;

const KINDS: [Kind; 3] = [Kind::Compose, Kind::Kubernetes, Kind::Bake];

/// A small image that needs something of every setting.
fn app() -> Image {
    image(
        "elf /usr/bin/app cap\nelf /bin/sh\ndir /data uid=1000\nvolume /data\nuser app\n\
         file /etc/passwd \"app:x:1000:1000::/:/bin/sh\\n\"\nexpose 80/tcp\ndir /tmp mode=1777\n\
         entrypoint /usr/bin/app\n",
    )
}

/// Every line of every page's examples, and lines that break them.
fn lines() -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (_, page) in registry().iter() {
        for one in deployment_examples(page.body) {
            lines.extend(one.example.text.lines().map(str::to_owned));
        }
    }
    for line in [
        "    <<: *x",
        "  a: &x",
        "    tmpfs: /run",
        "    cap_drop: [",
        "]",
        "    user: |",
        "---",
        "\t",
        "      - name: \u{e9}",
        "    healthcheck: {test: \"curl -f x || exit 1\"}",
        "target \"a\" {",
        "}",
    ] {
        lines.push(line.to_owned());
    }
    lines
}

/// Lines in any order, with a piece cut out somewhere.
fn any_text() -> impl Strategy<Value = String> {
    let lines = proptest::collection::vec(proptest::sample::select(lines()), 0..24);
    (
        lines,
        any::<prop::sample::Index>(),
        0..12_usize,
        any::<bool>(),
    )
        .prop_map(|(lines, at, cut, crlf)| {
            let text = lines.join(if crlf { "\r\n" } else { "\n" });
            let start = at.index(text.len() + 1);
            let kept = text.bytes().take(start);
            let bytes: Vec<u8> = kept.chain(text.bytes().skip(start + cut)).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        })
}

/// Lints a deployment, alone and against the image.
fn check(deployment: &Deployment, image: &DeployedImage<'_>) {
    let settings = Settings {
        select: Selection::ALL,
        ..Settings::default()
    };
    for images in [&[][..], std::slice::from_ref(image)] {
        for file in lint_deployment(deployment, images, registry(), &settings) {
            for finding in file.findings {
                let span = finding.span().expect("it is in a text");
                assert!(file.source.text().get(span.range()).is_some());
            }
        }
    }
    for build in deployment.builds() {
        if let deployment::Recipe::Inline(text) = &build.recipe {
            let source = deployment.source(text.place);
            let dockerfile = Source::new("Dockerfile", text.text.as_str());
            for finding in jettison::lint::lint(&dockerfile, registry(), &settings) {
                in_file(finding, text, source.text());
            }
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read_and_linted_without_a_panic(text in any_text()) {
        let image = app();
        let slimming = Slimming::new(&image, &PlanOptions::default()).unwrap();
        let deployed = DeployedImage::new("app.tar", None, &image, Some(&slimming.plan));
        for kind in KINDS {
            let deployment = deployment::read(kind, Source::new("x", text.as_str()), &NoFiles);
            check(&deployment, &deployed);
        }
    }

    #[test]
    fn settings_are_added_without_losing_a_line(text in any_text()) {
        let image = app();
        let slimming = Slimming::new(&image, &PlanOptions::default()).unwrap();
        let settings = Hardening::of(&slimming);
        for kind in [Kind::Compose, Kind::Kubernetes] {
            let deployment = deployment::read(kind, Source::new("x", text.as_str()), &NoFiles);
            let all: Vec<(&Pod, &Workload)> = deployment.workloads().collect();
            for containers in all.chunks(1).chain([&all[..]]) {
                if let Ok(applied) = report::apply("app", &settings, &text, containers) {
                    prop_assert!(applied.text.lines().count() >= text.lines().count());
                }
            }
        }
    }
}

#[test]
fn hostile_texts_take_bounded_time() {
    let image = app();
    let slimming = Slimming::new(&image, &PlanOptions::default()).unwrap();
    let deployed = DeployedImage::new("app.tar", None, &image, Some(&slimming.plan));
    let services = |body: &str, count: usize| {
        let mut text = "services:\n".to_owned();
        for number in 0..count {
            writeln!(text, "  s{number}: {body}").unwrap();
        }
        text
    };
    let mut bomb = "a0: &a0 [x, x]\n".to_owned();
    for number in 1..40 {
        let before = number - 1;
        writeln!(bomb, "a{number}: &a{number} [*a{before}, *a{before}]").unwrap();
    }
    bomb += "services:\n  a: {image: x, command: *a39}\n";
    let mounts = format!(
        "services:\n  a:\n    image: x\n    healthcheck: {{test: \"{}\"}}\n    tmpfs:\n{}",
        "b; ".repeat(2000),
        "      - /usr\n".repeat(10_000)
    );
    let texts = [
        services(
            "{image: x, user: \"7\", read_only: true, healthcheck: {test: a b c}}",
            2_500,
        ),
        services(
            "{image: x, cap_drop: [ALL], tmpfs: [/usr, /usr/bin]}",
            3_000,
        ),
        bomb,
        mounts,
        format!("services: {}", "[".repeat(100_000)),
        format!("services:\n  a:\n    command: {}", "'a' ".repeat(40_000)),
        "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, image: x}]}\n---\n".repeat(2_500),
    ];
    for text in texts {
        let taken = cpu_time::of(|| {
            for kind in KINDS {
                let deployment = deployment::read(kind, Source::new("x", text.as_str()), &NoFiles);
                check(&deployment, &deployed);
            }
        });
        // Three readings of 200 kB, without optimizations. A product of two parts of the text takes
        // minutes.
        assert!(
            taken < Duration::from_secs(30),
            "{taken:?} for {}",
            &text[..text.len().min(80)]
        );
    }
}
