#!/usr/bin/env bash
# The packages as people meet them: what they say of themselves, and their whole life in a clean Debian: installed with what apt
# finds for them, started, upgraded, removed and purged. `make test-packages` makes the packages first.
#
# It needs root, for a Debian in a folder, and Debian's mirror. Everything that it starts and mounts ends with it.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ -z "${OWN_NAMESPACE:-}" ]; then
    as_root=()
    [ "$(id --user)" -eq 0 ] || as_root=(sudo --preserve-env=PATH,HOME,CARGO_TARGET_DIR)
    exec "${as_root[@]}" unshare --mount --pid --fork --kill-child --mount-proc env OWN_NAMESPACE=1 "$0"
fi

. packaging/common.sh
. tests/packages/support.sh
. tests/packages/contents.sh
. tests/packages/life.sh

architecture=$(dpkg --print-architecture)
app=$release/bundle/deb/mqtt-twister_${version}_$architecture.deb
cli=$release/bundle/deb/mqtt-twister-cli_${version}_$architecture.deb
rpm=$(echo "$release/bundle/rpm/mqtt-twister-$version"-*.rpm)

it 'the packages have the version of the workspace' have_the_version
it 'no package is larger than 15 MB' are_small
it 'the desktop entry is valid' have_a_valid_desktop_entry
it 'software centres can read what the app is' have_valid_metadata
it 'every release of the changelog is in the metadata' name_every_release
it 'the icons are drawn from the one drawing' have_the_drawn_icons
it 'the rpm has the files of the deb' agree
it 'every command has its manual page' have_manual_pages

clean_debian
it 'apt finds all that the packages need' needs_are_met
everything >"$work/before"
it 'both packages install and bring nothing else' both_install
it 'the desktop knows an invitation, and the app that opens it' invitations_are_known
desktop
it 'the app shows its first page' app_starts
it 'a second start hands an invitation to the first, and ends' second_start_ends
it 'without a window, messages cross in the demo' demo_runs
it 'the service is not enabled, and its command line runs until it is stopped' service_runs
it 'an upgrade keeps configuration and data' upgrade_keeps
it 'removing keeps configuration and data' removal_keeps
it "purging leaves nothing but a person's own settings" purge_leaves_nothing

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
