# The life of the packages in a clean Debian. Each step finds it as the one before has left it.

needs_are_met() {
    in_root apt-get satisfy --yes --no-install-recommends "$(dpkg-deb --field "$app" Depends), $(dpkg-deb --field "$cli" Depends)"
}

both_install() {
    cp "$app" "$cli" "$root/packages"
    in_root sh -c 'apt-get install --yes --no-install-recommends /packages/*.deb' | tee "$work/apt"
    grep '^0 upgraded, 2 newly installed, 0 to remove' "$work/apt"
}

invitations_are_known() {
    grep ':application/x-mqtt-twister-invitation:\*.twister-invitation$' "$root/usr/share/mime/globs2"
    grep 'MimeType=.*application/x-mqtt-twister-invitation;.*x-scheme-handler/mqtt-twister;' \
        "$root/usr/share/applications/mqtt-twister.desktop"
}

app_starts() {
    RUN=exec as_ada mqtt-twister >"$work/app-log" 2>&1 &
    echo "$!" >"$work/app-id"
    until_true page_shows || { cat "$work/app-log"; return 1; }
    kill -0 "$!" || { cat "$work/app-log"; return 1; }
}

# Whether letters are on the display: the window's frame alone has a few colours, letters have hundreds of shades.
page_shows() {
    [ "$(colours)" -gt 200 ]
}

second_start_ends() {
    cp docs/invitation.md "$root/home/ada/letter.twister-invitation"
    as_ada timeout "$PATIENCE" mqtt-twister letter.twister-invitation
    kill -0 "$(cat "$work/app-id")"
    page_shows
    kill "$(cat "$work/app-id")"
}

demo_runs() {
    RUN=exec as_ada mqtt-twister-cli demo --json >"$work/demo" &
    until_true delivered 3
    kill "$!"
    wait "$!"
}

# delivered COUNT: whether so many messages have come to a broker.
delivered() {
    [ "$(grep --count '"step":"delivered"' "$work/demo")" -ge "$1" ]
}

service_runs() {
    local unit=$root/usr/lib/systemd/system/mqtt-twister.service command
    [ ! -e "$root/etc/systemd/system/multi-user.target.wants/mqtt-twister.service" ]
    cat >"$root/etc/mqtt-twister/config.toml" <<'TOML'
[[bridge]]
name = "alice"
subscriptions = ["doors/#"]

[bridge.twister]
url = "http://127.0.0.1:9"
account = "mqtt_alice"

[bridge.broker]
url = "mqtt://127.0.0.1:9"
TOML
    command=$(sed -n 's/^ExecStart=//p' "$unit")
    # Without systemd there is no user that comes and goes, and no keyring: root runs it, and there are no passwords.
    RUN=exec in_root env MQTT_TWISTER_ALICE_NODE_PASSWORD= MQTT_TWISTER_ALICE_BROKER_PASSWORD= $command >"$work/service" 2>&1 &
    until_true test -e "$root/var/lib/mqtt-twister/alice/bridge.sqlite"
    kill "$!"
    wait "$!" || { cat "$work/service"; return 1; }
}

# Makes the package again under a higher version.
newer() {
    local unpacked=$work/newer
    rm -rf "$unpacked"
    dpkg-deb --raw-extract "$1" "$unpacked"
    sed --in-place 's/^Version: .*/&+1/' "$unpacked/DEBIAN/control"
    dpkg-deb --root-owner-group -Znone --build "$unpacked" "$root/packages/newer-$(basename "$1")"
}

# What the service has written is still there.
kept() {
    [ -e "$root/etc/mqtt-twister/config.toml" ]
    [ -e "$root/var/lib/mqtt-twister/alice/bridge.sqlite" ]
}

# installed PACKAGE: its version, if it is installed.
installed() {
    in_root dpkg-query --show --showformat '${Version}' "$1"
}

upgrade_keeps() {
    newer "$app"
    newer "$cli"
    in_root sh -c 'apt-get install --yes --no-install-recommends /packages/newer-*.deb'
    [ "$(installed mqtt-twister)" = "$version+1" ]
    [ "$(installed mqtt-twister-cli)" = "$version+1" ]
    in_root mqtt-twister-cli --version
    kept
}

removal_keeps() {
    in_root apt-get remove --yes mqtt-twister mqtt-twister-cli
    [ ! -e "$root/usr/bin/mqtt-twister" ]
    [ ! -e "$root/usr/bin/mqtt-twister-cli" ]
    kept
}

purge_leaves_nothing() {
    # As whoever has enabled the service leaves it.
    ln --symbolic /usr/lib/systemd/system/mqtt-twister.service "$root/etc/systemd/system/multi-user.target.wants/"
    in_root dpkg --purge mqtt-twister mqtt-twister-cli
    everything >"$work/after"
    same "$work/before" "$work/after"
    [ -d "$root/home/ada/.local/share/net.mqtt-twister.app" ]
}
