"""The README inside of each container, in French: for whoever opens it without our programs."""

from __future__ import annotations

README_TEXT = """\
ARCHIVE DE FACTURES ÉLECTRONIQUES
=================================

Ce fichier est un conteneur ASiC-E (ETSI EN 319 162-1) : une archive ZIP que tout logiciel ZIP ouvre.

Ce qu'il contient
-----------------
index.csv            la liste des documents, à ouvrir avec un tableur
index.xml            la même liste pour un programme, avec l'empreinte SHA-256 de chaque fichier
export.json          ce que cet export dit être : l'archive, la date, les sceaux complets
records/NUMERO/      un document : record.json (sa fiche) et ses fichiers :
                     facture TEIF signée, facture validée par TTN, PDF, certificats, réponses de révocation
seals/NUMERO/        le sceau d'une journée : statement.json et sa signature CAdES (signature.p7s)
META-INF/            les preuves (evidencerecord-*.ers, RFC 4998) et ce que chacune prouve
                     (ASiCEvidenceRecordManifest-*.xml)

Ce qui est prouvé
-----------------
Chaque journée, les empreintes des documents sont réunies en un arbre de hachage. Le sceau en nomme la racine, le premier
et le dernier numéro, et le sceau de la journée précédente : les sceaux forment une chaîne sans trou. Le sceau est signé
par l'entreprise, puis horodaté avec la racine par une autorité (RFC 3161). La preuve d'un document (.ers) mène de ses
fichiers à cet horodatage : elle se vérifie sans les autres documents.

La « tête » (NUMERO:EMPREINTE) est l'empreinte du dernier sceau. Qui la détient depuis une date sait que rien d'antérieur
n'a été changé depuis, même par l'entreprise.

Vérifier
--------
    teif-archive verify CE_FICHIER [--head TETE] [--anchors AUTORITES.pem]

Ce programme n'a besoin ni du logiciel de l'entreprise ni du réseau. Tout autre logiciel qui lit RFC 4998 et RFC 3161
vérifie aussi les preuves ; le format est décrit dans la documentation du programme (archive-format).

À la main : l'empreinte d'un fichier (sha256sum) doit être celle que nomme record.json ; l'empreinte de record.json doit
être celle que nomme index.xml.
""".encode()
