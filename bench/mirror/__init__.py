"""Measurements of the mirror under load, on loopback, against other servers in one run."""
