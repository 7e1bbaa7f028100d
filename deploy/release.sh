# shellcheck shell=bash
# What install and upgrade have in common; both read it in. Everything of Tally's lies in
#   /opt/tally/releases/NAME  the code with its packages, owned by root, one directory a release
#   /opt/tally/current        a link to the one that runs
#   /etc/tally                settings and keys
#   /var/lib/tally            the database, backups, jobs that wait
source=$(cd "$(dirname "$0")/.." && pwd)
here=$(readlink -m /opt/tally)
env_file=/etc/tally/tally.env
# shellcheck disable=SC2034
units=(tally-worker.service tally-web.service)
umask 022  # whatever root's own is: the services have to read what is put here

say() { printf '%s\n' "$*"; }
stop_with() { printf '%s\n' "$*" >&2; exit 1; }

need_root_and_systemd() {
    [ "$(id -u)" = 0 ] || stop_with "Run it as root: sudo $0"
    [ -d /run/systemd/system ] || stop_with "systemd does not run here, and Tally's services need it."
}

# Copies the code beside the releases that are there, with its packages. Sets $release.
place_release() {
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$source/pyproject.toml")
    mark=
    if [ -e "$source/.git" ]; then
        mark=$(git -C "$source" rev-parse --short HEAD) ||
            stop_with "git has to say which Tally this is; the line above tells why it does not."
    fi
    release=$here/releases/$version${mark:+-$mark}
    if [ ! -e "$release/.complete" ]; then
        rm -rf "$release"
        install -d -m 755 "$here/releases" "$release"
        tar -C "$source" --mode=u=rwX,go=rX --exclude=./.git --exclude=./.venv --exclude=./data --exclude=./tests \
            --exclude='__pycache__' -cf - . | tar -C "$release" --no-same-owner -xf -
        (cd "$release" && python3 bin/install.py base)
        "$release/.venv/bin/python" -m compileall -q "$release/app" "$release/migrations"
        touch "$release/.complete"
    fi
}

use_release() { ln -sfn "$1" "$here/current.new" && mv -T "$here/current.new" "$here/current"; }

place_services() {
    for unit in tally-web.service tally-worker.service tally-backup.service tally-backup.timer; do
        install -m 644 "$1/deploy/$unit" /etc/systemd/system/
    done
    install -m 755 "$1/deploy/tally" /usr/local/bin/tally
    systemctl daemon-reload
}

# Whether the database, the server for jobs and a worker are there too, within a minute. A worker
# is taken for alive for 20 seconds after it was last heard of, so the one before has to be forgotten.
comes_up() {
    port=$(sed -n 's/^PORT=//p' "$env_file")
    sleep 21
    for _ in $(seq 60); do
        if python3 - "$port" <<'PYTHON'
import sys, urllib.request
try:
    urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/readyz", timeout=5)
except OSError:
    sys.exit(1)
PYTHON
        then return 0; fi
        sleep 1
    done
    return 1
}
