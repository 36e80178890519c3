#!/usr/bin/env bash
# Runs the suite for nodes that nobody knows against two sandbox nodes, which it reaches as it would reach anybody's: once where
# their swarms are joined, and, as far as messages take another way then, where they never will be.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo test --workspace --locked --test twisterd --no-run
target="${CARGO_TARGET_DIR:-target}"
said=$(mktemp)
sandbox=
trap '[ -z "$sandbox" ] || kill "$sandbox"; rm -f "$said"' EXIT

# Starts two nodes with the options that follow, and runs the cases whose names contain the first word.
against() {
    local cases=$1
    shift
    : > "$said"
    "$target/debug/mqtt-twister-cli" --json sandbox --block-seconds 3600 "$@" > "$said" &
    sandbox=$!
    until grep -q '"type":"ready"' "$said"; do
        kill -0 "$sandbox"
        sleep 0.1
    done
    mapfile -t urls < <(sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$said")
    TWISTER_A=${urls[0]} TWISTER_B=${urls[1]} TWISTER_MINE=1 TWISTER_PATIENCE=120 \
        make --no-print-directory test-twisterd CASES="$cases"
    kill "$sandbox"
    wait "$sandbox" || true
    sandbox=
}

against ""
against arrive --swarms-apart
