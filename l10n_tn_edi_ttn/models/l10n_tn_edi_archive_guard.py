"""The database's own refusal: what is archived can be neither changed nor deleted, whoever asks.

Triggers refuse UPDATE, DELETE and TRUNCATE, also from a console with the rights of Odoo's own database user. They are
opened for one transaction only, and whoever opens them leaves a row (``l10n_tn_edi.archive.opening``) that is committed
with what was done and that nobody may delete. The owner of the tables can take the triggers away: against him there is
detection (hashes, the chain of seals), no refusal.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

SETTING = "l10n_tn_edi.archive_opening"

# SQL expressions may ask this of an entry's id: has its term ended, and does no legal hold keep it?
OVER = "l10n_tn_edi_archive_over"

_FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION l10n_tn_edi_archive_open(kind text, reason text, by_user integer) RETURNS integer
LANGUAGE plpgsql AS $function$
DECLARE
    opening integer;
BEGIN
    IF kind NOT IN ('migration', 'retention') OR trim(COALESCE(reason, '')) = '' THEN
        RAISE EXCEPTION 'l10n_tn_edi_ttn: the archive is opened for a migration or a retention run, with a reason';
    END IF;
    INSERT INTO l10n_tn_edi_archive_opening
           (kind, reason, user_id, transaction, database_user, opened_at,
            create_uid, create_date, write_uid, write_date)
    VALUES (kind, reason, by_user, txid_current()::text, session_user, clock_timestamp() AT TIME ZONE 'UTC',
            by_user, now() AT TIME ZONE 'UTC', by_user, now() AT TIME ZONE 'UTC')
    RETURNING id INTO opening;
    PERFORM set_config('{SETTING}', opening::text, true);
    RETURN opening;
END $function$;

CREATE OR REPLACE FUNCTION l10n_tn_edi_archive_opened() RETURNS text STABLE
LANGUAGE sql AS $function$
    SELECT opening.kind
      FROM l10n_tn_edi_archive_opening opening
     WHERE opening.id::text = NULLIF(current_setting('{SETTING}', true), '')
       AND opening.transaction = txid_current()::text
$function$;

CREATE OR REPLACE FUNCTION l10n_tn_edi_archive_over(entry_id integer) RETURNS boolean STABLE
LANGUAGE sql AS $function$
    SELECT COALESCE((
        SELECT entry.retain_until < (clock_timestamp() AT TIME ZONE 'Africa/Tunis')::date
               AND NOT EXISTS (
                   SELECT FROM l10n_tn_edi_archive_hold hold
                    WHERE hold.company_id = entry.company_id AND hold.released_at IS NULL
                      AND COALESCE(entry.document_date, entry.day)
                          BETWEEN hold.date_from AND COALESCE(hold.date_to, 'infinity'))
          FROM l10n_tn_edi_archive_entry entry
         WHERE entry.id = entry_id), false)
$function$;

CREATE OR REPLACE FUNCTION l10n_tn_edi_archive_guard() RETURNS trigger
LANGUAGE plpgsql AS $function$
DECLARE
    guarded boolean := true;
    over boolean := false;
    opened text;
BEGIN
    -- TG_ARGV of rows: columns that count (all when empty), SQL expressions: whether it is guarded, whether its term is over
    IF TG_LEVEL = 'ROW' THEN
        EXECUTE 'SELECT ' || TG_ARGV[1] INTO guarded USING OLD;
        IF guarded AND TG_OP = 'UPDATE' AND TG_ARGV[0] <> '' THEN
            SELECT bool_or(to_jsonb(OLD) -> name IS DISTINCT FROM to_jsonb(NEW) -> name) INTO guarded
              FROM unnest(string_to_array(TG_ARGV[0], ',')) name;
        END IF;
    END IF;
    IF guarded THEN
        opened := l10n_tn_edi_archive_opened();
        IF opened = 'retention' AND TG_LEVEL = 'ROW' THEN
            EXECUTE 'SELECT ' || TG_ARGV[2] INTO over USING OLD;
        END IF;
        IF opened IS DISTINCT FROM 'migration' AND over IS NOT TRUE THEN
            RAISE EXCEPTION 'l10n_tn_edi_ttn: % of % refused: it belongs to the archive of electronic invoices',
                TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    IF TG_LEVEL = 'STATEMENT' THEN
        RETURN NULL;
    ELSIF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $function$;
"""
_PREFIX = "l10n_tn_edi_archive_guard"


class L10nTnEdiArchiveGuard(models.AbstractModel):
    """Base of what is written once: rows of the archive, of its seals and of its logs."""

    _name = "l10n_tn_edi.archive.guard"
    _description = "Written Once"

    def write(self, vals):
        if self.ids and not self.env["l10n_tn_edi.archive.opening"]._is_open():
            raise UserError(self.env._("What is in the archive of electronic invoices is never changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_when_open(self):
        if not self.env["l10n_tn_edi.archive.opening"]._is_open():
            raise UserError(self.env._("What is in the archive of electronic invoices is not deleted."))


class L10nTnEdiArchiveOpening(models.Model):
    """A transaction that was allowed to change what is archived: who, when, why. Written in that very transaction."""

    _name = "l10n_tn_edi.archive.opening"
    _description = "Opening of the Archive"
    _inherit = ["l10n_tn_edi.archive.guard"]
    _order = "id desc"
    _rec_name = "reason"

    kind = fields.Selection(
        [("migration", "Migration"), ("retention", "Deletion after the Term")], required=True, readonly=True
    )
    reason = fields.Char(required=True, readonly=True)
    user_id = fields.Many2one("res.users", readonly=True, ondelete="restrict", help="Empty for a migration.")
    transaction = fields.Char(required=True, readonly=True, help="PostgreSQL's number of the transaction.")
    database_user = fields.Char(readonly=True)
    opened_at = fields.Datetime(readonly=True, help="By the database's clock.")

    def init(self):
        # EXTENDS 'base': the tables that are guarded must all be there
        self.pool.post_init(self._install_guard)

    # --- Opening ---------------------------------------------------------------------------------------------------

    @api.model
    def _open(self, kind, reason):
        """Open what is archived until the end of this transaction, or of the savepoint around it.

        :param str kind: 'retention' (only what is past its term) or 'migration' (everything).
        :param str reason: why; kept for good.
        """
        self.env.flush_all()
        self.env.execute_query(SQL("SELECT l10n_tn_edi_archive_open(%s, %s, %s)", kind, reason, self.env.uid))

    @api.model
    def _close(self):
        """End what ``_open`` began, before the transaction ends."""
        self.env.flush_all()
        self.env.execute_query(SQL("SELECT set_config(%s, '', true)", SETTING))

    @api.model
    def _is_open(self):
        """:return: bool, whether this transaction was opened."""
        [[opened]] = self.env.execute_query(SQL("SELECT l10n_tn_edi_archive_opened()"))
        return bool(opened)

    # --- Triggers --------------------------------------------------------------------------------------------------

    @api.model
    def _install_guard(self):
        """Make the functions and triggers, anew each time: on installation and on every update."""
        self.env.cr.execute(_FUNCTIONS)
        for table, rules in self.env["l10n_tn_edi.archive.entry"]._guard_tables().items():
            self._guard_table(table, **rules)

    @api.model
    def _guard_table(self, table, *, update="true", delete="true", columns=(), over=None):
        """Guard one table.

        :param str table: its name.
        :param str update: SQL expression of a row (``$1``): whether it is guarded against UPDATE.
        :param str delete: the same for DELETE; TRUNCATE is refused too when all rows are guarded.
        :param columns: names of the columns that UPDATE may not touch; all when empty.
        :param str over: SQL expression of a row: whether a deletion run may touch it; never when None.
        """
        # Names of columns are data for the trigger: a trigger ON UPDATE OF would be in the way of Odoo's own upgrades
        names = ",".join(columns)
        rules = [
            ("update", "UPDATE", "ROW", (names, update, over or "false")),
            ("delete", "DELETE", "ROW", (names, delete, over or "false")),
        ]
        if delete == "true":
            rules.append(("truncate", "TRUNCATE", "STATEMENT", ()))
        for suffix, event, level, arguments in rules:
            trigger = SQL.identifier(f"{_PREFIX}_{suffix}")
            on = SQL.identifier(table)
            self.env.cr.execute(SQL("DROP TRIGGER IF EXISTS %s ON %s", trigger, on))
            self.env.cr.execute(
                SQL(
                    "CREATE TRIGGER %s BEFORE %s ON %s FOR EACH %s EXECUTE FUNCTION l10n_tn_edi_archive_guard(%s)",
                    trigger,
                    SQL(event),
                    on,
                    SQL(level),
                    SQL(", ").join(SQL("%s", " ".join(one.split())) for one in arguments),
                )
            )

    @api.model
    def _remove_guard(self):
        """Take the triggers and functions away: the addon is being removed."""
        self.env.cr.execute("DROP FUNCTION IF EXISTS l10n_tn_edi_archive_guard() CASCADE")
        self.env.cr.execute("DROP FUNCTION IF EXISTS l10n_tn_edi_archive_over(integer)")
        self.env.cr.execute("DROP FUNCTION IF EXISTS l10n_tn_edi_archive_opened()")
        self.env.cr.execute("DROP FUNCTION IF EXISTS l10n_tn_edi_archive_open(text, text, integer)")
