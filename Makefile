# What people run here; `make` alone lists it.

# A built-in herd, or a herd file.
HERD ?= goloman
export HERD

.DEFAULT_GOAL := help
.PHONY: help herd stop test soak bench check cargo

help: ## list these targets
	@sed -n 's/^\([a-z]*\):[^#]*## /make \1\t/p' Makefile | expand -t 12

herd: cargo ## build and start the stand-in and the servers of a herd (HERD=goloman), linked
	@cargo build --release --bins
	@sh .make/herd.sh start

stop: ## end what `make herd` started
	@sh .make/herd.sh stop

test: cargo ## run all tests
	cargo test

soak: cargo ## simulate new seeds until one fails (HERD_SEEDS=n for n of them, HERD_SEED=n from n on)
	HERD_SEED=$${HERD_SEED:-$$(date +%s)000000} HERD_SEEDS=$${HERD_SEEDS:-1000000} \
	  cargo test --profile soak --test simulation -- --exact --nocapture seeds

bench: cargo ## run the benchmarks
	cargo bench

check: cargo ## what CI runs: format, lints, tests, docs
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	cargo test
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

cargo:
	@command -v cargo >/dev/null || { echo "make: cargo is missing: https://rustup.rs" >&2; exit 1; }
