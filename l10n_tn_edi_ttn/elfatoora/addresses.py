"""Which network addresses may be called: https, on the public internet, unless the server's configuration lists the host."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from .answers import Problem


class WireError(Exception):
    """A call that got no whole HTTP answer; ``problem`` says why."""

    def __init__(self, code: str, message: str, **params: object) -> None:
        super().__init__(message)
        self.problem = Problem(code, message, params)


def checked_url(
    url: str, private_hosts: frozenset[str] = frozenset(), *, allow_http: bool = False
) -> SplitResult:
    """The parts of a usable address.

    :param url: the address
    :param private_hosts: "host" or "host:port" that may be private addresses, and may be reached over http
    :param allow_http: what is fetched is signed itself (OCSP, revocation lists): http will do for every host
    :raise WireError: no https (http for private hosts only), no host, credentials inside, or an impossible port
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise WireError("network.bad_url", "not an address") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise WireError("network.bad_url", "not an https address")
    if "@" in parts.netloc:
        raise WireError("network.bad_url", "an address must not hold credentials", host=parts.hostname)
    if parts.scheme == "http" and not allow_http and not is_listed(parts.hostname, port or 80, private_hosts):
        raise WireError(
            "network.bad_url", f"http to {parts.hostname} is refused: https is needed", host=parts.hostname
        )
    return parts


def is_listed(host: str, port: int, private_hosts: frozenset[str]) -> bool:
    """Whether the configuration lists this host, with or without its port."""
    names = {entry.strip().lower() for entry in private_hosts}
    shown = f"[{host}]" if ":" in host else host
    return bool(names & {host.lower(), shown.lower(), f"{shown}:{port}".lower()})


def is_literal(host: str) -> bool:
    """Whether the host is an IP address itself, so that no name needs resolving."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_public(address: str) -> bool:
    """Whether an address is on the public internet, looking through the IPv6 forms that embed an IPv4 address."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        embedded = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if embedded is None and ip in ipaddress.ip_network("64:ff9b::/96"):
            embedded = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if embedded is not None:
            return is_public(str(embedded))
        if ip in ipaddress.ip_network("64:ff9b:1::/48") or ip.is_site_local:
            return False
    return ip.is_global and not (ip.is_private or ip.is_multicast or ip.is_reserved or ip.is_unspecified)
