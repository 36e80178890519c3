#!/usr/bin/env bash
# Makes the packages of the desktop app from its release build, with tauri's bundler: a .deb and an .rpm.
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/common.sh

# quoted LIST: "a, b" as ["a","b"].
quoted() {
    sed 's/, */","/g; s/^/["/; s/$/"]/' <<<"$1"
}

depends=$(libraries_of "$release/mqtt-twister")
ui/node_modules/.bin/tauri bundle --ci --bundles deb,rpm \
    --config "{\"bundle\":{\"linux\":{\"deb\":{\"depends\":$(quoted "$depends")}}}}"

# Tauri packs with gzip. With xz, as Debian's own packages are, it is a third smaller. What it adds to the needs without a version is
# among them with one.
package=$release/bundle/deb/mqtt-twister_${version}_$(dpkg --print-architecture).deb
unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
dpkg-deb --raw-extract "$package" "$unpacked/package"
sed --in-place 's/, libwebkit2gtk-4\.1-0, libgtk-3-0$//' "$unpacked/package/DEBIAN/control"
dpkg-deb --root-owner-group -Zxz --build "$unpacked/package" "$package"
