# shellcheck shell=bash
# PostgreSQL cluster, Odoo's configuration file and the template database. Sourced by setup.sh.

CONF=$ENV_DIR/odoo.conf
# Installed in the template, with everything they bring along; the addon itself is installed by whoever tests it.
TEMPLATE_MODULES=l10n_tn,account,base_vat
TEMPLATE_LANGUAGES=fr_FR,ar_001

make_cluster() {
    "$ROOT/scripts/pg" stop || true
    rm -rf "$ENV_DIR/pg"
    "$ROOT/scripts/pg" init
    "$ROOT/scripts/pg" start
    # Odoo refuses to work as "postgres"
    "$ROOT/scripts/pg" admin-psql -q -d postgres -c 'CREATE ROLE odoo LOGIN CREATEDB'
}

# Ten ports that depend on the checkout's path: two checkouts side by side rarely want the same ones. Below 32768, where
# the kernel takes the ports of outgoing connections from.
usual_port() { echo $((20000 + $(printf '%s' "$ROOT" | cksum | cut -d' ' -f1) % 1200 * 10)); }

# The keys of the secrets are kept when the file is written anew: databases made before stay readable.
write_conf() {
    local port secret password
    port=$(usual_port)
    secret=$(sed -n 's/^l10n_tn_edi_secret_key = //p' "$CONF" 2>/dev/null || true)
    [ -n "$secret" ] || secret=$(openssl rand -base64 32 | tr '+/' '-_')
    password=$(sed -n 's/^admin_passwd = //p' "$CONF" 2>/dev/null || true)
    [ -n "$password" ] || password=$(openssl rand -hex 16)
    (
        umask 077
        cat >"$CONF.new" <<CONF
[options]
addons_path = $(cat "$ENV_DIR/odoo-addons"),$ROOT
data_dir = $ENV_DIR/data
db_host = $("$ROOT/scripts/pg" socket-dir)
db_port = 5432
db_user = odoo
admin_passwd = $password
http_interface = 127.0.0.1
http_port = $port
gevent_port = $((port + 1))
workers = 0
max_cron_threads = 0
screenshots = $ENV_DIR/logs/screenshots
l10n_tn_edi_secret_key = $secret
l10n_tn_edi_private_hosts = 127.0.0.1
CONF
    )
    if cmp -s "$CONF.new" "$CONF"; then rm "$CONF.new"; else mv "$CONF.new" "$CONF"; fi
}

# Tunisian company in TND with its chart of accounts, no demo data, three languages, asset bundles made (a browser test
# would otherwise wait half a minute for them). Built under another name: a half-made template is never taken for one.
make_template() {
    local building=${TEMPLATE_DB}_building store=$ENV_DIR/data/filestore
    "$ROOT/scripts/clone-db" --drop "$building"
    "$ROOT/scripts/clone-db" --drop "$TEMPLATE_DB"
    "$ROOT/scripts/odoo" db init "$building" --country TN
    "$ROOT/scripts/odoo" server -d "$building" -i "$TEMPLATE_MODULES" --load-language "$TEMPLATE_LANGUAGES" \
        --no-http --stop-after-init
    "$ROOT/scripts/odoo" shell -d "$building" --no-http <"$ROOT/scripts/lib/template.py"
    "$ROOT/scripts/pg" admin-psql -q -d postgres -c "ALTER DATABASE $building RENAME TO $TEMPLATE_DB"
    [ ! -d "$store/$building" ] || mv "$store/$building" "$store/$TEMPLATE_DB"
}

has_template() {
    "$ROOT/scripts/pg" psql -d postgres -Atc "SELECT 1 FROM pg_database WHERE datname = '$TEMPLATE_DB'" 2>/dev/null |
        grep -q 1
}
