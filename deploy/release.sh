# What install and upgrade have in common; both read it in. Everything of Tally's lies in
#   /opt/tally/releases/NAME  the code with its packages, owned by root, one directory a release
#   /opt/tally/current        a link to the one that runs
#   /etc/tally                settings and keys
#   /var/lib/tally            the database, backups, jobs that wait
source=$(cd "$(dirname "$0")/.." && pwd)
here=/opt/tally
env_file=/etc/tally/tally.env
units="tally-worker.service tally-web.service"

say() { printf '%s\n' "$*"; }
stop_with() { printf '%s\n' "$*" >&2; exit 1; }

need_root_and_systemd() {
    [ "$(id -u)" = 0 ] || stop_with "Run it as root: sudo $0"
    [ -d /run/systemd/system ] || stop_with "systemd does not run here, and Tally's services need it."
}

# Copies the code beside the releases that are there, with its packages. Sets $release.
place_release() {
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$source/pyproject.toml")
    mark=$(git -C "$source" rev-parse --short HEAD 2>/dev/null || true)
    release=$here/releases/$version${mark:+-$mark}
    if [ ! -e "$release/.complete" ]; then
        rm -rf "$release"
        install -d -m 755 "$here/releases" "$release"
        tar -C "$source" --exclude=./.git --exclude=./.venv --exclude=./data --exclude=./tests \
            --exclude='__pycache__' -cf - . | tar -C "$release" --no-same-owner -xf -
        (cd "$release" && umask 022 && python3 bin/install.py base)
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

# Whether the database, the server for jobs and a worker are there too, within a minute.
comes_up() {
    port=$(sed -n 's/^PORT=//p' "$env_file")
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
