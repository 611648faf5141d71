"""Helpers of the live suite: real processes on a cloned database, as in production.

database    clones of the template database, SQL beside Odoo
cluster     PostgreSQL clusters of a test's own, clocks that move
odoo        HTTP server and cron worker processes
sandbox     El Fatoora's sandbox as a process
rpc         a user's session over HTTP
browser     headless Chromium
processes   starting, stopping and killing; waiting with a limit
"""
