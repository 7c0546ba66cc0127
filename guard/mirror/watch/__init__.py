"""Watching: what was admitted is judged again, and what is no longer admitted is revoked."""
