"""Measurements of the guard against the bare tools, in one run on one machine."""
