"""Which reader a document is for: its name decides, and where that says nothing, what is in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from guard import plan, regular
from guard.errors import UnsupportedError, UsageError
from guard.inventory import _json, _toml, cyclonedx, pdm, poetry, pylock, requirements, spdx, uv
from guard.inventory._base import Format, Inventory, Listed, Skipped, collected
from guard.inventory._document import Document

_LIMIT: Final = 32 << 20
"""Bytes of one document."""

_NAMES: Final = {each.value: each for each in (Format.UV, Format.POETRY, Format.PDM)}
_REQUIREMENTS: Final = frozenset({".txt", ".in"})
_TOML: Final = frozenset({".toml", ".lock"})
_KNOWN: Final = (
    "uv.lock, poetry.lock, pdm.lock, pylock.toml, requirements files (.txt, .in), and CycloneDX "
    "or SPDX in JSON are understood"
)

Found = Iterable[Listed | Skipped]


def read(path: Path) -> Inventory:
    """Return what the document at `path` names. Raises `UsageError`."""
    if path.suffix in _REQUIREMENTS:
        return collected(path, Format.REQUIREMENTS, requirements.entries(path))
    body = _bytes(path)
    form, found = _toml_found(path, body) if _is_toml(path) else _json_found(path, body)
    return collected(path, form, found)


def _bytes(path: Path) -> bytes:
    try:
        body = regular.read(path, limit=_LIMIT)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"`{path}` could not be read", reason=reason) from None
    if len(body) > _LIMIT:
        raise UsageError(f"`{path}` is larger than {_LIMIT} bytes")
    return body


def _is_toml(path: Path) -> bool:
    return path.suffix in _TOML


def _toml_found(path: Path, body: bytes) -> tuple[Format, Found]:
    name, folder = str(path), path.parent
    document = _toml.load(body, name=name)
    form = Format.PYLOCK if plan.is_lock(path) else _NAMES.get(path.name) or _guessed(document)
    match form:
        case Format.PYLOCK:
            lock = plan.understood(document.top.values, name=name)
            lines = [line for _, line in document.rows("packages")]
            return form, pylock.entries(lock, lines, folder)
        case Format.UV:
            return form, uv.entries(document, folder)
        case Format.POETRY:
            return form, poetry.entries(document, folder)
        case Format.PDM:
            return form, pdm.entries(document, folder)
        case _:
            raise _unsupported(path, "it is TOML, and no lock file")


def _guessed(document: Document) -> Format | None:
    """Return whose lock it is by what only that tool writes: scripts have `NAME.py.lock`."""
    values = document.top.values
    metadata = values.get("metadata")
    if isinstance(metadata, dict):
        keys = {"lock-version": Format.POETRY, "lock_version": Format.PDM}
        return next((form for key, form in keys.items() if key in metadata), None)
    if "lock-version" in values:
        return Format.PYLOCK
    return Format.UV if {"version", "requires-python"} <= values.keys() else None


def _json_found(path: Path, body: bytes) -> tuple[Format, Found]:
    start = body.removeprefix(b"\xef\xbb\xbf").lstrip()[:16]
    if not start.startswith(b"{"):
        raise _not_json(path, start)
    document = _json.load(body, name=str(path))
    values = dict(document.top.values)
    if values.get("bomFormat") == Format.CYCLONEDX:
        return Format.CYCLONEDX, cyclonedx.entries(document)
    if "spdxVersion" in values or spdx.is_third(values):
        return Format.SPDX, spdx.entries(document)
    raise _unsupported(path, "it is JSON, and neither CycloneDX nor SPDX")


def _not_json(path: Path, start: Sequence[int]) -> UnsupportedError:
    if bytes(start).startswith(b"<"):
        return UnsupportedError(
            f"`{path}` is XML",
            reason="of SBOMs, only JSON is understood",
            hint="ask its maker for JSON, or convert it",
        )
    if bytes(start).startswith(b"SPDXVersion:"):
        return UnsupportedError(
            f"`{path}` is SPDX in tags and values",
            reason="of SBOMs, only JSON is understood",
            hint="ask its maker for JSON, or convert it",
        )
    return _unsupported(path, "neither its name nor its content says what it is")


def _unsupported(path: Path, reason: str) -> UnsupportedError:
    return UnsupportedError(f"`{path}` cannot be audited", reason=reason, hint=_KNOWN)
