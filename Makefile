# The front door. Each target first does the part of the setup that it needs; what is there already costs nothing.
#
#   make run        builds the app and opens it; with no display it runs the demo in the terminal
#   make test       all tests: Rust, user interface, end to end, the real window, the packages
#   make test-twisterd  the whole program against real nodes: TWISTERD=/path/to/twisterd starts two as a private network
#                       (TWISTERD_ARGS adds flags), TWISTER_A=http://user:password@host:port and TWISTER_B=... are two
#                       that run (TWISTER_MINE=1 lets it make blocks); make test runs it against two sandbox nodes
#   make test-packages  makes the packages, and installs, starts, upgrades and purges them in a clean Debian (a part of make test)
#   make soak       100 kills of bridges, brokers and nodes while 5,000 messages flow (make test has a short form)
#   make lint       formatting and static checks
#   make bench      all numbers, in less than 30 minutes after the build: target/bench/report.json and report.md; ROWS="latency start" takes
#                   a part of them; leave the machine alone meanwhile (benches/README.md)
#   make bench-quick  a rough look, in three minutes after the build
#   make numbers    writes what the last make bench has measured into the README
#   make bench-window  how quick the window stays while 2,000 messages a second cross, SECONDS=60
#   make bench-instructions  counts the instructions of the engine's pure parts; fails if one takes 10 % more than was accepted
#   make instructions-accept  takes their counts anew, in benches/instructions/counts.json
#   make test-instructions  the same check, and that a slowed build fails it
#   make bundle     the packages: a .deb and an .rpm of the app, a .deb of the program without a window (packaging/README.md)
#   make icons      draws all icons anew from icons/icon.svg
#   make setup      installs everything that any of them needs
#   make bindings   writes the TypeScript descriptions of the commands and events anew
#   make screenshots  takes the pictures in docs/screenshots from the real window
#   make fuzz       hostile input for everything that reads what others write, MINUTES=10 for each target (fuzz/README.md)

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := run

TOOLS := $(CURDIR)/.cache/tools
TAURI_DRIVER := $(TOOLS)/bin/tauri-driver
CARGO_FUZZ := $(TOOLS)/bin/cargo-fuzz
UI_PACKAGES := ui/node_modules/.package-lock.json
UI_BUILT := ui/dist/index.html
UI_SOURCES := $(shell find ui -type f -not -path 'ui/node_modules/*' -not -path 'ui/dist/*')

# One feature set and one profile for everything, so that nothing is compiled twice.
CARGO_FLAGS := --workspace --locked

FUZZ_TARGETS := frame_text frame_body config rpc_reply rpc_client bencode squeeze
MINUTES ?= 10
SECONDS ?= 60
# A hostile input may cost so much and no more: seconds, and megabytes of the whole process.
FUZZ_LIMITS := -timeout=5 -rss_limit_mb=512

COUNT_INSTRUCTIONS := cargo bench --locked --profile instructions --package mqtt-twister-bridge --bench instructions

# Each benchmark leaves the rows alone that are not named.
define MEASURE
@scripts/setup.sh benches
cargo build --release $(CARGO_FLAGS) --bin empty-window
cargo bench $(CARGO_FLAGS) --bench bridge -- $(ROWS)
cargo bench $(CARGO_FLAGS) --bench window -- $(ROWS)
cargo run --locked --package mqtt-twister-benches --bin report
endef

export TAURI_DRIVER

.PHONY: run test test-twisterd test-strangers test-packages test-instructions soak lint bundle icons setup bindings screenshots fuzz
.PHONY: bench bench-quick numbers bench-window bench-instructions instructions-accept
.PHONY: setup-rust setup-window setup-node setup-tests

run:
ifeq ($(DISPLAY)$(WAYLAND_DISPLAY),)
	@$(MAKE) --no-print-directory setup-rust
	@echo 'There is no display here, so this is the demo in the terminal. With a display, make run opens the app.'
	cargo run --locked --package mqtt-twister-cli -- demo
else
	@$(MAKE) --no-print-directory setup-window $(UI_BUILT)
	cargo run --locked --package mqtt-twister
endif

test: setup-tests $(UI_BUILT)
	cd ui && npm test
	cargo test $(CARGO_FLAGS)
	@$(MAKE) --no-print-directory test-strangers test-instructions
	@if command -v apt-get >/dev/null; then $(MAKE) --no-print-directory test-packages; \
		else echo 'skipped: packages are made and tested on Debian and its relatives'; fi

# The program may be given as from here, and tests run elsewhere.
test-twisterd: setup-rust
	@scripts/setup.sh tests
	$(if $(TWISTERD),TWISTERD='$(abspath $(TWISTERD))') cargo test $(CARGO_FLAGS) --test twisterd -- $(CASES)

test-strangers: setup-rust
	@scripts/setup.sh tests
	scripts/test-strangers.sh

test-packages: bundle
	@scripts/setup.sh tests packages
	tests/packages/run.sh

test-instructions: bench-instructions
	scripts/test-slowed.sh $(COUNT_INSTRUCTIONS)

soak: setup-rust
	@scripts/setup.sh tests
	SOAK_KILLS=100 SOAK_MESSAGES=5000 cargo test --locked --package mqtt-twister-cli --test end_to_end kills_of -- --nocapture

bench-window: setup-tests $(UI_BUILT)
	FLOOD_SECONDS=$(SECONDS) cargo test --release --locked --package mqtt-twister --test window flood -- --ignored --nocapture

# The report says of the packages how large they are, too.
bench: setup-tests bundle
	$(MEASURE)

bench-quick: export BENCH_QUICK := 1
bench-quick: export BENCH_FOLDER := $(CURDIR)/target/bench/quick
bench-quick: setup-tests $(UI_BUILT)
	$(MEASURE)

numbers: setup-rust
	cargo run --locked --package mqtt-twister-benches --bin report -- README.md

bench-instructions: setup-rust
	@scripts/setup.sh instructions
	$(COUNT_INSTRUCTIONS) -- check

instructions-accept: setup-rust
	@scripts/setup.sh instructions
	$(COUNT_INSTRUCTIONS) -- accept

lint: setup-window $(UI_BUILT)
	scripts/setup.sh lint
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo clippy $(CARGO_FLAGS) --all-targets -- -D warnings
	cd ui && npm run check && npm run lint

bundle: setup-window $(UI_BUILT)
	@scripts/setup.sh bundle
	cargo build --release --locked --package mqtt-twister --package mqtt-twister-cli
	packaging/app.sh
	packaging/cli.sh

icons: $(UI_PACKAGES)
	scripts/icons.sh

setup: setup-tests $(UI_PACKAGES)
	scripts/setup.sh lint benches instructions bundle packages

bindings: setup-window $(UI_BUILT)
	UPDATE=1 cargo test $(CARGO_FLAGS) --test bindings

screenshots: setup-tests $(UI_BUILT)
	SCREENSHOTS=$(CURDIR)/docs/screenshots cargo test $(CARGO_FLAGS) --test window every_page_shows

fuzz: $(addprefix fuzz-,$(FUZZ_TARGETS))

# What is found goes to the first folder; both are what the fuzzer starts from. Without a sanitizer any toolchain will do:
# there is no unsafe code to watch here.
fuzz-%: $(CARGO_FUZZ)
	@mkdir -p fuzz/corpus/$*
	PATH="$(TOOLS)/bin:$$PATH" cargo fuzz run --sanitizer none $* fuzz/corpus/$* fuzz/seeds/$* -- \
		-max_total_time=$$(($(MINUTES) * 60)) $(FUZZ_LIMITS) -print_final_stats=1

setup-rust:
	@scripts/setup.sh compiler rust

setup-window: setup-rust
	@scripts/setup.sh window

setup-node:
	@scripts/setup.sh node

setup-tests: setup-window setup-node $(TAURI_DRIVER)
	@scripts/setup.sh tests

$(TAURI_DRIVER): | setup-rust
	cargo install tauri-driver --version '^2' --locked --root $(TOOLS)

$(CARGO_FUZZ): | setup-rust
	cargo install cargo-fuzz --version '^0.13' --locked --root $(TOOLS)

$(UI_PACKAGES): ui/package.json ui/package-lock.json | setup-node
	cd ui && npm ci
	@touch $@

$(UI_BUILT): $(UI_PACKAGES) $(UI_SOURCES)
	cd ui && npm run build
	@touch $@
