"""The three operations of the web service: checks in TTN's order, real texts, deposits, consultation."""

from __future__ import annotations

import hashlib
import json
from xml.etree import ElementTree

from sandbox import consultation, qr, soap
from sandbox.authority import Authority
from sandbox.faults import Hit
from sandbox.kernel import WAITING, Kernel, next_id
from sandbox.ledger import Ledger
from sandbox.reading import facts
from sandbox.schema import Schemas
from sandbox.signatures import Refusal, SignatureJudge
from sandbox.store import Store
from sandbox.xml import XmlError, parse

# Refusals by our own key: (code, text). Which are TTN's own words and which were made up is told in the README.
REFUSALS = {
    "empty": ("SERV01", "Document et les critères sont vides"),
    "account": ("SERV01", "Document non valide: Compte inexistant"),
    "schema": ("SERV02", "Document non valide {detail}"),
    "signature_missing": ("SERV09", "Une seule signature electronique est exigee"),
    "signature_many": ("SERV09", "Une seule signature electronique est exigee"),
    "signature_form": ("SERV09", "Signature electronique non valide"),
    "signature_altered": ("SERV09", "Signature electronique non valide"),
    "policy": ("SERV09", "L'objet OID de la politique de signature n'est pas valide"),
    "signer_unknown": ("SERV09", "Signataire non autorisé"),
    "signer_undeclared": ("SERV09", "Signataire non autorisé"),
    "signer_not_yet_valid": ("SERV09", "Certificat du signataire non encore valide"),
    "signer_expired": ("SERV09", "Certificat du signataire expiré"),
    "signer_revoked": ("SERV09", "Certificat du signataire révoqué"),
    "sender": (
        "SERV03",
        "Votre matricule est invalide : Merci de vérifier votre matricule dans la facture xml, la balise "
        "'MessageSenderIdentifier'",
    ),
    "internal": ("SERV07", "Erreur interne du serveur"),
}


def refusal(reason: str, detail: str = "") -> soap.BusinessFault:
    """The fault for one of REFUSALS."""
    code, message = REFUSALS[reason]
    return soap.BusinessFault(code, message.format(detail=detail), reason)


class Service:
    """In: store, authority, schemas, kernel, ledger, clock. Thread-safe."""

    def __init__(
        self, store: Store, authority: Authority, schemas: Schemas, kernel: Kernel, ledger: Ledger, clock
    ):
        self.store, self.authority, self.schemas, self.kernel = store, authority, schemas, kernel
        self.ledger, self.clock = ledger, clock
        self.judge = SignatureJudge(authority)

    @staticmethod
    def number_of(request: soap.Request) -> str | None:
        """The document number that a call is about, for the matchers of faults; None when it can't be told."""
        if request.operation != "saveEfact":
            return request.criteria.get("documentNumber")
        try:
            return facts(_root(request)).number or None
        except XmlError:
            return None

    def execute(
        self, request: soap.Request, seq: int, hits: list[Hit], *, extra_plan: dict | None = None
    ) -> tuple[int, bytes]:
        """(HTTP status, envelope). Everything about the call is in the ledger when this returns.

        In: the call, its row of the ledger, the faults that touch it, what a transport fault adds to the deposit's plan.
        """
        note = {
            "operation": request.operation,
            "login": request.login,
            "criteria": request.criteria or None,
            "faults": [hit.kind for hit in hits],
        }
        if request.operation == "saveEfact":
            note["sha256"] = hashlib.sha256(request.document).hexdigest()
        note["number"] = self.number_of(request)
        try:
            for hit in hits:
                if hit.stage == "refusal":
                    fault = (
                        refusal(hit.params["reason"])
                        if "reason" in hit.params
                        else soap.BusinessFault(
                            hit.params["code"], hit.params["message"], "fault", hit.params.get("status")
                        )
                    )
                    raise fault
            account = self.store.account(request.login, request.password, request.matricule)
            if account is None:
                raise refusal("account")
            if request.operation == "saveEfact":
                return self._save(request, account, seq, hits, note, extra_plan or {})
            if request.operation == "consultEfact":
                inner = self._consult(request, account, hits, note)
            else:
                inner = soap.returned(self._verify(request.qr_text))
                note["outcome"] = "verified"
        except soap.BusinessFault as fault:
            note.update(outcome="refused", code=fault.code, text=fault.message)
            self.ledger.complete(seq, **note)
            if fault.reason == "schema" and self.store.setting("schema_refusal") == "return_text":
                return 200, soap.answer(request.operation, soap.returned(fault.message))
            return fault.status or int(self.store.setting("business_fault_status")), soap.business_fault(
                fault.code, fault.message
            )
        self.ledger.complete(seq, **note)
        return 200, soap.answer(request.operation, inner)

    # -- saveEfact -----------------------------------------------------------------------------------------------
    def _save(self, request, account, seq, hits, note, extra_plan) -> tuple[int, bytes]:
        data, settings = request.document, self.store.settings()
        if not data:
            raise refusal("empty")
        try:
            root = _root(request)
        except XmlError as error:
            raise refusal(
                "schema",
                f"ligne numéro : {error.line} colonne numéro: {error.column} message: {error.message}",
            ) from error
        seen = facts(root)
        if settings["check_schema"] and _sampled(note["sha256"], float(settings["schema_sample"])):
            problem = self.schemas.problem(data, root, seen.version)
            if problem:
                raise refusal("schema", problem)
        try:
            signed = self.judge.judge(
                data,
                root,
                now=self.clock.now(),
                profile=str(settings["profile"]),
                strict=bool(settings["strict_signatures"]),
            )
        except Refusal as error:
            note["criteria"] = {"detail": error.detail}
            raise refusal(error.reason) from error
        if not self.store.is_declared(account["login"], signed.signer.serial_number):
            raise refusal("signer_undeclared")
        if seen.sender != account["matricule"]:
            raise refusal("sender")
        plan = {**_plan(hits), **extra_plan}
        now = self.clock.time()
        due = now + float(settings["verdict_delay"]) + plan.pop("delay", 0)
        state = "held" if plan.pop("no_verdict", False) else "pending"
        with self.store.write() as db:
            if settings["identical"] == "refuse":
                twin = db.execute(
                    "SELECT id FROM deposit WHERE login = ? AND sha256 = ? AND state <> 'rejected'",
                    (account["login"], note["sha256"]),
                ).fetchone()
                if twin:
                    code, message = settings["identical_text"]
                    raise soap.BusinessFault(code, message.format(id=twin["id"]), "identical")
            deposit_id = next_id(db, settings)
            values = {
                "id": deposit_id,
                "login": account["login"],
                "matricule": account["matricule"],
                "number": seen.number,
                "document_type": seen.document_type,
                "date_document": seen.iso_date,
                "amount": seen.amount,
                "amount_tax": seen.amount_tax,
                "receiver": seen.receiver,
                "received_at": now,
                "sha256": note["sha256"],
                "signature_value": signed.signature_value,
                "imprint": signed.imprint,
                "content": data,
                "state": state,
                "due_at": due,
                "plan": json.dumps(plan),
            }
            db.execute(
                f"INSERT INTO deposit ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
                tuple(values.values()),
            )
            text = str(settings["save_text"]).format(id=deposit_id, version=seen.version)
            # Deposit and ledger tell the same story, whenever the process is killed.
            self.ledger.complete(seq, **note, deposit_id=deposit_id, outcome="deposited", text=text)
        if due <= now:
            self.kernel.wake()
        return self._deposited(deposit_id, text, hits, settings)

    @staticmethod
    def _deposited(deposit_id, text, hits, settings) -> tuple[int, bytes]:
        for hit in hits:
            if hit.kind == "fault_after":
                return int(settings["business_fault_status"]), soap.business_fault(
                    hit.params["code"], hit.params["message"]
                )
            if hit.stage == "text":
                text = str(hit.params["text"]).format(id=deposit_id, other=deposit_id + 1)
        return 200, soap.answer("saveEfact", soap.returned(text))

    # -- consultEfact and verifyQrCode ----------------------------------------------------------------------------
    def _consult(self, request, account, hits, note) -> str:
        criteria = consultation.read(request.criteria)
        if not criteria:
            raise refusal("empty")
        kinds = {hit.kind for hit in hits}
        settings, now = self.store.settings(), self.clock.time()

        def find():
            return consultation.find(
                self.store,
                account["login"],
                criteria,
                now,
                limit=int(settings["max_returns"]),
                prefixes="prefix_numbers" in kinds,
            )

        rows = find()
        if any(row["state"] in WAITING and row["due_at"] <= now for row in rows):
            # The verdict is due by the virtual clock: it shall not depend on the kernel's own rhythm.
            for row in rows:
                self.kernel.process_due(only=row["id"])
            rows = find()
        if not settings["pending_visible"]:
            rows = [row for row in rows if row["state"] not in ("pending", "held")]
        items = [consultation.item(row, settings) for row in rows]
        if "foreign_deposit" in kinds:
            items[:0] = consultation.foreign(self.store, account, criteria, rows, settings)
        if "empty_answer" in kinds:
            items = []
        note.update(outcome="consulted", text=f"{len(items)} return")
        return "".join(items)

    def _verify(self, text: str) -> str:
        try:
            root = ElementTree.fromstring(text.strip().encode()) if "<!" not in text else None
        except ElementTree.ParseError:
            root = None
        if root is None or root.tag != "QRDATA":
            return "QrCode non valide"
        values = {child.tag: child.text or "" for child in root}
        genuine = qr.check_key(
            self.store.meta("secret"),
            values.get("REFTTN", ""),
            values.get("EMPRUNT", ""),
            values.get("KEY", ""),
        )
        row = self.store.db.execute(
            "SELECT qr FROM deposit WHERE reference = ?", (values.get("REFTTN", ""),)
        ).fetchone()
        known = row is not None and row["qr"] is not None and row["qr"].split() == text.split()
        return "QrCode valide" if genuine and known else "QrCode non valide"


def _root(request: soap.Request):
    """The document's root, parsed once a call. Raises XmlError."""
    if request.root is None:
        request.root = parse(request.document)
    return request.root


def _sampled(digest: str, share: float) -> bool:
    return share >= 1 or int(digest[:8], 16) / 2**32 < share


def _plan(hits: list[Hit]) -> dict:
    """What the faults of the deposit stage ask of the kernel and of the consultation."""
    plan: dict = {}
    for hit in hits:
        if hit.kind == "late_verdict":
            plan["delay"] = float(hit.params["delay"])
        elif hit.kind in ("reject", "several_errors", "mass_rejection"):
            plan["errors"] = hit.params["errors"]
        elif hit.kind == "rejected_then_accepted":
            plan.update(errors=hit.params["errors"], accept_after=float(hit.params["after"]))
        elif hit.kind == "two_acceptances":
            plan["twice"] = True
        elif hit.kind == "reserialised":
            plan["style"] = hit.params["style"]
        elif hit.kind == "hidden":
            plan["hidden"] = {name: hit.params[name] for name in ("until", "gone_from", "back_at")}
        elif hit.kind == "foreign_reference":
            plan["foreign_reference"] = "invented" if hit.params["invented"] else "last"
        elif hit.kind in ("no_verdict", "invalid_sigttn", "broken_content"):
            plan[hit.kind] = True
    return plan
