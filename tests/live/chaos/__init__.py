"""The queue under trouble: the whole protocol, and each of its rules switched off.

world      a database cluster, hosts with workers, TTN and clocks of its own
trouble    what happens to them
evidence   what each database wrote down, and the ledger of TTN
checker    what is wrong in that evidence
"""
