# shellcheck shell=bash
# System packages and the Python interpreter. Sourced by setup.sh.

# The Debian packages that are missing, one word each. Programs are looked for by name, so that whatever brought them
# (another distribution, a hand-made install) is good.
missing_packages() {
    local program_package
    for program_package in \
        chromium:chromium wkhtmltopdf:wkhtmltopdf softhsm2-util:softhsm2 xmlsec1:xmlsec1 pdftotext:poppler-utils \
        java:default-jre-headless openssl:openssl nginx:nginx-light git:git make:make fc-list:fontconfig setpriv:util-linux flock:util-linux; do
        have "${program_package%%:*}" || echo "${program_package##*:}"
    done
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || have initdb || echo postgresql
    [ -n "$(find_token_library)" ] || echo softhsm2
    # PDFBox's validator of PDF/A, with what it needs of Java EE; Bouncy Castle, which judges the archive's evidence
    local jar_package
    for jar_package in preflight:libpdfbox2-java javax.activation:libactivation-java jaxb-api:libjaxb-api-java \
        bcprov:libbcprov-java bcutil:libbcutil-java bcpkix:libbcpkix-java; do
        [ -e "/usr/share/java/${jar_package%%:*}.jar" ] || echo "${jar_package##*:}"
    done
    # The chaos test moves clocks with it
    [ -n "$(find /usr/lib -name libfaketimeMT.so.1 2>/dev/null)" ] || echo libfaketime
    # Latin and Arabic letters in PDF files and screenshots
    if ! have fc-list || ! fc-list 'Noto Sans Arabic' | grep -q .; then echo fonts-noto-core; fi
    [ -n "$(find_python)" ] || echo python3-venv
    # Odoo's package is checked with this key ring
    if have apt-get && [ ! -e "$DEBIAN_KEYRING" ]; then echo debian-archive-keyring; fi
    [ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
}

find_token_library() {
    find /usr/lib /usr/local/lib -name libsofthsm2.so 2>/dev/null | head -n 1
}

# Odoo 19's pinned requirements have wheels for 3.11 and 3.12. PYTHON names another interpreter.
find_python() {
    local candidate
    for candidate in ${PYTHON:-/usr/bin/python3.12 /usr/bin/python3.11 /usr/bin/python3 python3.12 python3.11 python3}; do
        candidate=$(command -v "$candidate" || true)
        if [ -n "$candidate" ] && "$candidate" -c \
            'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

install_system_packages() {
    local packages
    mapfile -t packages < <(missing_packages | sort -u)
    if [ "${#packages[@]}" -eq 0 ]; then return; fi
    have apt-get || die "missing on this machine: ${packages[*]} (Debian's names). Install them, then run again."

    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if have sudo && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
            as_root=(sudo)
        else
            die "missing system packages. As root:" \
                "apt-get update && apt-get install --no-install-recommends ${packages[*]}"
        fi
    fi
    say "system packages: ${packages[*]}"
    local log=$ENV_DIR/logs/system.log
    if ! { "${as_root[@]}" apt-get update -qq &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "${packages[@]}"; } </dev/null >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        die "apt-get could not install: ${packages[*]} (whole log: $log)."
    fi
    mapfile -t packages < <(missing_packages | sort -u)
    if [ "${#packages[@]}" -gt 0 ]; then
        if [[ " ${packages[*]} " == *" python3-venv "* ]]; then
            die "Python 3.11 or 3.12 with its venv module is needed; PYTHON=/path/to/python3.12 names one."
        fi
        die "still missing after the installation: ${packages[*]}."
    fi
}
