#!/usr/bin/env bash
# Installs what is missing to build and test the program, and does nothing when nothing is missing.
#
#   scripts/setup.sh PART...
#
# Parts: rust     a Rust toolchain that is new enough
#        lint     rustfmt and clippy
#        compiler a C compiler, for the parts of the program that are written in C
#        window   the libraries of the desktop window and the keyring
#        node     Node.js and npm, for the user interface
#        tests    what the tests drive: an MQTT broker, a display, a WebDriver, a keyring
#        benches  what the benchmarks are compared with
#        instructions what counts the instructions of the engine's parts
#        bundle   what the packages are made with
#        packages what the packages are tested with: checks of what they say of themselves, and a clean Debian
#
# Debian packages are installed with apt-get (as root, or with sudo). Rust and Node.js are the person's choice of source,
# so they are never installed from here: the script says what is missing and how to get it.
set -euo pipefail

cd "$(dirname "$0")/.."

COMPILER_PACKAGES=(build-essential pkg-config)
WINDOW_PACKAGES=(libwebkit2gtk-4.1-dev libayatana-appindicator3-dev librsvg2-dev libdbus-1-dev)
TEST_PACKAGES=(mosquitto xvfb webkit2gtk-driver dbus-daemon gnome-keyring)
BENCH_PACKAGES=(zstd)
INSTRUCTION_PACKAGES=(valgrind)
BUNDLE_PACKAGES=(dpkg-dev help2man)
PACKAGE_TEST_PACKAGES=(appstream desktop-file-utils rpm mmdebstrap)
RUST_MINIMUM=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
NODE_MINIMUM=$(sed -n 's/.*"node": ">=\(.*\)".*/\1/p' ui/package.json)

fail() {
    printf '\nsetup: %s\n' "$1" >&2
    exit 1
}

# at_least WANTED FOUND: whether the version FOUND is WANTED or newer.
at_least() {
    [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

need_rust() {
    local how="Install Rust $RUST_MINIMUM or newer with rustup:

    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh

then open a new terminal (or run: . \"\$HOME/.cargo/env\") and call make again."
    command -v cargo >/dev/null || fail "Rust is missing. $how"
    local found
    found=$(rustc --version | cut -d ' ' -f 2)
    at_least "$RUST_MINIMUM" "$found" || fail "Rust $found is too old. $how"
}

need_lint() {
    local component
    for component in fmt clippy; do
        cargo "$component" --version >/dev/null 2>&1 && continue
        command -v rustup >/dev/null || fail "cargo $component is missing: install it from where your Rust comes from."
        rustup component add "${component/fmt/rustfmt}"
    done
}

need_node() {
    local how="Install Node.js $NODE_MINIMUM or newer with its npm: see https://nodejs.org/en/download"
    command -v node >/dev/null || fail "Node.js is missing. $how"
    local found
    found=$(node --version | tr -d v)
    at_least "$NODE_MINIMUM" "$found" || fail "Node.js $found is too old. $how"
    command -v npm >/dev/null || fail "npm is missing. $how"
}

# need_packages PACKAGE...: installs the Debian packages that are missing.
need_packages() {
    local missing=() package
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        need_elsewhere "$@"
        return
    fi
    for package in "$@"; do
        [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "Packages are missing. Run as root: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    echo "setup: installing ${missing[*]}"
    "${as_root[@]}" apt-get update
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}"
}

# need_elsewhere PACKAGE...: where apt-get does not exist, looks for what the Debian packages bring, and names it.
need_elsewhere() {
    local missing=() package
    for package in "$@"; do
        present "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    fail "This system has no apt-get, so please install by its own means what Debian calls:

    ${missing[*]}

and call make again."
}

present() {
    case $1 in
    build-essential) command -v cc && command -v make ;;
    pkg-config) command -v pkg-config ;;
    libwebkit2gtk-4.1-dev) pkg-config --exists webkit2gtk-4.1 ;;
    libayatana-appindicator3-dev) pkg-config --exists ayatana-appindicator3-0.1 ;;
    librsvg2-dev) pkg-config --exists librsvg-2.0 ;;
    libdbus-1-dev) pkg-config --exists dbus-1 ;;
    mosquitto) PATH=$PATH:/usr/sbin:/usr/local/sbin command -v mosquitto ;;
    xvfb) command -v Xvfb ;;
    webkit2gtk-driver) command -v WebKitWebDriver ;;
    dbus-daemon) command -v dbus-run-session ;;
    gnome-keyring) command -v gnome-keyring-daemon ;;
    dpkg-dev) command -v dpkg-shlibdeps ;;
    appstream) command -v appstreamcli ;;
    desktop-file-utils) command -v desktop-file-validate ;;
    help2man | rpm | mmdebstrap | valgrind | zstd) command -v "$1" ;;
    *) false ;;
    esac >/dev/null 2>&1
}

for part in "$@"; do
    case $part in
    rust) need_rust ;;
    lint) need_lint ;;
    node) need_node ;;
    compiler) need_packages "${COMPILER_PACKAGES[@]}" ;;
    window) need_packages "${WINDOW_PACKAGES[@]}" ;;
    tests) need_packages "${TEST_PACKAGES[@]}" ;;
    benches) need_packages "${BENCH_PACKAGES[@]}" ;;
    instructions) need_packages "${INSTRUCTION_PACKAGES[@]}" ;;
    bundle) need_packages "${BUNDLE_PACKAGES[@]}" ;;
    packages) need_packages "${PACKAGE_TEST_PACKAGES[@]}" ;;
    *) fail "there is no part called $part" ;;
    esac
done
