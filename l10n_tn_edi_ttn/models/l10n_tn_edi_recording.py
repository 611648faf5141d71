"""What a batch of records shares while it is written. Plain helpers: no models."""


class Files:
    """Files of many records, created together: an attachment on its own costs several milliseconds.

    :param env: the environment that creates them.
    """

    def __init__(self, env):
        self._env = env
        self._values, self._places = [], []

    def add(self, record, field, data, *, name=None, mimetype=None, owner=None):
        """Keep ``data`` in an empty field of a record: of a binary field in a file of its own, or linked.

        :param record: one record.
        :param str field: a binary field that is stored as an attachment, or a many2one to ``ir.attachment``.
        :param bytes data: what is kept as it is.
        :param str name: file name; the field's when there is none.
        :param str mimetype: guessed when there is none, which is slow.
        :param owner: the record whose file it is, for a link; ``record`` otherwise.
        """
        owner = owner or record
        values = {"name": name or field, "raw": data, "res_model": owner._name, "res_id": owner.id}
        if mimetype:
            values["mimetype"] = mimetype
        if record._fields[field].type == "binary":
            values["res_field"] = field
        self._values.append(values)
        self._places.append((record, field))

    def store(self):
        """Create what was collected."""
        if not self._values:
            return
        # No picture of ours is ever resized
        creator = self._env["ir.attachment"].sudo().with_context(image_no_postprocess=True)
        for attachment, (record, field) in zip(creator.create(self._values), self._places, strict=True):
            if record._fields[field].type == "binary":
                record.invalidate_recordset([field], flush=False)
            else:
                record.sudo()[field] = attachment.id
        self._values, self._places = [], []


class Recording:
    """What the answers share that are recorded in one transaction.

    :param env: its environment.
    :param bool alone: there is one answer only: what another document has already taken is told to this one. Otherwise
        the transaction fails as a whole and each is recorded alone.
    """

    def __init__(self, env, alone=True):
        self.alone = alone
        self.now = env["l10n_tn_edi.exchange"]._database_now()
        self.files = Files(env)
        self.accepted = env["l10n_tn_edi.document"]
        self.told = {}  # account -> what somebody must know of its deposits: see ``_note_findings``
        self.references = {}  # what TTN gave, by the bytes of its document: read once
