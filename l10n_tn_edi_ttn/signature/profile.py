"""TTN's signature profiles as data: which policy, role and certificate digest a supplier's signature must name.

Sources: TTN's specification of the supplier's signature (structure, 2018), TTN's signed example of 2020 (values of V2),
and the values of version 3.0 that suppliers' published signers agree on.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime

#: Digests that a profile may ask for the signing certificate.
CERTIFICATE_DIGESTS = ("sha1", "sha256", "sha384", "sha512")


@dataclass(frozen=True, slots=True)
class Profile:
    """What distinguishes one version of TTN's profile from another. Every text stands in the signature as it is here.

    ``policy_oid`` is the whole content of the policy's Identifier (``urn:2.16…``); ``policy_hash_b64`` the base64
    SHA-256 of the policy's PDF; ``role`` the claimed role; ``certificate_digest`` one of :data:`CERTIFICATE_DIGESTS`.
    """

    name: str
    policy_oid: str
    policy_qualifier: str
    policy_description: str
    policy_hash_b64: str
    policy_uri: str
    role: str
    certificate_digest: str = "sha1"

    def __post_init__(self):
        if self.certificate_digest not in CERTIFICATE_DIGESTS:
            raise ValueError(
                f"certificate_digest must be one of {CERTIFICATE_DIGESTS}, not {self.certificate_digest!r}"
            )

    def as_dict(self) -> dict:
        """The profile as a JSON-able dict, for :meth:`from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> Profile:
        """The profile of ``values``, unknown keys ignored. Raises TypeError when one is missing, ValueError when one
        is not allowed."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})


#: What TTN demands of suppliers since the middle of 2026.
V3 = Profile(
    name="V3.0",
    policy_oid="urn:2.16.788.1.2.1.3",
    policy_qualifier="OIDAsURN",
    policy_description="Politique de Signature Electronique de Tunisie TradeNet",
    policy_hash_b64="ZKLu5TojntPu+bUfZyjaEDvkYsAh7eyyV+Hf8nUSQEE=",
    policy_uri="https://www.tradenet.com.tn/Politique_Signature_Electronique_Tunisie_TradeNet.pdf",
    role="Fournisseur",
)

#: What TTN's own signed example of 2020 shows.
V2_2020 = Profile(
    name="V2-2020",
    policy_oid="urn:2.16.788.1.2.1",
    policy_qualifier="OIDasURN",
    policy_description="Politique de signature de la facture electronique",
    policy_hash_b64="3J1oMkha+OAlm9hBNCcAS+/nbKokG8Gf9N3XPipP7yg=",
    policy_uri="http://www.tradenet.com.tn/portal/telechargerTelechargement"
    "?lien=Politique_de_Signature_de_la_facture_electronique.pdf",
    role="CEO",
)

#: What TTN's own signature (SigTTN) of that example shows. No later one is published.
TTN_2020 = replace(
    V2_2020, name="TTN-2020", policy_hash_b64="hHzx6VVz53xdLygRU5RUh5YKFuRix57SGWfA1Hc96IA=", role="KERNEL"
)

#: The profiles in which a supplier can sign, by name.
PROFILES = {profile.name: profile for profile in (V3, V2_2020)}

#: Since when suppliers' signatures must be those of V3.0; some sources say a week later.
V3_SINCE = date(2026, 6, 30)


def demanded(signature_id: str, time: datetime | None) -> Profile:
    """The profile that a signature made at ``time`` is measured with; ``signature_id``: SigFrs, SigTTN…"""
    if signature_id == "SigTTN":
        return TTN_2020
    return V3 if time is None or time.astimezone(UTC).date() >= V3_SINCE else V2_2020
