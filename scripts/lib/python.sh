# shellcheck shell=bash
# The two virtual environments. Sourced by setup.sh.
#
# .env/venv is Odoo's: its pins are old. .env/venv-sandbox holds the sandbox and the judges that must not share the
# addon's libraries (signxml wants newer releases of lxml and cryptography than Odoo).

# make_venv FOLDER REQUIREMENTS…: when only the requirements changed, pip brings the environment up to date; one that
# was left half-made is thrown away.
make_venv() {
    local folder=$1 file arguments=()
    shift
    for file in "$@"; do arguments+=(-r "$file"); done
    local python
    python=$(find_python)
    if [ "$(cat "$folder/.made" 2>/dev/null)" != "$(venv_base "$python")" ]; then
        rm -rf "$folder"
        "$python" -m venv "$folder"
    fi
    rm -f "$folder/.made"
    "$folder/bin/python" -m pip install -q --disable-pip-version-check --no-input "${arguments[@]}"
    "$folder/bin/python" -m pip check --disable-pip-version-check
    venv_base "$python" >"$folder/.made"
}

venv_base() { fingerprint "$1" "$("$1" -V)"; }

ODOO_REQUIREMENTS=("$ROOT/requirements.txt" "$ROOT/requirements-dev.txt")
SANDBOX_REQUIREMENTS=("$ROOT/requirements-sandbox.txt" "$ROOT/requirements-test.txt")

venv_key() { fingerprint "$(find_python)" "$("$(find_python)" -V)" "$(content_of "$ROOT"/requirements*.txt)"; }

make_odoo_venv() { make_venv "$VENV" "${ODOO_REQUIREMENTS[@]}"; }

# OCA's addons that a glue addon depends on, for its tests: they lie beside the environment, since what they require of
# Python packages is Odoo itself.
make_oca_addons() {
    rm -rf "$OCA_ADDONS"
    "$VENV/bin/python" -m pip install -q --disable-pip-version-check --no-input --no-deps --target "$OCA_ADDONS" \
        -r "$ROOT/requirements-queue-job.txt"
}

make_sandbox_venv() { make_venv "$SANDBOX_VENV" "${SANDBOX_REQUIREMENTS[@]}"; }

# Mirrors Odoo's style sheets for Arabic. Where there is no npm, Arabic screens read from left to right.
make_rtlcss() {
    npm install --silent --no-fund --no-audit --prefix "$ENV_DIR/node" rtlcss@4.3.0
}
