"""What the REST API says and understands, as data: routes, schemas, problems, cursors. Knows neither Odoo nor the other rooms.

``validation`` and ``fingerprint`` need the Python packages jsonschema and rfc8785, which only companies with the API switched
on must have: nothing imports these two modules before they are used.
"""
