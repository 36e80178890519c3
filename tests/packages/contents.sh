# What the packages say of themselves and have in them.

# files_of PACKAGE: the paths of its files.
files_of() {
    case $1 in
    *.deb) dpkg-deb --fsys-tarfile "$1" | tar --list | sed -n 's,^\(\./\)\?\(.*[^/]\)$,/\2,p' ;;
    *.rpm) rpm --query --package --queryformat '[%{FILENAMES}\n]' "$1" 2>/dev/null ;;
    esac | sort
}

# unpacked PATH: a file of the app's package, unpacked; it prints where it is.
unpacked() {
    dpkg-deb --extract "$app" "$work/app"
    echo "$work/app/$1"
}

have_the_version() {
    [ "$(dpkg-deb --field "$app" Version)" = "$version" ]
    [ "$(dpkg-deb --field "$cli" Version)" = "$version" ]
    [ "$(rpm --query --package --queryformat '%{VERSION}' "$rpm" 2>/dev/null)" = "$version" ]
    # Nowhere else, where it could be forgotten.
    ! grep --quiet '"version"' tauri.conf.json ui/package.json
}

are_small() {
    local package
    for package in "$app" "$cli" "$rpm"; do
        echo "$(stat --format=%s "$package") bytes: $package"
        [ "$(stat --format=%s "$package")" -le 15000000 ]
    done
}

have_a_valid_desktop_entry() {
    desktop-file-validate --warn-kde "$(unpacked usr/share/applications/mqtt-twister.desktop)"
}

have_valid_metadata() {
    appstreamcli validate --no-net "$(unpacked usr/share/metainfo/net.mqtt-twister.app.metainfo.xml)"
    appstreamcli validate-tree --no-net "$work/app"
}

name_every_release() {
    local released
    for released in $(sed -n 's/^## \[\([^]]*\)\] - 2.*/\1/p' CHANGELOG.md); do
        echo "$released"
        grep --quiet "<release version=\"$released\"" packaging/linux/net.mqtt-twister.app.metainfo.xml
    done
}

# All but icon.icns, whose parts come in another order each time.
have_the_drawn_icons() {
    local icon
    mkdir "$work/icons"
    scripts/icons.sh "$work/icons"
    for icon in 32x32.png 64x64.png 128x128.png 128x128@2x.png icon.png icon.ico; do
        cmp "$work/icons/$icon" "icons/$icon" || { echo 'make icons draws them anew'; return 1; }
    done
}

# But for licence and changelog, which have their places by distribution.
agree() {
    files_of "$app" | grep --invert-match -e ^/usr/share/doc/ >"$work/deb-files"
    files_of "$rpm" | grep --invert-match -e ^/usr/share/doc/ -e ^/usr/share/licenses/ >"$work/rpm-files"
    same "$work/deb-files" "$work/rpm-files"
}

have_manual_pages() {
    local command
    files_of "$cli" >"$work/cli-files"
    for command in $("$release/mqtt-twister-cli" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'); do
        echo "$command"
        [ "$command" = help ] || grep --quiet "^/usr/share/man/man1/mqtt-twister-cli-$command.1.gz$" "$work/cli-files"
    done
}
