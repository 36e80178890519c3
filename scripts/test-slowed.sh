#!/usr/bin/env bash
# The gate of the instruction counts has to notice a program that got slower: builds one whose compressor is hardly optimized,
# and expects that the gate fails for the parts that compress, and for no others.
#
#   scripts/test-slowed.sh COMMAND...     what counts the instructions, without its arguments
set -euo pipefail
cd "$(dirname "$0")/.."

BENCH_FOLDER=$(mktemp -d)
export BENCH_FOLDER
trap 'rm -rf "$BENCH_FOLDER"' EXIT

fail() {
    printf '%s\n\ntest-slowed: %s\n' "$said" "$1" >&2
    exit 1
}

echo 'A slowed build, which the gate has to fail:'
if said=$("$@" --config 'profile.instructions.package.mqtt-twister-squeeze.opt-level=1' -- check); then
    fail 'the gate lets a slowed build pass'
fi
for part in squeeze-learn squeeze-compress squeeze-decompress frame-v1-encode frame-v1-decode pack; do
    grep -q "^$part grew: " <<< "$said" || fail "the gate does not say that $part grew"
done
for part in route-1-rule map-rename frame-v0-decode config-parse; do
    ! grep -q "^$part grew: " <<< "$said" || fail "the gate says that $part grew, which was not slowed"
done
echo 'The gate noticed the slowed build:'
grep ' grew: ' <<< "$said"
