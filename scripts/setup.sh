#!/usr/bin/env bash
# Makes .env/: Odoo 19, a private PostgreSQL cluster, the virtual environments and a template database.
#
#   scripts/setup.sh           everything (what `make setup` runs)
#   scripts/setup.sh venvs     only the virtual environments: enough for lint and the pure tests
#
# Every finished step leaves a stamp with a key of what it was made from, so that a second run takes a moment, an
# interrupted one goes on where it stopped, and a change of the requirements is noticed.
#   ODOO_SRC=/path/to/odoo     a checkout of Odoo's branch 19.0 to use (remembered)
#   PYTHON=/path/to/python     Python 3.11 or 3.12
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/lib/common.sh"
. "$HERE/lib/source.sh"
. "$HERE/lib/system.sh"
. "$HERE/lib/python.sh"
. "$HERE/lib/database.sh"
umask 022

# Called by ourselves, in a process of its own: `set -e` is in force in there whatever the caller does with the result.
if [ "${1:-}" = --step ]; then
    "$2"
    exit
fi

wanted=${1:-all}
case $wanted in all | venvs) ;; *) die "scripts/setup.sh [all|venvs]" ;; esac
[ -z "${ODOO_SRC:-}" ] || [ -d "$ODOO_SRC" ] || die "ODOO_SRC=$ODOO_SRC is not a folder."

background=()
stop_background() {
    local pid
    for pid in "${background[@]}"; do kill -TERM -- "-$pid" 2>/dev/null || true; done
}
trap 'exit 130' INT TERM
trap stop_background EXIT

# step NAME KEY SENTENCE FUNCTION
step() {
    if is_done "$1" "$2"; then return; fi
    mark_undone "$1"
    say "$1: $3"
    run_step "$@" || exit 1
}

# The same, beside the others; wait_for_steps collects them. They hold the lock too: should we be killed, the next run
# waits for what we left behind.
step_beside() {
    if is_done "$1" "$2"; then return; fi
    mark_undone "$1"
    say "$1: $3"
    setsid "$HERE/setup.sh" --step "$4" >"$ENV_DIR/logs/setup-$1.log" 2>&1 </dev/null &
    background+=($!)
    beside+=("$1" "$2" "$!")
}

run_step() {
    local log=$ENV_DIR/logs/setup-$1.log
    if "$HERE/setup.sh" --step "$4" >"$log" 2>&1 </dev/null; then mark_done "$1" "$2"; else step_failed "$1"; fi
}

step_failed() {
    printf '\n' >&2
    tail -n 25 "$ENV_DIR/logs/setup-$1.log" >&2
    printf 'error: the step "%s" failed (whole log: .env/logs/setup-%s.log). Mend it and run the same again.\n' \
        "$1" "$1" >&2
    return 1
}

beside=()
wait_for_steps() {
    local failed=0 i
    for ((i = 0; i < ${#beside[@]}; i += 3)); do
        if wait "${beside[i + 2]}"; then
            mark_done "${beside[i]}" "${beside[i + 1]}"
            say "${beside[i]}: done"
        else
            step_failed "${beside[i]}" || failed=1
        fi
    done
    beside=()
    background=()
    [ "$failed" -eq 0 ] || exit 1
}

# Odoo separates addons folders by commas; quotes would end early in PostgreSQL's options
case $ROOT in
*[,\'\"\\]* | *$'\n'*) die "the path of the checkout must have no comma, quote, backslash or line break: $ROOT" ;;
esac

# -- one at a time, and only ours ------------------------------------------------------------------------------------
have flock || die "flock is missing (Debian package: util-linux)."
mkdir -p "$ENV_DIR/logs" 2>/dev/null || die "cannot write to $ENV_DIR: it belongs to $(stat -c %U "$ENV_DIR")."
[ -O "$ENV_DIR" ] || die "$ENV_DIR was made by $(stat -c %U "$ENV_DIR"): work as that user, or remove the folder."
exec 9>"$ENV_DIR/lock"
if ! flock -n 9; then
    say "another set-up of this checkout is running: waiting for it"
    flock 9
fi

# A checkout that was moved: configuration and environments name the old place
if [ -e "$ENV_DIR/root" ] && [ "$(cat "$ENV_DIR/root")" != "$ROOT" ]; then
    say "the checkout was moved here from $(cat "$ENV_DIR/root"): starting anew"
    "$HERE/pg" stop || true
    find "$ENV_DIR" -mindepth 1 -maxdepth 1 ! -name lock ! -name logs -exec rm -rf {} +
fi
printf '%s\n' "$ROOT" >"$ENV_DIR/root"

# What pip and others leave behind when they are interrupted
export TMPDIR=$ENV_DIR/tmp
rm -rf "$TMPDIR"
mkdir -p "$TMPDIR"

# -- the steps -------------------------------------------------------------------------------------------------------
install_system_packages

venvs=$(venv_key)
step_beside venv "$venvs" "Odoo's and the tests' Python packages" make_odoo_venv
step_beside venv-sandbox "$venvs" "the sandbox's Python packages" make_sandbox_venv
if [ "$wanted" = all ]; then
    source_key=$(fingerprint "$(source_choice)" "$(content_of "$HERE/lib/source.sh")")
    [ -s "$ENV_DIR/odoo-home" ] && [ -d "$(cat "$ENV_DIR/odoo-home")" ] || mark_undone odoo
    step odoo "$source_key" "Odoo 19 ($(source_choice | cut -d' ' -f1,2))" get_odoo
    [ -e "$ENV_DIR/pg/data/PG_VERSION" ] || mark_undone cluster
    step cluster "$(fingerprint cluster-1)" "a private PostgreSQL cluster" make_cluster
fi
wait_for_steps

if [ "$wanted" = all ] && have npm; then
    step rtlcss "$(fingerprint rtlcss-4.3.0)" "style sheets from right to left" make_rtlcss
fi

if [ "$wanted" = all ]; then
    [ -d "$OCA_ADDONS/odoo/addons/queue_job" ] || mark_undone oca
    step oca "$(fingerprint "$venvs" "$(content_of "$ROOT/requirements-queue-job.txt")")" \
        "OCA's job queue, for the tests" make_oca_addons
    "$HERE/pg" start
    write_conf
    # The source's choice is asked again: the step above may have just remembered a checkout
    has_template || mark_undone template
    step template "$(fingerprint "$source_key" "$(content_of "$HERE/lib/database.sh" "$HERE/lib/template.py")")" \
        "a database with a Tunisian company (a minute)" make_template
    say "ready: scripts/odoo, scripts/pg, scripts/clone-db; template database: $TEMPLATE_DB"
else
    say "ready: .env/venv, .env/venv-sandbox"
fi
