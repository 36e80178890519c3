#!/usr/bin/env bash
# Draws the app's icons from icons/icon.svg, the one source of all of them.
#
#   scripts/icons.sh [FOLDER]    the folder to put them into [default: icons]
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-icons}
drawn=$(mktemp -d)
trap 'rm -rf "$drawn"' EXIT

# It draws icons for every system and shop; these are the ones that tauri.conf.json names.
ui/node_modules/.bin/tauri icon icons/icon.svg --output "$drawn" 2>"$drawn/said" || { cat "$drawn/said" >&2; exit 1; }
cp "$drawn"/{32x32,64x64,128x128,128x128@2x}.png "$drawn"/icon.{png,icns,ico} "$folder"
