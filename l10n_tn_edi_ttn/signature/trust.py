"""Is a signer's certificate one to trust: the path up to an authority that the company trusts, after RFC 5280.

The trusted authorities (anchors) are data handed in; nothing is fetched, the operating system's store is not asked.
`cryptography.x509.verification` is made for TLS: it wants what signers' certificates do not have, so the few rules that
count here are checked on its primitives. What is not understood is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtensionOID

from . import certificates
from .problems import Problem, problem

#: More than any real chain (Tunisia's has four certificates); bounds the work on chains made to be endless.
MAX_DEPTH = 8
MAX_PATHS = 32
_CHECKED = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        # These restrict what a certificate is used for elsewhere (TLS, policies asked for by name), not this path
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.ISSUER_ALTERNATIVE_NAME,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    }
)


@dataclass(frozen=True, slots=True)
class Path:
    """``chain``: DER certificates from the signer up, ending at the anchor when ``anchored``; ``problems``: what is wrong
    with it, empty when the signer is to be trusted."""

    chain: tuple[bytes, ...]
    anchored: bool
    problems: tuple[Problem, ...]

    @property
    def trusted(self) -> bool:
        """Whether the path reaches an anchor and nothing is wrong with it."""
        return self.anchored and not self.problems


def build_path(signer: bytes, others: Iterable[bytes], anchors: Iterable[bytes], at: datetime) -> Path:
    """The best path from ``signer`` to one of ``anchors`` at the time ``at`` (with a time zone).

    All certificates are DER; ``others`` are those that came with the signature or are known besides. Raises ValueError
    when ``signer`` or an anchor is no certificate; unreadable ones among ``others`` are left out.
    """
    signer = bytes(signer)
    trusted = dict.fromkeys(bytes(anchor) for anchor in anchors)
    for certificate in (signer, *trusted):
        certificates.load(certificate)
    pool = dict.fromkeys([*trusted, *filter(_readable, map(bytes, others))])
    best = None
    for number, chain in enumerate(_paths([signer], list(pool), trusted)):
        path = _judge(chain, chain[-1] in trusted, at)
        if best is None or _rank(path) < _rank(best):
            best = path
        if path.trusted or number + 1 >= MAX_PATHS:
            break
    return best


def _paths(chain: list[bytes], pool: list[bytes], anchors: dict) -> Iterator[list[bytes]]:
    """Each way up from ``chain``: to an anchor, or as far as it goes."""
    if chain[-1] in anchors:
        yield chain
        return
    above = [one for one in pool if one not in chain and certificates.issued(one, chain[-1])]
    if not above or len(chain) >= MAX_DEPTH:
        yield chain
        return
    for issuer in above:
        yield from _paths([*chain, issuer], pool, anchors)


def _rank(path: Path) -> tuple:
    """Anchored paths first, then those with fewer problems, then longer ones (they tell who is missing)."""
    return not path.anchored, len(path.problems), -len(path.chain)


def _judge(chain: list[bytes], anchored: bool, at: datetime) -> Path:
    problems = []
    below = 0  # authorities between the certificate at hand and the signer, self-issued ones aside
    for index, certificate in enumerate(chain):
        loaded, info = certificates.load(certificate), certificates.describe(certificate)
        is_anchor = anchored and index == len(chain) - 1
        problems += _dated(info, at)
        problems += _extensions(loaded, info)
        if not is_anchor and info.weakly_signed:
            problems.append(problem("trust.weak_signature", holder=info.holder))
        key = loaded.public_key()
        if isinstance(key, rsa.RSAPublicKey) and key.key_size < certificates.MIN_RSA_BITS:
            problems.append(problem("key.too_small", bits=key.key_size))
        if index:
            problems += _authority(loaded, info, below)
            below += loaded.subject != loaded.issuer
    if not anchored:
        top = certificates.describe(chain[-1])
        problems.append(problem("trust.no_anchor", issuer=top.issuer))
    return Path(tuple(chain), anchored, tuple(problems))


def _dated(info: certificates.CertificateInfo, at: datetime) -> list[Problem]:
    return [one for one in certificates.usable_at(info, at) if one.code != "certificate.key_usage"]


def _authority(
    certificate: x509.Certificate, info: certificates.CertificateInfo, below: int
) -> list[Problem]:
    """What forbids ``certificate`` to issue others, with ``below`` authorities under it."""
    problems = []
    constraints = _value(certificate, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        problems.append(problem("trust.not_authority", holder=info.holder))
    elif constraints.path_length is not None and below > constraints.path_length:
        problems.append(
            problem("trust.path_length", holder=info.holder, allowed=constraints.path_length, found=below)
        )
    usage = _value(certificate, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        problems.append(problem("trust.key_usage", holder=info.holder))
    return problems


def _extensions(certificate: x509.Certificate, info: certificates.CertificateInfo) -> list[Problem]:
    """Critical extensions that are not understood (name constraints among them: no Tunisian authority sets them)."""
    return [
        problem("trust.critical_extension", holder=info.holder, extension=one.oid.dotted_string)
        for one in certificate.extensions
        if one.critical and one.oid not in _CHECKED
    ]


def _value(certificate: x509.Certificate, kind: type):
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _readable(certificate: bytes) -> bool:
    try:
        certificates.load(certificate)
    except ValueError:
        return False
    return True
