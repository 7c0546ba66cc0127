"""Runs the build backend of a source distribution where it can do no harm (PEP 517).

Nothing is resolved, judged or installed here: what comes in was judged before, what comes out is
judged after.
"""
