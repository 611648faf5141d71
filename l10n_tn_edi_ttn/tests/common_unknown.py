from unittest.mock import patch

from .common_flow import TnEdiFlowCommon


class UnknownCase(TnEdiFlowCommon):
    """Helpers around an answer that never came."""

    def deposited(self, number=None):
        """:return: how many deposits TTN made."""
        return len([row for row in self.saves(number) if row["deposit_id"]])

    def lost(self, kind, **params):
        """:return: the document of a new invoice whose deposit was struck by the fault."""
        fault = self.fault(kind, **({"params": params} if params else {}))
        document = self.post()
        self.submit()
        self.sandbox.remove_fault(fault)
        return document

    def ask_until_decided(self, document, times=5):
        """Ask again and again, a minute apart, until a human is needed."""
        for _time in range(times):
            if document.state != "unknown":
                break
            self.age(document, minutes=1)
            self.follow()

    def to_decide_as_absent(self):
        """:return: a document that TTN does not hold, by all the rules."""
        document = self.lost("reset_before")
        self.age(document, hours=1)
        self.accept()
        self.ask_until_decided(document)
        self.assertEqual((document.state, document.reason_code), ("to_decide", "ask.absent"), document.reason)
        return document

    def held_answers(self):
        """Let the calls be made and keep what they give, as if this worker had stopped then.

        :return: (list that gets (key, finished call) of each call, what ends this).
        """
        Document = type(self.documents)
        original = Document._call_together
        kept = []

        def call_together(model, *arguments):
            for answers in original(model, *arguments):
                kept.extend(answers)
            yield from ()

        patcher = patch.object(Document, "_call_together", call_together)
        patcher.start()
        self.addCleanup(patcher.stop)
        return kept, patcher
