# What a contributor runs. `make` alone is the quick check before a commit.

HOST := $(shell rustc -vV | sed -n 's/^host: //p')

.PHONY: check
check: ## format, Clippy with warnings denied, unit tests
	cargo fmt --check
	rustfmt --edition 2024 --check src/rules/*.rs src/rules/support/*.rs
	cargo clippy --all-targets --features fuzzing -- -D warnings
	cargo check --no-default-features
	cargo test --lib --features fuzzing

.PHONY: format
format: ## rustfmt, also for the rules, whose modules a macro declares
	cargo fmt
	rustfmt --edition 2024 src/rules/*.rs src/rules/support/*.rs

.PHONY: test
test: ## every test: unit, integration, documentation, end to end (those need root)
	tests/tools.sh shellcheck strace || [ -z "$$CI" ]
	cargo test --features fuzzing
	tests/e2e/run.sh --where-possible
	tests/deps/run.sh --where-possible

.PHONY: e2e
e2e: ## real images built, slimmed and run in containers, and programs beside their loaders, as root
	cargo build --release
	JETTISON_BINARY=target/release/jettison tests/e2e/run.sh
	tests/deps/run.sh

.PHONY: fuzz
fuzz: ## every fuzz target for a minute, by coverage: fuzz/run.sh takes seconds and targets; needs C++
	fuzz/run.sh

.PHONY: hooks
hooks: ## the wheel by pip and the hooks by pre-commit, as users install them; needs PyPI
	tests/hooks.sh

.PHONY: consumers
consumers: ## reports read by programs that others read them with; needs PyPI
	tests/consumers.sh

.PHONY: deny
deny: ## licenses, sources, versions and advisories of the dependencies, by cargo-deny; advisories need the network
	cargo deny --locked check

.PHONY: demo
demo: ## lints a Dockerfile, builds it, slims the image, runs both
	cargo build --release
	testdata/demo/demo.sh

.PHONY: bench
bench: ## micro benchmarks, then lint beside hadolint, slim beside skopeo and deps beside ldd
	cargo bench --benches
	cargo build --release
	benches/lint.sh
	benches/hook.sh
	benches/slim.sh
	benches/images.sh
	benches/audit.sh
	benches/loader.sh

.PHONY: hostile
hostile: ## time and memory on inputs that are made to take much of both
	cargo build --release
	benches/hostile.py --bad

.PHONY: rules
rules: ## rules/README.md from the rule pages
	JETTISON_BLESS=1 cargo test index

.PHONY: bless
bless: ## expected output of tests, sessions and the picture as they are now: read the diff before committing it
	JETTISON_BLESS=1 cargo test

# `make static PROFILE=release` leaves out link-time optimization, which takes minutes on one core.
PROFILE = dist

.PHONY: static
static: ## one binary that needs nothing, for any Linux of this architecture
	RUSTFLAGS='-C target-feature=+crt-static' cargo build --profile $(PROFILE) --target $(HOST)
	tests/static.sh target/$(HOST)/$(PROFILE)/jettison

.PHONY: style
style: ## how the code reads, in figures
	tests/style.py

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z0-9]*\): ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10
