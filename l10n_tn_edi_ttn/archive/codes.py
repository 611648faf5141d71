"""Every code of the archive with its severity and its English sentence."""

from __future__ import annotations

CATALOGUE: dict[str, tuple[str, str]] = {
    # Signatures and time-stamps
    "cms.unreadable": ("error", "The signature cannot be read ({reason})."),
    "cms.digest": ("error", "What was signed is not what is there."),
    "cms.value": ("error", "The signature does not fit its certificate."),
    "cms.algorithm": ("error", "The signature uses {algorithm}, which is not accepted."),
    "cms.certificate": ("error", "The signature does not name the certificate that it was made with."),
    "trust.refused": ("error", "The certificate is not to be trusted: {reason}"),
    "stamp.unreadable": ("error", "The time-stamp cannot be read ({reason})."),
    "stamp.refused": ("error", "The time-stamp authority refused: {reason}"),
    "stamp.imprint": ("error", "The time-stamp was made for something else."),
    "stamp.nonce": ("error", "The time-stamp does not answer this question."),
    "stamp.usage": ("error", "The certificate of the time-stamp is not made for time-stamps only."),
    "stamp.order": ("error", "A later time-stamp is older than the one it renews."),
    "evidence.unreadable": ("error", "The evidence record cannot be read ({reason})."),
    "evidence.group": ("error", "The evidence record proves something else than what is there."),
}
