//! The commands: each with its arguments and the function that runs it.

use clap::Subcommand;

use super::arguments::{
    ConfigArguments, DepsArguments, ExplainArguments, LintArguments, RulesArguments, SlimArguments,
    WhyArguments,
};
#[cfg(feature = "frontend")]
use super::frontend;
use super::{
    Outcome, Output, completions, config, deps, diff, explain, harden, init, inspect, lint, lsp,
    observe, restore, rules, sbom_generator, slim, verify, why, why_not,
};

macro_rules! commands {
    (($arguments:ident, $output:ident)
        $($(#[$condition:meta])* $name:ident($type:ty) => $run:expr,)*) => {
        /// In the order of `--help`.
        #[derive(Debug, Subcommand)]
        #[expect(
            clippy::large_enum_variant,
            reason = "there is one value of it, from the command line"
        )]
        pub(super) enum Command {
            $($(#[$condition])* $name($type),)*
        }

        impl Command {
            pub(super) fn run(&self, $output: Output) -> anyhow::Result<Outcome> {
                match self {
                    $($(#[$condition])* Self::$name($arguments) => $run,)*
                }
            }
        }
    };
}

commands! {
    (arguments, output)
    Lint(LintArguments) => lint::run(arguments, output),
    Slim(SlimArguments) => slim::run(arguments, output),
    Restore(restore::RestoreArguments) => restore::run(arguments, output),
    Observe(observe::ObserveArguments) => observe::run(arguments, output),
    Verify(verify::VerifyArguments) => verify::run(arguments, output),
    Why(WhyArguments) => why::run(arguments, output),
    WhyNot(why_not::WhyNotArguments) => why_not::run(arguments, output),
    Harden(harden::HardenArguments) => harden::run(arguments, output),
    Deps(DepsArguments) => deps::run(arguments, output),
    Inspect(inspect::InspectArguments) => inspect::run(arguments, output),
    Diff(diff::DiffArguments) => diff::run(arguments, output),
    Explain(ExplainArguments) => explain::run(arguments, output),
    Rules(RulesArguments) => rules::run(arguments, output),
    Init(init::InitArguments) => init::run(arguments, output),
    Config(ConfigArguments) => config::run(arguments, output),
    Lsp(lsp::LspArguments) => lsp::run(arguments),
    #[cfg(feature = "frontend")]
    Frontend(frontend::FrontendArguments) => {
        let frontend::FrontendArguments {} = arguments;
        frontend::run()
    },
    SbomGenerator(sbom_generator::SbomGeneratorArguments) => sbom_generator::run(arguments),
    Completions(completions::CompletionArguments) => completions::completions(arguments),
    Man(completions::ManArguments) => completions::man(arguments),
}
