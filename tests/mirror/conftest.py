"""What the tests of the mirror share."""

from __future__ import annotations

from tests.mirror.backends import database_url, mirror_backend, postgres, s3

__all__ = ["database_url", "mirror_backend", "postgres", "s3"]
