"""Measurements. `make bench` runs them all and writes bench/result.json."""
