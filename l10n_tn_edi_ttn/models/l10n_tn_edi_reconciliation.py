from odoo import api, fields, models
from odoo.tools import SQL

KINDS = [
    ("not_sent", "Posted, Not Deposited"),
    ("no_verdict", "Deposited, No Verdict"),
    ("undone", "Accepted, Undone in Odoo"),
    ("amount", "Another Amount at TTN"),
    ("gap", "Gap in the Numbers"),
    ("twice", "Accepted Twice"),
]
# Totals are kept as texts, as they stood in the document.
NUMBER = r"^-?[0-9]+([.][0-9]+)?$"
# What a company that deposits for real has only tried out counts for nothing.
TRIED = SQL("(document.mode = 'test' AND company.l10n_tn_edi_mode = 'production')")


class L10nTnEdiReconciliation(models.Model):
    """Where Odoo's books and TTN do not agree, each with its reason. One line for each invoice and disagreement."""

    _name = "l10n_tn_edi.reconciliation"
    _description = "Reconciliation with TTN"
    _auto = False
    _order = "kind, date desc, id"
    _rec_name = "move_id"

    kind = fields.Selection(KINDS, readonly=True)
    move_id = fields.Many2one("account.move", string="Invoice", readonly=True)
    document_id = fields.Many2one("l10n_tn_edi.document", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    journal_id = fields.Many2one("account.journal", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    date = fields.Date(string="Invoice Date", readonly=True)
    days = fields.Integer(string="Days Late", readonly=True, aggregator="max")
    amount = fields.Monetary(string="In the Books", readonly=True)
    amount_ttn = fields.Monetary(string="At TTN", readonly=True)
    missing = fields.Integer(string="Numbers Missing", readonly=True)
    state = fields.Selection(related="document_id.state", string="TTN Status")
    reason = fields.Text(compute="_compute_reason")

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT found.move_id * 8 + array_position(%s::varchar[], found.kind::varchar) AS id, found.kind, found.move_id,
                   found.document_id, move.company_id, move.journal_id, move.commercial_partner_id AS partner_id,
                   move.currency_id, move.invoice_date AS date, found.days, move.amount_total AS amount,
                   found.amount_ttn, found.missing
              FROM (%s UNION ALL %s UNION ALL %s) found
              JOIN account_move move ON move.id = found.move_id
            """,
            # The same line keeps its id: a selection means the same when the data moves on.
            [kind for kind, _label in KINDS],
            self._query_waiting(),
            self._query_settled(),
            self._query_gaps(),
        )

    @api.model
    def _query_waiting(self):
        """Posted and concerned, as ``account.move._l10n_tn_edi_concerned`` says, and not accepted after the company's days."""
        return SQL(
            """
            SELECT CASE WHEN document.live AND NOT %(tried)s
                             AND document.state IN ('sending', 'submitted', 'unknown', 'to_decide')
                        THEN 'no_verdict' ELSE 'not_sent' END AS kind,
                   move.id AS move_id, document.id AS document_id,
                   EXTRACT(day FROM now() AT TIME ZONE 'UTC' - begun.at)::int AS days,
                   NULL::numeric AS amount_ttn, NULL::int AS missing
              FROM account_move move
              JOIN res_company company ON company.id = move.company_id
              JOIN account_journal journal ON journal.id = move.journal_id
              JOIN res_partner partner ON partner.id = move.commercial_partner_id
         LEFT JOIN l10n_tn_edi_document document ON document.id = move.l10n_tn_edi_document_id
              -- Each correction makes a new document: what is late is the invoice.
        CROSS JOIN LATERAL (SELECT COALESCE(min(create_date), move.invoice_date) AS at
                              FROM l10n_tn_edi_document WHERE move_id = move.id) begun
             WHERE move.state = 'posted' AND move.move_type IN ('out_invoice', 'out_refund')
               AND company.l10n_tn_edi_enabled AND journal.l10n_tn_edi_enabled
               AND move.invoice_date >= company.l10n_tn_edi_go_live_date
               AND move.l10n_tn_edi_exclusion IS NULL
               AND NOT (company.l10n_tn_edi_consumer_policy = 'exclude' AND NOT COALESCE(partner.is_company, FALSE)
                        AND partner.l10n_tn_edi_identifier_type IN ('I-02', 'I-03'))
               AND NOT (company.l10n_tn_edi_foreign_policy = 'exclude' AND partner.l10n_tn_edi_identifier_type = 'I-04')
               AND (document.id IS NULL OR NOT document.live OR document.state NOT IN ('accepted', 'conflict') OR %(tried)s)
               AND NOT COALESCE(document.live AND document.state = 'to_decide' AND %(total)s != move.amount_total, FALSE)
               AND begun.at < now() AT TIME ZONE 'UTC' - make_interval(days => company.l10n_tn_edi_late_days)
            """,
            tried=TRIED,
            total=self._number_in("total_ttn"),
        )

    @api.model
    def _number_in(self, column):
        """:param str column: of the document, a text.
        :return: its value, NULL when it is no number.
        """
        text = SQL.identifier("document", column)
        return SQL("CASE WHEN %s ~ %s THEN %s::numeric END", text, NUMBER, text)

    @api.model
    def _query_settled(self):
        """At TTN, but undone in Odoo, of another amount, or twice.

        A reversal that never goes to TTN undoes nothing there; a rejected invoice that was replaced has one.
        """
        at_ttn = SQL("COALESCE(%s, %s)", self._number_in("total_ttn"), self._number_in("total"))
        return SQL(
            """
            SELECT CASE WHEN document.state = 'conflict' THEN 'twice'
                        WHEN document.state = 'accepted' AND (move.state != 'posted' OR inside.id IS NOT NULL)
                        THEN 'undone' ELSE 'amount' END AS kind,
                   move.id AS move_id, document.id AS document_id, 0 AS days, %s AS amount_ttn, NULL::int AS missing
              FROM l10n_tn_edi_document document
              JOIN account_move move ON move.id = document.move_id
              JOIN res_company company ON company.id = document.company_id
 LEFT JOIN LATERAL (SELECT id FROM account_move
                     WHERE reversed_entry_id = move.id AND state = 'posted' AND amount_total = move.amount_total
                       AND l10n_tn_edi_exclusion IN ('out_of_scope', 'other') AND l10n_tn_edi_document_id IS NULL
                     LIMIT 1) inside ON TRUE
             WHERE (document.live OR move.l10n_tn_edi_document_id = document.id) AND NOT %s
               AND (document.state = 'conflict'
                    OR document.state = 'accepted'
                       AND (move.state != 'posted' OR inside.id IS NOT NULL OR %s != move.amount_total)
                    OR document.live AND document.state = 'to_decide' AND %s != move.amount_total)
            """,
            at_ttn,
            TRIED,
            at_ttn,
            self._number_in("total_ttn"),
        )

    @api.model
    def _query_gaps(self):
        """Numbers that no entry has, in the journals that are switched on: the invoice after the gap is shown.

        The first number of a month or of a year that began with El Fatoora is 1; what came before the others is unknown.
        """
        return SQL(
            """
            SELECT 'gap' AS kind, numbered.id AS move_id, NULL::int AS document_id, 0 AS days,
                   NULL::numeric AS amount_ttn, numbered.sequence_number - numbered.previous - 1 AS missing
              FROM (SELECT move.id, move.sequence_number,
                           COALESCE(
                               lag(move.sequence_number) OVER (
                                   PARTITION BY move.journal_id, move.sequence_prefix ORDER BY move.sequence_number
                               ),
                               (SELECT max(earlier.sequence_number)
                                  FROM account_move earlier
                                 WHERE earlier.journal_id = move.journal_id
                                   AND earlier.sequence_prefix = move.sequence_prefix
                                   AND earlier.sequence_number < move.sequence_number),
                               CASE WHEN %s >= company.l10n_tn_edi_go_live_date THEN 0 END
                           ) AS previous
                      FROM account_move move
                      JOIN account_journal journal ON journal.id = move.journal_id
                      JOIN res_company company ON company.id = move.company_id
                     WHERE company.l10n_tn_edi_enabled AND journal.l10n_tn_edi_enabled
                       AND move.name IS NOT NULL AND move.name != '/'
                       AND move.date >= company.l10n_tn_edi_go_live_date) numbered
             WHERE numbered.sequence_number > numbered.previous + 1
            """,
            self._numbers_began(),
        )

    @api.model
    def _numbers_began(self):
        """:return: when the month or the year in an entry's number began; NULL for numbers that never begin anew."""
        return SQL(
            r"""
            date_trunc(
                CASE WHEN move.sequence_prefix
                          ~ concat('(^|\D)(\d\d)?', to_char(move.date, 'YY'), '\D*', to_char(move.date, 'MM'), '\D') THEN 'month'
                     WHEN move.sequence_prefix ~ concat('(^|\D)(\d\d)?', to_char(move.date, 'YY'), '\D') THEN 'year' END,
                move.date::timestamp
            )
            """
        )

    @api.depends("kind", "document_id", "missing")
    @api.depends_context("lang")
    def _compute_reason(self):
        messages = self.env["l10n_tn_edi.messages"]
        for line in self:
            document = line.document_id
            if line.kind == "gap":
                line.reason = self.env._(
                    "%(count)s numbers before %(number)s belong to no entry. Explain them, or give them to new invoices.",
                    count=line.missing,
                    number=line.move_id.name,
                )
            elif line.kind == "undone" and line.move_id.state == "posted":
                line.reason = self.env._(
                    "TTN accepted it, and it is reversed inside Odoo only. Reset its reversal to draft, take away its exclusion "
                    "and confirm it: it goes to TTN as the credit note."
                )
            elif line.kind == "undone":
                line.reason = self.env._(
                    "TTN holds the invoice and Odoo no longer does. Post it again as it was, or undo it with a credit note."
                )
            elif line.kind == "amount" and document.total_ttn and document.total_ttn != document.total:
                line.reason = self.env._(
                    "TTN shows another total than the one that was deposited. Look at it on TTN's site, then decide or "
                    "correct it with a credit note."
                )
            elif line.kind == "amount":
                line.reason = self.env._(
                    "The entry was changed after TTN accepted it. Correct it with a credit note."
                )
            elif document and line.kind == "not_sent" and document._is_tried_only():
                line.reason = self.env._(
                    "It is on TTN's test platform only, which has no legal effect. An accounting administrator sends it for real."
                )
            elif document.live:
                line.reason = (
                    document.rejection_text
                    or document.reason
                    or line.move_id._l10n_tn_edi_headline(document.sudo())
                )
            else:
                concerned, reason = line.move_id._l10n_tn_edi_concerned()
                line.reason = (
                    self.env._("It has no electronic document yet: send it.")
                    if concerned
                    else messages._sentence(reason)
                )

    def action_open(self):
        """Open the invoice."""
        self.ensure_one()
        return self.move_id._get_records_action(views=[(False, "form")])

    def action_send(self):
        """Send to TTN what was not deposited, as far as it can be sent, and count the rest.

        A line of another kind asks for something else than its invoice on its way at once.

        :raise UserError: for what is on the test platform only, when the user is no accounting administrator.
        """
        not_sent = self.filtered(lambda line: line.kind == "not_sent")
        tried = not_sent.document_id.filtered(lambda document: document._is_tried_only())
        if tried:
            tried.action_retire()
        return not_sent.move_id.action_l10n_tn_edi_send_selected()

    def action_ask(self):
        """Ask TTN about what has no verdict, and count the rest."""
        return self.move_id.action_l10n_tn_edi_ask_selected()
