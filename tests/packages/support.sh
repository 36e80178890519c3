# What the tests of the packages share: how a test is told, and a clean Debian to install into.

passed=0
failed=0

# Readable for the person in the clean Debian, whose root is below it.
work=$(mktemp -d)
chmod 755 "$work"
root=$work/root
trap clean_up EXIT

clean_up() {
    local mounted
    for mounted in dev proc tmp/.X11-unix; do
        ! mountpoint --quiet "$root/$mounted" || umount --recursive --lazy "$root/$mounted"
    done
    rm -rf --one-file-system "$work"
}

# How long a program may take to do what it is waited for, in seconds. A slow machine is no reason to fail.
PATIENCE=120

# it SENTENCE COMMAND...: a test. What the command says is shown when it fails.
it() {
    local sentence=$1 status
    shift
    # Not as a condition: in one, a shell goes on after what has failed.
    set +e
    (set -e && "$@") >"$work/said" 2>&1
    status=$?
    set -e
    if [ "$status" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok      $sentence"
    else
        failed=$((failed + 1))
        echo "FAILED  $sentence"
        sed 's/^/        /' "$work/said"
    fi
}

# until_true COMMAND...: waits until the command succeeds.
until_true() {
    local since=$SECONDS
    until "$@"; do
        [ $((SECONDS - since)) -lt "$PATIENCE" ] || return 1
        sleep 0.2
    done
}

# same EXPECTED FOUND: fails, and says how they differ, unless both files have the same lines.
same() {
    diff --unified=0 "$1" "$2"
}

# A Debian of the kind that this one is, with nothing but what is essential, apt, and a person.
clean_debian() {
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' "Origin: Debian" |
        mmdebstrap --quiet --mode=root --variant=minbase --dpkgopt=force-unsafe-io --skip=cleanup/apt/lists "$(. /etc/os-release && echo "$VERSION_CODENAME")" \
            "$root" -
    cp --dereference /etc/resolv.conf "$root/etc/resolv.conf"
    # No service is to be started in there.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    # The last is where whoever enables a service leaves a link.
    mkdir -p "$root/packages" "$root/etc/systemd/system/multi-user.target.wants"
    in_root useradd --create-home --uid 1000 ada
    install -d --owner=1000 --group=1000 --mode=700 "$root/run/user/1000"
    # Where displays are reached: one folder for both, of these tests' own.
    mkdir -p /tmp/.X11-unix "$root/tmp/.X11-unix"
    mount -t tmpfs -o mode=1777 displays /tmp/.X11-unix
    mount --bind /tmp/.X11-unix "$root/tmp/.X11-unix"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
}

# in_root COMMAND...: as root, in the clean Debian. With RUN=exec it takes the shell's place, so that `$!` is the command's own id.
in_root() {
    ${RUN:-} chroot "$root" env --ignore-environment HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# as_ada COMMAND...: the same as the person, at her desktop.
as_ada() {
    ${RUN:-} chroot --userspec=1000:1000 "$root" env --ignore-environment --chdir=/home/ada HOME=/home/ada LANG=C.UTF-8 \
        PATH=/usr/bin:/bin XDG_RUNTIME_DIR=/run/user/1000 DISPLAY="$(cat "$work/display" 2>/dev/null)" \
        DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus "$@"
}

# Everything in the clean Debian that a package could leave behind; not what apt and dpkg write down about their work.
everything() {
    (
        cd "$root"
        find . -xdev \( -path ./packages -o -path ./home -o -path ./run -o -path ./tmp -o -path ./var/log -o -path ./var/cache \
            -o -path ./var/lib/apt -o -path ./var/lib/dpkg \) -prune -o -type f -printf '%p %M %u %s\n' -o -printf '%p %M %u %l\n'
    ) | sort
}

# A display that draws into a file, and a bus for the session, both outside of the clean Debian: it stays clean.
desktop() {
    mkdir -p "$work/screen"
    Xvfb -displayfd 3 -screen 0 1200x800x24 -nolisten tcp -ac -fbdir "$work/screen" 3>"$work/number" >/dev/null 2>&1 &
    until_true test -s "$work/number"
    echo ":$(cat "$work/number")" >"$work/display"
    setpriv --reuid=1000 --regid=1000 --clear-groups dbus-daemon --session --nofork --nopidfile \
        --address="unix:path=$root/run/user/1000/bus" >/dev/null 2>&1 &
    until_true test -S "$root/run/user/1000/bus"
}

# The number of colours on the display. Its pixels, of four bytes each, stand at the end of the file that it draws into.
colours() {
    tail --bytes=$((1200 * 800 * 4)) "$work/screen/Xvfb_screen0" | od --address-radix=n --output-duplicates --format=x4 --width=4 |
        awk '!seen[$0]++' | wc --lines
}
