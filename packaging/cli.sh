#!/usr/bin/env bash
# Makes the .deb of the program without a window from its release build: program, manual pages, and the unit of a system service.
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/common.sh

name=mqtt-twister-cli
program=$release/$name
architecture=$(dpkg --print-architecture)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

# put MODE SOURCE DESTINATION: a file of the package.
put() {
    install -D --mode="$1" "$2" "$root/$3"
}

# manual PAGE [COMMAND]: the manual page that the program's own help makes.
manual() {
    help2man --no-info --version-string="$version" --name="$(one_line "${@:2}")" "$program ${*:2}" |
        gzip -9n >"$root/usr/share/man/man1/$1.1.gz"
}

# one_line WORD...: what the program says of a command in its first line.
one_line() {
    "$program" "$@" --help | head -n 1 | sed 's/\.$//'
}

put 755 "$program" "usr/bin/$name"
put 644 packaging/systemd/mqtt-twister.service usr/lib/systemd/system/mqtt-twister.service
put 644 packaging/linux/copyright "usr/share/doc/$name/copyright"
gzip -9n <CHANGELOG.md >"$root/usr/share/doc/$name/changelog.gz"
# For the service's configuration, which the person writes.
install -d --mode=755 "$root/etc/mqtt-twister"

mkdir -p "$root/usr/share/man/man1"
manual "$name"
for command in $("$program" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'); do
    [ "$command" = help ] || manual "$name-$command" "$command"
done

mkdir "$root/DEBIAN"
for script in postinst prerm postrm; do
    put 755 "packaging/cli/$script" "DEBIAN/$script"
done
cat >"$root/DEBIAN/control" <<CONTROL
Package: $name
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $(du --summarize --apparent-size --block-size=1024 "$root" | cut --fields=1)
Depends: $(libraries_of "$program")
Suggests: mosquitto
Section: net
Priority: optional
Homepage: $homepage
Description: joins MQTT brokers over the Twister network, without a window
 mqtt-twister joins MQTT brokers over the Twister peer-to-peer network, with
 no server in the middle: publicly, or privately to named people.
 .
 This is the program for servers and small computers: it runs the bridges of a
 configuration file, as a system service if that is wanted.
CONTROL
(cd "$root" && find usr -type f -exec md5sum {} +) >"$root/DEBIAN/md5sums"

mkdir -p "$release/bundle/deb"
dpkg-deb --root-owner-group -Zxz --build "$root" "$release/bundle/deb/${name}_${version}_$architecture.deb"
