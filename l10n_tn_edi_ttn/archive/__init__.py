"""The archive: records of final documents, the hash tree and the seal of a day, evidence, containers and their verifier.

Pure: nothing of Odoo, no network, and nothing of the other rooms: who wants a signature inside of a document judged, or a
certificate's path, hands a function in. The format is described in docs/fr/archive-format.md for those who read it
without this code.
"""
