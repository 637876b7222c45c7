//! The lint engine. It receives the rules as input and names none of them, except those that it
//! implements itself: the rules about pragmas, and ShellCheck.
//!
//! [`lint`] checks a Dockerfile, [`lint_image`] an image, [`lint_deployment`] what a Compose file,
//! a Kubernetes manifest or a Bake file says. All run the checks of the selected rules, which
//! report to [`Findings`], and fill in the severity and the context of each location. Comments
//! suppress findings in Dockerfiles, a [`Policy`](image::Policy) allows exceptions for images.

mod attack_surface;
mod code;
mod compliance;
mod data_rule;
mod deployment;
pub mod dockerfile;
mod example;
mod finding;
pub mod fix;
pub mod image;
mod index;
mod label;
mod own_rules;
mod page;
pub mod pragma;
mod registry;
mod rule;
mod setting_origin;
mod settings;

pub use attack_surface::{AttackSurface, RunsAs, Target};
pub use code::ShellcheckCode;
pub use compliance::{Compliance, NamedStandard, Requirement, Standard};
pub use data_rule::{DataRule, DataRuleError, DataRuleText, Words};
pub use deployment::{
    DeployedImage, DeploymentContext, ImagedWorkload, LintedFile, Veil, in_file,
    invocation_settings, lint_deployment, sort,
};
pub use dockerfile::{
    BuildContext, DockerfileContext, DockerfileReport, Extras, Facts, IgnoreFile, clean, facts,
    lint, lint_with, of_all_builds,
};
pub use example::{
    DeploymentExample, Example, Verdict, deployment_examples, examples, image_examples,
};
pub use finding::*;
pub use image::{ImageContext, ImageInput, ImageReport, lint_image};
pub use index::index_markdown;
pub use label::LabelType;
pub use own_rules::{OwnRules, is_own_rule};
pub use page::{Alias, Category, Page, Profile, Tool};
pub use registry::{Named, Registry, UnknownRule};
pub use rule::{DeploymentCheck, DockerfileCheck, FindingBuilder, Findings, ImageCheck, Rule};
pub use setting_origin::{SettingKey, SettingOrigin, SettingOrigins};
pub use settings::{Codes, Selection, Settings};

/// The rule that ShellCheck's findings are reported under.
pub const SHELLCHECK: &str = "shellcheck";
