"""The sentences in French, for the command: whoever inspects in Tunisia reads it. Odoo has its own translations."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    "cms.unreadable": "La signature est illisible ({reason}).",
    "cms.digest": "Ce qui a été signé n'est pas ce qui est là.",
    "cms.value": "La signature ne correspond pas à son certificat.",
    "cms.algorithm": "La signature emploie {algorithm}, qui n'est pas admis.",
    "cms.certificate": "La signature ne nomme pas le certificat avec lequel elle a été faite.",
    "trust.refused": "Le certificat n'est pas de confiance : {reason}",
    "stamp.unreadable": "L'horodatage est illisible ({reason}).",
    "stamp.refused": "L'autorité d'horodatage a refusé : {reason}",
    "stamp.imprint": "L'horodatage a été fait pour autre chose.",
    "stamp.nonce": "L'horodatage ne répond pas à cette demande.",
    "stamp.usage": "Le certificat de l'horodatage n'est pas réservé aux horodatages.",
    "stamp.order": "Un horodatage est plus ancien que celui qu'il renouvelle.",
    "evidence.unreadable": "L'enregistrement de preuve est illisible ({reason}).",
    "evidence.group": "L'enregistrement de preuve prouve autre chose que ce qui est là.",
    "evidence.foreign": "Son horodatage n'est pas celui du sceau de sa journée.",
    "container.unreadable": "Le conteneur est illisible ({reason}).",
    "container.cut": "Le conteneur est coupé à l'intérieur de {name}.",
    "container.directory": "La liste à la fin du conteneur est abîmée ou ne correspond pas.",
    "container.header": "L'en-tête de {name} est abîmé.",
    "container.data": "{name} est abîmé : son contenu a changé.",
    "container.order": "{name} n'est pas à sa place : l'ordre a été changé.",
    "container.duplicate": "{name} figure deux fois.",
    "container.unexpected": "{name} n'a rien à faire dans le conteneur : il a été ajouté.",
    "container.missing": "{name} manque.",
    "container.altered": "{name} a été modifié.",
    "container.archive": "{name} est d'une autre archive ({found}) que le premier conteneur.",
    "index.altered": "{name} a été modifié à la ligne {line}.",
    "file.altered": "{name} a été modifié.",
    "file.missing": "{name} manque.",
    "seal.unreadable": "Sceau {sequence} : sa déclaration a été modifiée, elle est illisible.",
    "seal.misplaced": "Sceau {sequence} : la déclaration du sceau {found} est à sa place.",
    "seal.archive": "Le sceau {sequence} est d'une autre archive ({found}).",
    "seal.signature": "Sceau {sequence} : sa signature ne tient pas. {reason}",
    "seal.signer": "Le sceau {sequence} a été signé pour une autre entreprise ({found}).",
    "seal.unsigned": "Le sceau {sequence} n'est pas signé ; son horodatage seul le prouve.",
    "seal.signed_late": "Le sceau {sequence} a été signé après son horodatage.",
    "seal.evidence": "Sceau {sequence} : sa preuve ne tient pas. {reason}",
    "seal.untrusted": "Sceau {sequence} : l'autorité de son horodatage n'est pas de confiance. {reason}",
    "seal.early": "Le sceau {sequence} a été horodaté le {time}, avant la fin de sa journée du {day}.",
    "seal.late": "Le sceau {sequence} a été horodaté le {time}, plus de {hours} heures après sa journée du {day}.",
    "seal.lapsed": "Sceau {sequence} : un horodatage a été renouvelé après la fin de son certificat ({time}).",
    "seal.expired": "Sceau {sequence} : le certificat de son dernier horodatage a pris fin le {time} ; il faut le renouveler.",
    "seal.missing": "Le sceau {sequence} manque.",
    "seal.gap": "Les sceaux {first} à {last} ne sont pas dans ces fichiers : rien ne relie l'avant à l'après.",
    "seal.conflict": "Le sceau {sequence} est différent dans {name}.",
    "seal.previous": "Le sceau {sequence} ne suit pas le sceau {previous} qui est là : l'un des deux a été remplacé.",
    "seal.numbers": "Le sceau {sequence} commence au document {first}, après le document {last} du sceau précédent.",
    "seal.days": "Le sceau {sequence} est du {day}, qui ne suit pas la journée du sceau précédent.",
    "seal.root": (
        "Sceau {sequence} : sa racine n'est pas celle de ses documents {first} à {last}, bien que chacun ait été scellé."
    ),
    "record.unreadable": "Le document {number} a été modifié : sa fiche est illisible.",
    "record.misplaced": "Document {number} : le document {found} est à sa place ; l'ordre a été changé.",
    "record.archive": "Le document {number} est d'une autre archive ({found}).",
    "record.added": "Le document {number} n'est dans aucun sceau : il a été ajouté.",
    "record.missing": "Le document {number} manque.",
    "record.deleted": "Le document {number} a été supprimé après sa durée de conservation, comme le dit le document {by}.",
    "record.evidence": "Le document {number} n'est pas ce qui a été scellé. {reason}",
    "record.day": "Le document {number} a été archivé le {found}, et non le jour de son sceau ({day}).",
    "record.signature": "Document {number}, {name} : {reason}",
    "record.conflict": "Le document {number} est différent dans {name}.",
    "head.differs": (
        "Le sceau {sequence} n'est pas celui qui a été remis : lui, ou ce qui le précède, a été réécrit depuis."
    ),
    "head.missing": (
        "Les sceaux ont été remis jusqu'au {sequence}, mais ceux d'après le {last} manquent : la fin a été coupée."
    ),
    "head.unknown": "Aucun des sceaux n'est celui qui a été remis : la chaîne a été réécrite ou coupée.",
    "head.none": "Aucune tête n'a été donnée : si la fin a été coupée ou tout réécrit n'a pas été examiné.",
    "trust.none": "Aucune autorité n'a été donnée : à qui sont les certificats n'a pas été examiné.",
    "documents.none": "Les signatures à l'intérieur des documents n'ont pas été examinées.",
}


def sentence(code: str, params: dict) -> str:
    """The French sentence of a code. Raises KeyError for an unknown code."""
    params = dict(params)
    if "reason_code" in params:
        params["reason"] = sentence(params["reason_code"], params["reason_params"])
    return SENTENCES[code].format_map(params)
