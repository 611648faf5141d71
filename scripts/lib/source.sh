# shellcheck shell=bash
# Where Odoo 19 comes from. Sourced by setup.sh. The answer is kept in two files:
#   .env/odoo-home     the folder to put on PYTHONPATH (it holds the package "odoo")
#   .env/odoo-addons   the addons folders, separated by commas
#
# 1. ODOO_SRC, a checkout that is on the machine: remembered in .env/odoo-src, so it is named once.
# 2. Debian's package odoo-19, unpacked into .env/server: nothing of another Debian release is installed.
# 3. A shallow clone of Odoo's public branch 19.0.

SERVER=$ENV_DIR/server
DEBIAN_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
ODOO_GIT=https://github.com/odoo/odoo.git

# The source that applies now, as text for the step's key.
source_choice() {
    local chosen=${ODOO_SRC:-$(cat "$ENV_DIR/odoo-src" 2>/dev/null)}
    if [ -n "$chosen" ] && [ -d "$chosen" ]; then
        chosen=$(cd "$chosen" && pwd -P)
        printf 'checkout %s %s\n' "$chosen" "$(git -C "$chosen" rev-parse HEAD 2>/dev/null)"
    else
        echo download
    fi
}

use_odoo() {
    printf '%s\n' "$1" >"$ENV_DIR/odoo-home"
    printf '%s\n' "$2" >"$ENV_DIR/odoo-addons"
}

check_release() {
    grep -q '^version_info = (19, 0,' "$1/odoo/release.py" 2>/dev/null ||
        die "$1 is not a checkout of Odoo 19.0 (odoo/release.py)."
}

use_checkout() {
    local checkout=$1
    check_release "$checkout"
    [ -d "$checkout/addons/account" ] || die "$checkout has no addons/account."
    printf '%s\n' "$checkout" >"$ENV_DIR/odoo-src"
    use_odoo "$checkout" "$checkout/addons,$checkout/odoo/addons"
}

get_odoo() {
    local choice checkout
    choice=$(source_choice)
    if [ "$choice" != download ]; then
        checkout=${choice#checkout }
        use_checkout "${checkout% *}"
        return
    fi
    # A process of its own: inside a condition the shell would go on after an error
    if "$ROOT/scripts/setup.sh" --step get_debian_package; then
        use_odoo "$SERVER/usr/lib/python3/dist-packages" "$SERVER/usr/lib/python3/dist-packages/odoo/addons"
    elif clone_odoo; then
        use_odoo "$SERVER" "$SERVER/addons,$SERVER/odoo/addons"
    else
        die "Odoo 19 could not be had: neither as Debian's package odoo-19 nor from Odoo's public repository." \
            "Name a checkout of its branch 19.0: ODOO_SRC=/path/to/odoo make setup."
    fi
}

clone_odoo() {
    echo "cloning Odoo's branch 19.0"
    rm -rf "$SERVER"
    git clone -q --depth 1 --branch 19.0 "$ODOO_GIT" "$SERVER"
}

# The packages that carry Odoo's code, and the fonts and scripts that its links point to. Font Awesome and Inconsolata
# must be those of Debian 12: Odoo wants Font Awesome 4.7, later releases bring another layout.
DEBIAN_PACKAGES=(
    odoo-19/sid fonts-montserrat/sid
    fonts-font-awesome/bookworm fonts-inconsolata/bookworm fonts-ocr-b/bookworm fonts-roboto-unhinted/bookworm
    libjs-jquery/bookworm libjs-jquery-form/bookworm libjs-underscore/bookworm
)

# An apt of its own beside the system's: same mirror, other releases, nothing written outside .env.
prepare_apt() {
    local apt=$ENV_DIR/apt mirror
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Component: main' 2>/dev/null | grep -E '/debian/?$' | head -n 1)
    if [ -z "$mirror" ] || [ ! -e "$DEBIAN_KEYRING" ]; then
        die "no Debian mirror is set up on this machine"
    fi
    mkdir -p "$apt"/lists/partial "$apt"/cache/archives/partial "$apt"/debs
    cat >"$apt/sources.list" <<LIST
deb [signed-by=$DEBIAN_KEYRING] $mirror bookworm main
deb [signed-by=$DEBIAN_KEYRING] $mirror sid main
LIST
    cat >"$apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::Lists "$apt/lists";
Dir::Cache "$apt/cache";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
APT::Sandbox::User "";
CONF
}

get_debian_package() {
    local apt=$ENV_DIR/apt deb package
    have apt-get && have dpkg-deb || die "this is no Debian system"
    prepare_apt
    echo "asking the mirror for odoo-19"
    APT_CONFIG=$apt/apt.conf apt-get update -qq
    (cd "$apt/debs" && APT_CONFIG=$apt/apt.conf apt-get download -qq "${DEBIAN_PACKAGES[@]}")

    echo "unpacking"
    rm -rf "$SERVER"
    mkdir -p "$SERVER"
    deb=$(find "$apt/debs" -name 'odoo-19_*.deb' | sort -V | tail -n 1)
    # 800 of its 1200 MB are translations: kept are French and Arabic. Left out are also three folders that Debian's
    # package puts beside the package "odoo" by mistake ("addons" would end up on the addons path).
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$SERVER" --wildcards \
        --exclude='*/i18n/[!af]*.po' --exclude='*/i18n/a[!r]*.po' --exclude='*/i18n/f[!r]*.po' \
        --exclude='./usr/lib/python3/dist-packages/addons' --exclude='./usr/lib/python3/dist-packages/doc' \
        --exclude='./usr/lib/python3/dist-packages/setup'
    for package in "$apt"/debs/*.deb; do
        [ "$package" = "$deb" ] || dpkg-deb -x "$package" "$SERVER"
    done
    mend_debian_package
    check_release "$SERVER/usr/lib/python3/dist-packages"
    rm -rf "$apt"
}

# Debian leaves out a library that is not free, and the assets still name it: the background of video calls, which no
# invoice needs. A file that says so keeps the asset bundle whole.
mend_debian_package() {
    local left_out=$SERVER/usr/lib/python3/dist-packages/odoo/addons/mail/static/lib/selfie_segmentation broken
    mkdir -p "$left_out"
    echo '// not in the Debian package: used for the background of video calls only' \
        >"$left_out/selfie_segmentation.js"
    broken=$(find "$SERVER" -xtype l)
    [ -z "$broken" ] || die "the unpacked package of Odoo has broken links: $broken"
}
