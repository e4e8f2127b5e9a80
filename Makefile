# What people run here; `make` alone lists it.

# A built-in herd, or a herd file.
HERD ?= goloman
# CLASSIC=1 serves the clients of the papers. With SECURE=1 the servers have keys, speak TLS, and ask
# for tokens. CLIENTS and SPEED_UP are of a demo.
export HERD CLASSIC SECURE CLIENTS SPEED_UP

# Tests of real servers wait for most of their time.
RUST_TEST_THREADS ?= $(shell expr 1 + "$$(getconf _NPROCESSORS_ONLN)")
export RUST_TEST_THREADS

.DEFAULT_GOAL := help
.PHONY: help herd demo stop test frames soak kills day upgrade bench check dist fuzz cargo

help: ## list these targets
	@sed -n 's/^\([a-z]*\):[^#]*## /make \1\t/p' Makefile | expand -t 12

herd: cargo ## build and start the stand-in and the servers of a herd (HERD=goloman CLASSIC=1 SECURE=1), linked
	@cargo build --release --bins
	@sh .make/herd.sh start

demo: cargo ## the same with 500 clients that go between real towns, for the map (CLIENTS=500 SPEED_UP=1)
	@cargo build --release --bins
	@sh .make/herd.sh demo

stop: ## end what `make herd` and `make demo` started
	@sh .make/herd.sh stop

test: cargo ## run all tests
	cargo test

frames: cargo ## count the frames a second of the map in Chromium, with 10,000 clients that move
	cargo test --test daemon -- --ignored --exact --nocapture \
	  web::frames::ten_thousand_clients_move_at_thirty_frames_a_second

soak: cargo ## simulate new seeds until one fails (HERD_SEEDS=n for n of them, HERD_SEED=n from n on)
	HERD_SEED=$${HERD_SEED:-$$(date +%s)000000} HERD_SEEDS=$${HERD_SEEDS:-1000000} \
	  cargo test --profile soak --test simulation -- --exact --nocapture seeds

kills: cargo ## kill servers that keep journals at random under load (HERD_KILLS=200 times)
	HERD_KILLS=$${HERD_KILLS:-200} cargo test --test daemon -- --exact --nocapture \
	  journal::crashes::killed_at_random_under_load_nothing_is_lost_that_was_answered

day: cargo ## run five servers for an hour under load, reloaded, restarted, killed and cut off at random (HERD_DAY_SECONDS=3600 HERD_SEED=n)
	@cargo build --release --bins
	HERD_DAY_PROGRAM=$(abspath $(or $(CARGO_TARGET_DIR),target))/release/herd \
	  HERD_DAY_SECONDS=$${HERD_DAY_SECONDS:-3600} cargo test --test daemon -- --exact --nocapture \
	  day::a_day_of_reloads_restarts_kills_and_cuts_under_load

upgrade: cargo ## upgrade five servers under load from the program of an earlier commit to this one (FROM=commit)
	@sh .make/upgrade.sh $(FROM)

bench: cargo ## run the benchmarks
	cargo bench

check: cargo ## what CI runs: format, lints, tests, docs
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	cargo test
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

dist: cargo ## make the Debian package, the container's files, man pages and completions, in target/dist
	@cargo build --release --locked --bins
	@sh .dist/dist.sh $${CARGO_TARGET_DIR:-target}/release target/dist

# libFuzzer on the stable toolchain: what `cargo fuzz` sets, but for the sanitizers, which we need
# not, having no unsafe code. The targets in the order of tests/fuzzing/targets/mod.rs.
TARGET ?= lines command neighbour_line numbers response request ingest question places herd journal nats \
	nats_words tokens store client classic neighbour fetch web bus
SECONDS ?= 60
FUZZ_HOST = $(shell rustc -vV | sed -n 's/^host: //p')
FUZZ_FLAGS = --cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1 \
	-Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
	-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares

fuzz: cargo ## look for inputs that break something, guided by coverage (TARGET="client store" SECONDS=60)
	@command -v c++ >/dev/null || { echo "make: c++ is missing; HERD_FUZZ_SECONDS=60 cargo test --test fuzzing does without" >&2; exit 1; }
	RUSTFLAGS="$(FUZZ_FLAGS)" cargo build --release --locked --target $(FUZZ_HOST) \
		--manifest-path tests/fuzz/Cargo.toml --target-dir target/fuzz
	@for target in $(TARGET); do \
		echo "fuzz: $$target"; \
		mkdir -p target/fuzz/corpus/$$target target/fuzz/found; \
		FUZZ_TARGET=$$target target/fuzz/$(FUZZ_HOST)/release/fuzz target/fuzz/corpus/$$target \
			tests/fuzzing/corpus/$$target -dict=tests/fuzzing/words.dict -use_value_profile=1 \
			-max_total_time=$(SECONDS) -timeout=10 -print_final_stats=1 -verbosity=1 \
			-artifact_prefix=target/fuzz/found/$$target- || { \
			echo "fuzz: $$target fails. Make the input in target/fuzz/found small (add -minimize_crash=1)," \
				"and put it into tests/fuzzing/corpus/$$target: cargo test --test fuzzing runs it." >&2; \
			exit 1; }; \
	done

cargo:
	@command -v cargo >/dev/null || { echo "make: cargo is missing: https://rustup.rs" >&2; exit 1; }
