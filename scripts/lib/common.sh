# shellcheck shell=bash
# What every script of this folder starts from: where things are, how to speak, how a finished step is remembered.
# Sourced, never run.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
ENV_DIR=$ROOT/.env
VENV=$ENV_DIR/venv
SANDBOX_VENV=$ENV_DIR/venv-sandbox
OCA_ADDONS=$ENV_DIR/oca
TEMPLATE_DB=template_tn

say() { printf '[%4ds] %s\n' "$SECONDS" "$*"; }

# One sentence to the reader, and out.
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# fingerprint TEXT…: a short key for what a step was made from. The checkout's own path is part of it, because virtual
# environments and configuration files hold absolute paths: a moved checkout is set up anew.
fingerprint() { printf '%s\n' "$ROOT" "$@" | sha256sum | cut -c1-16; }

content_of() { cat -- "$@" 2>/dev/null | sha256sum; }

is_done() { [ "$(cat "$ENV_DIR/stamps/$1" 2>/dev/null)" = "$2" ]; }

mark_done() {
    mkdir -p "$ENV_DIR/stamps"
    printf '%s\n' "$2" >"$ENV_DIR/stamps/$1"
}

mark_undone() { rm -f "$ENV_DIR/stamps/$1"; }
