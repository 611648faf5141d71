"""TTN's El Fatoora service: the one door to the network, the reading of its answers and what follows from them.

Nothing here knows Odoo, a database or the other rooms. Foreign XML is read by the parser that the caller hands over.

- ``client``      calls the service and returns one :class:`~.client.Call` whatever happens
- ``answers``     turns the bytes of an answer into facts, or into a problem
- ``rejections``  the catalogue of what TTN says, with its causes
- ``decisions``   facts of an attempt and its answers -> the next step (no double deposit, no lost acceptance)
- ``sweep``       the account's deposits compared with ours
- ``breaker``     stops a company's queue when too much is rejected or nothing answers
"""
