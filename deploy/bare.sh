# shellcheck shell=bash disable=SC2154  # who reads it in sets $directory and $page
# What the trials have in common; all read it in. A bare root, made with mmdebstrap and booted with
# systemd-nspawn, in which the commands of a page are run as they stand there.
source=$(cd "$(dirname "$0")/.." && pwd)
suite=${SUITE:-bookworm}

say() { printf '\n== %s\n' "$*"; }

# Makes $root in $directory and boots it, with $nspawn as further options. What TRIAL_COPY names is
# what this machine has to be told to reach the package servers.
nspawn=()
boot() {
    say "A bare $suite"
    root=$directory/root
    mkdir -p "$directory"
    exec 9>"$directory/lock"
    flock -n 9 || { echo "Another trial runs in $directory."; exit 1; }
    if [ ! -e "$directory/$suite.tar" ]; then
        mmdebstrap --quiet --format=tar --variant=minbase --include=systemd-sysv,dbus "$suite" "$directory/$suite.tar.new"
        mv "$directory/$suite.tar.new" "$directory/$suite.tar"
    fi
    rm -rf "$root"; mkdir "$root"; tar -C "$root" -xf "$directory/$suite.tar"
    for file in ${TRIAL_COPY:-}; do
        mkdir -p "$(dirname "$root$file")"
        cp -rT "$file" "$root$file"
    done
    echo '127.0.0.1 localhost' >>"$root/etc/hosts"
    echo 'APT::Get::Assume-Yes "true"; quiet "2";' >"$root/etc/apt/apt.conf.d/95trial"
    git clone -q "$source" "$root/srv/tally"
    trap end EXIT
    trap 'exit 1' INT TERM HUP
    start
}

start() {
    systemd-nspawn --quiet --boot --directory="$root" --machine="tally-trial-$$" --register=no --keep-unit \
        --resolv-conf=copy-host "${nspawn[@]}" >"$directory/boot.log" 2>&1 9>&- </dev/null &
    booted=$!
    until leader=$(pgrep -P $booted) && inside 'systemctl is-system-running | grep -E "running|degraded"'; do
        kill -0 $booted || { cat "$directory/boot.log"; exit 1; }
        sleep 1
    done
}

start_again() {
    inside "systemctl reboot"
    wait "$booted" || true
    start
}

# It is asked to shut down, and ended where it has not within half a minute.
end() {
    kill -TERM "$booted" 2>/dev/null || return 0
    for _ in $(seq 30); do
        kill -0 "$booted" 2>/dev/null || return 0
        sleep 1
    done
    kill -KILL "$leader" "$booted" 2>/dev/null || true
}

# Runs commands in it, as root and from root's home; $apart says which of its own it has of what
# systemd-nspawn sets apart.
apart=(--all)
inside() {
    nsenter --target "$leader" "${apart[@]}" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin \
        HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive ${also:+"$also"} /bin/bash -euc "cd; $1" </dev/null
}
holds() { inside "$2" >/dev/null || { echo "NOT TRUE: $1"; exit 1; }; echo "true: $1"; }

# Runs what stands under a heading of $page, with what the reader has to fill in: OLD=NEW …
follow() {
    local heading=$1 commands
    shift
    commands=$(awk -v heading="$heading" '/^#/ {is_in = $0 ~ "^#+ " heading "$"} is_in && /^    / {print substr($0, 5)}' "$root/srv/tally/$page")
    [ -n "$commands" ] || { echo "$page has nothing to run under $heading"; exit 1; }
    for filled_in in "$@"; do
        commands=${commands//"${filled_in%%=*}"/"${filled_in#*=}"}
    done
    printf '%s\n' "$commands" | sed 's/^/    /'
    inside "$commands"
}
