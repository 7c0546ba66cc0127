"""The mirror over HTTP."""
