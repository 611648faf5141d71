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
    "evidence.foreign": ("error", "Its time-stamp is not that of its day's seal."),
    # The container
    "container.unreadable": ("error", "The container cannot be read ({reason})."),
    "container.cut": ("error", "The container is cut inside of {name}."),
    "container.directory": ("error", "The list at the end of the container is damaged or does not fit."),
    "container.header": ("error", "The header of {name} is damaged."),
    "container.data": ("error", "{name} is damaged: its content changed."),
    "container.order": ("error", "{name} is not in its place: the order was changed."),
    "container.duplicate": ("error", "{name} is there twice."),
    "container.unexpected": ("error", "{name} does not belong into the container: it was added."),
    "container.missing": ("error", "{name} is missing."),
    "container.altered": ("error", "{name} was altered."),
    "container.archive": ("error", "{name} is of another archive ({found}) than the first container."),
    "index.altered": ("error", "{name} was altered at line {line}."),
    "file.altered": ("error", "{name} was altered."),
    "file.missing": ("error", "{name} is missing."),
    # Seals and their chain
    "seal.unreadable": ("error", "Seal {sequence}: its statement was altered, it cannot be read."),
    "seal.misplaced": ("error", "Seal {sequence}: the statement of seal {found} stands in its place."),
    "seal.archive": ("error", "Seal {sequence} is of another archive ({found})."),
    "seal.signature": ("error", "Seal {sequence}: its signature does not hold. {reason}"),
    "seal.signer": ("error", "Seal {sequence} was signed for another company ({found})."),
    "seal.unsigned": ("warning", "Seal {sequence} is not signed; its time-stamp alone proves it."),
    "seal.signed_late": ("notice", "Seal {sequence} was signed after its time-stamp."),
    "seal.evidence": ("error", "Seal {sequence}: its evidence does not hold. {reason}"),
    "seal.untrusted": (
        "error",
        "Seal {sequence}: the authority of its time-stamp is not to be trusted. {reason}",
    ),
    "seal.early": ("error", "Seal {sequence} was time-stamped on {time}, before its day {day} had ended."),
    "seal.late": (
        "error",
        "Seal {sequence} was time-stamped on {time}, more than {hours} hours after its day {day}.",
    ),
    "seal.lapsed": (
        "error",
        "Seal {sequence}: a time-stamp was renewed after its certificate had ended ({time}).",
    ),
    "seal.expired": (
        "warning",
        "Seal {sequence}: the certificate of its last time-stamp ended on {time}; it has to be renewed.",
    ),
    "seal.missing": ("error", "Seal {sequence} is missing."),
    "seal.gap": (
        "notice",
        "Seals {first} to {last} are not in these files: nothing links what is before to what is after.",
    ),
    "seal.conflict": ("error", "Seal {sequence} is different in {name}."),
    "seal.previous": (
        "error",
        "Seal {sequence} does not follow the seal {previous} that is here: one of them was replaced.",
    ),
    "seal.numbers": (
        "error",
        "Seal {sequence} begins with record {first}, after record {last} of the seal before.",
    ),
    "seal.days": ("error", "Seal {sequence} is of {day}, which is not after the day of the seal before."),
    "seal.root": (
        "error",
        "Seal {sequence}: its root is not that of its records {first} to {last}, though each was sealed.",
    ),
    # Records
    "record.unreadable": ("error", "Record {number} was altered: it cannot be read."),
    "record.misplaced": (
        "error",
        "Record {number}: record {found} stands in its place; the order was changed.",
    ),
    "record.archive": ("error", "Record {number} is of another archive ({found})."),
    "record.added": ("error", "Record {number} is in no seal: it was added."),
    "record.missing": ("error", "Record {number} is missing."),
    "record.deleted": ("notice", "Record {number} was deleted after its retention, as record {by} says."),
    "record.evidence": ("error", "Record {number} is not what was sealed. {reason}"),
    "record.day": ("error", "Record {number} was archived on {found}, not on the day of its seal ({day})."),
    "record.signature": ("error", "Record {number}, {name}: {reason}"),
    "record.conflict": ("error", "Record {number} is different in {name}."),
    # What somebody holds outside
    "head.differs": (
        "error",
        "Seal {sequence} is not the one that was handed over: it, or what is before it, was rewritten since.",
    ),
    "head.missing": (
        "error",
        "The seals up to {sequence} were handed over, but those after {last} are missing: the end was cut.",
    ),
    "head.unknown": (
        "error",
        "None of the seals is the one that was handed over: the chain was rewritten or cut.",
    ),
    "head.none": (
        "notice",
        "No head was given: whether the end was cut or everything rewritten was not looked at.",
    ),
    "trust.none": ("notice", "No authority was given: whom the certificates belong to was not looked at."),
    "documents.none": ("notice", "The signatures inside of the documents were not looked at."),
}
