from odoo.tests import tagged

from .common import INVOICE_DATE
from .common_flow import TnEdiFlowCommon

SMALL, LARGE = 5, 50


@tagged("post_install_l10n", "post_install", "-at_install")
class TestQueries(TnEdiFlowCommon):
    """What one document costs the database does not grow with the number of documents in a run."""

    def post_many(self, count):
        """:return: the documents of ``count`` new posted invoices."""
        moves = self.env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "invoice_date": INVOICE_DATE,
                    "journal_id": self.invoice_journal.id,
                    "invoice_line_ids": [self.line(100 + number), self.line(7), self.stamp_line()],
                }
                for number in range(count)
            ]
        )
        moves.action_post()
        return self.documents.browse(moves.l10n_tn_edi_document_id.ids)

    def queries(self, call):
        """:return: number of statements that ``call()`` sends to the database, from empty caches."""
        self.env.flush_all()
        self.env.invalidate_all()
        # Nothing of this transaction is known to PostgreSQL's statistics: without them Odoo's own reports take minutes.
        self.env.cr.execute(
            "ANALYZE account_move, account_move_line, account_partial_reconcile, l10n_tn_edi_document"
        )
        before = self.env.cr.sql_log_count
        call()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def measure(self, count):
        """:return: statements per document (depositing, asking) for a batch of ``count`` documents."""
        documents = self.post_many(count)
        self.due(documents)
        depositing = self.queries(self.documents._cron_submit)
        self.assertEqual(set(documents.mapped("state")), {"submitted"})
        self.due(documents)
        asking = self.queries(self.documents._cron_follow)
        self.assertEqual(set(documents.mapped("state")), {"accepted"})
        return depositing / count, asking / count

    def test_queries_do_not_grow_with_the_batch(self):
        self.measure(1)  # what is read once for a process
        small, large = self.measure(SMALL), self.measure(LARGE)
        for step, few, many in zip(("deposit", "question"), small, large, strict=True):
            with self.subTest(step=step):
                self.assertLessEqual(
                    many,
                    few * 1.05,
                    f"{step}: {few:.1f} statements a document in a batch of {SMALL}, {many:.1f} of {LARGE}",
                )

    def test_other_documents_cost_nothing(self):
        """Only due rows are read: hundreds of settled documents change nothing."""
        self.measure(1)
        alone = self.measure(1)
        self.measure(LARGE)
        held = self.post_many(LARGE)
        held.hold = True
        among_others = self.measure(1)
        for step, before, after in zip(("deposit", "question"), alone, among_others, strict=True):
            with self.subTest(step=step):
                self.assertLessEqual(
                    after, before + 5, f"{step}: {before:.0f} statements alone, {after:.0f} among others"
                )

    def test_lists_say_what_is_wrong_at_no_cost(self):
        """Each row's sentence comes from what was read for all of them."""
        finding = {"code": "odoo.no_line", "severity": "blocking", "params": {}, "path": ""}
        item = {"code": "ttn.unknown", "ttn_code": "X99", "text": "Refus", "kind": "unknown", "params": {}}

        def listing(count):
            documents = self.post_many(count)
            for number, document in enumerate(documents):
                wrong = (
                    {"state": "error", "findings": [finding], "reason_code": "document.findings"},
                    {"state": "rejected", "rejections": [item], "reason_code": "ttn.unknown"},
                    {"state": "signed", "reason_code": "breaker.hand"},
                )
                document.write({**wrong[number % 3], "next_at": False})
            moves = self.env["account.move"].browse(documents.move_id.ids)
            return [
                self.queries(lambda records=records, name=name: records.web_read({name: {}}))
                for records, name in ((moves, "l10n_tn_edi_cause"), (documents, "cause"))
            ]

        listing(3)  # what is read once for a process
        self.assertEqual(listing(SMALL), listing(LARGE))

    def test_posting_costs_little(self):
        """What posting does for us does not grow with the batch either."""

        def posting(count):
            moves = self.env["account.move"].create(
                [
                    {
                        "move_type": "out_invoice",
                        "partner_id": self.customer.id,
                        "invoice_date": INVOICE_DATE,
                        "journal_id": self.invoice_journal.id,
                        "invoice_line_ids": [self.line(), self.stamp_line()],
                    }
                    for _number in range(count)
                ]
            )
            moves.action_post()  # the numbers are given the first time
            moves.button_draft()
            with_ours = self.queries(moves.action_post) / count
            moves.button_draft()
            self.invoice_journal.l10n_tn_edi_enabled = False
            without = self.queries(moves.action_post) / count
            self.invoice_journal.l10n_tn_edi_enabled = True
            return with_ours - without

        posting(1)
        few, many = posting(3), posting(12)
        self.assertGreater(few, 0)
        self.assertLessEqual(
            many, few * 1.05 + 0.5, f"{few:.1f} statements an invoice in a batch of 3, {many:.1f} of 12"
        )
