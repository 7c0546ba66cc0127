"""Wheels and sdists as documents: read in memory, within limits, never unpacked to look.

Every reader here returns what it found and what is wrong with it; none of them decides. Whatever
the bytes, there is a document with its defects, or a named error, and never another exception.
"""
