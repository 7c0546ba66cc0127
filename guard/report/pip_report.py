"""pip's installation report, for the tools that read it after `pip install --report`."""

from __future__ import annotations

import email.parser
import email.policy
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import guard
from guard.errors import UsageError
from guard.model import Admitted, Listing
from guard.private import write_private

_METADATA: Final = re.compile(r"[^/]+\.dist-info/METADATA")
_METADATA_LIMIT: Final = 10_000_000
_UNREADABLE: Final = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
"""What reading a member of an archive may raise."""

_REPEATED: Final = frozenset(
    {
        "classifier",
        "dynamic",
        "license_file",
        "obsoletes_dist",
        "platform",
        "project_url",
        "provides_dist",
        "provides_extra",
        "requires_dist",
        "requires_external",
        "supported_platform",
    }
)


def write(path: Path, admitted: Sequence[Admitted], environment: Mapping[str, object]) -> None:
    """Write the report on what is about to be installed; `-` is stdout. Raises `UsageError`."""
    document = {
        "version": "1",
        "pip_version": f"guard {guard.__version__}",
        "install": [_item(item) for item in admitted],
        "environment": dict(environment),
    }
    body = json.dumps(document, indent=2) + "\n"
    if str(path) == "-":
        sys.stdout.write(body)
        return
    try:
        write_private(path, body.encode())
    except OSError as error:
        raise UsageError(f"`{path}` could not be written", reason=error.strerror) from None


def _item(admitted: Admitted) -> dict[str, Any]:
    candidate = admitted.verdict.candidate
    listing = candidate.listing
    return {
        "download_info": {
            "url": candidate.file.url,
            "archive_info": {
                "hash": f"sha256={admitted.sha256}",
                "hashes": {"sha256": admitted.sha256},
            },
        },
        "is_direct": candidate.requested.direct_url is not None,
        "is_yanked": isinstance(listing, Listing) and listing.yanked is not None,
        "requested": candidate.requested.named,
        "metadata": _metadata(admitted.path),
    }


def _metadata(path: Path) -> dict[str, Any]:
    """Return a wheel's core metadata as PEP 566 turns it into JSON. Raises `UsageError`."""
    try:
        with zipfile.ZipFile(path) as archive:
            (name,) = (n for n in archive.namelist() if _METADATA.fullmatch(n))
            with archive.open(name) as stream:
                body = stream.read(_METADATA_LIMIT)
    except (*_UNREADABLE, OSError, ValueError) as error:
        raise UsageError(
            f"`{path.name}` has no metadata for `--report`", reason=str(error)
        ) from None
    message = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(body)
    metadata: dict[str, Any] = {}
    for key in dict.fromkeys(message.keys()):
        values = [str(value) for value in message.get_all(key, [])]
        field = key.lower().replace("-", "_")
        metadata[field] = values if field in _REPEATED else values[0]
    if description := message.get_payload():
        metadata["description"] = description
    return metadata
