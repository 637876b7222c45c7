//! What is wrong with an image: rules over its file system, its layers and its configuration.
//!
//! A rule is a page and a function, as for Dockerfiles; one that says the same of both has one page
//! for both. The slimmer's plan, where there is one, tells of every file whether the program can
//! reach it.

mod accounts;
mod builder_stage;
mod context;
mod dockerfile;
mod finding;
mod history;
mod made;
mod policy;
mod rules;

use std::collections::BTreeSet;
use std::sync::LazyLock;

pub use accounts::{Account, Accounts, Password};
pub use context::Context;
pub use dockerfile::{Beside, MEASURED, ONLY_MEASURED, beside, measured};
pub use finding::{Brought, Finding, Findings, Report};
pub use history::told;
pub use policy::{Exception, Pattern, Policy};

use crate::advisories::Known;
use crate::image::{Image, ReadError};
use crate::lint::words::Topic;
use crate::lint::{self, Registry, Selection, Settings, Severity};
use crate::packages::{self, Packages};
use crate::slim::Plan;

/// One check of images.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The name of its page.
    pub name: &'static str,
    /// The text of `rules/lint/<name>.md`; none where it shares the page of a Dockerfile's rule.
    pub page: Option<&'static str>,
    pub check: fn(&Context<'_>, &mut Findings<'_, '_>),
}

/// All rules, those for Dockerfiles and those for images, with their pages.
pub fn registry() -> &'static Registry {
    static PAGES: LazyLock<Vec<lint::Rule>> = LazyLock::new(|| {
        let own = rules::RULES
            .iter()
            .filter_map(|rule| Some((rule.name, rule.page?)));
        own.map(|(name, page)| lint::Rule {
            name,
            page,
            check: |_, _| {},
        })
        .collect()
    });
    static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
        Registry::new(crate::rules::all().iter().chain(PAGES.iter()))
            .expect("every page is read by the tests")
    });
    &REGISTRY
}

/// The rules for images.
pub fn rules() -> &'static [Rule] {
    &rules::RULES
}

/// What the selected rules and the policy say of an image: by rule, then in the order of paths.
///
/// `reference` is the name under which the image was asked for; `plan` is what the slimmer would
/// keep of it.
pub fn audit(
    image: &Image,
    reference: &str,
    plan: Option<&Plan>,
    registry: &Registry,
    settings: &Settings,
    policy: &Policy,
) -> Result<Vec<Finding>, ReadError> {
    let packages = packages::read(image)?;
    audit_with(
        image,
        reference,
        plan,
        Installed {
            packages: &packages,
            known: None,
        },
        registry,
        settings,
        policy,
    )
}

/// What is installed, as the caller has read it, and what is known of that.
#[derive(Clone, Copy, Debug)]
pub struct Installed<'a> {
    pub packages: &'a Packages,
    /// None where nobody was asked.
    pub known: Option<&'a Known>,
}

/// The same with vulnerabilities.
pub fn audit_with(
    image: &Image,
    reference: &str,
    plan: Option<&Plan>,
    installed: Installed<'_>,
    registry: &Registry,
    settings: &Settings,
    policy: &Policy,
) -> Result<Vec<Finding>, ReadError> {
    said(
        Context::new(image, reference, plan, installed, settings, policy),
        registry,
    )
}

/// What the policy alone says of what slimming has left of an image.
///
/// `packages` are those of which something is left, whether or not the image has records of them.
pub fn judge(
    left: &Image,
    reference: &str,
    packages: &Packages,
    registry: &Registry,
    policy: &Policy,
) -> Result<Vec<Finding>, ReadError> {
    let settings = Settings {
        select: Selection::Only(BTreeSet::new()),
        ..Settings::default()
    };
    let installed = Installed {
        packages,
        known: None,
    };
    said(
        Context::new(left, reference, None, installed, &settings, policy),
        registry,
    )
}

fn said(context: Context<'_>, registry: &Registry) -> Result<Vec<Finding>, ReadError> {
    let (settings, policy) = (context.settings, context.policy);
    let mut findings = Vec::new();
    for rule in &rules::RULES {
        let Some(page) = registry.get(rule.name) else {
            continue;
        };
        let forbidden = policy.forbids(rule.name);
        if forbidden.is_none() && !settings.selects(page) && !rules::OF_POLICY.contains(&rule.name)
        {
            continue;
        }
        let severity = settings
            .severities
            .get(page.name)
            .copied()
            .unwrap_or(page.severity);
        let severity = if forbidden.is_some() {
            Severity::Error
        } else {
            severity
        };
        let mut sink = Findings::new(&context, page.name, severity);
        (rule.check)(&context, &mut sink);
        let mut found = sink.into_findings();
        found.retain(|finding| !policy.allows(finding));
        for finding in &mut found {
            finding.labels.extend(match forbidden {
                Some(_) => policy
                    .words
                    .label(&Topic::Rule(page.name), "forbidden here"),
                None => settings.severity_label_of(page.name),
            });
            finding
                .notes
                .extend(forbidden.map(|word| format!("the policy forbids `{word}`")));
        }
        findings.extend(found);
    }
    context.failure().map_or(Ok(()), Err)?;
    findings.sort_by(|one, other| {
        let key = |finding: &Finding| {
            (
                finding.severity,
                finding.rule,
                finding.path.clone(),
                finding.message.clone(),
            )
        };
        key(one).cmp(&key(other))
    });
    Ok(findings)
}
