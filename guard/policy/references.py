"""What a policy file points to: trust roots and folders of rules, from the file's own folder.

Whoever trusts a policy trusts these as well, so what they hold is a part of what was trusted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from guard import regular
from guard.errors import PolicyError

_ROOT_LIMIT: Final = 1_000_000
"""Bytes of a trust root: as many as are ever read of one."""


def located(table: Mapping[str, Any], folder: Path, source: str) -> dict[str, Any]:
    """Return the policy in `table` with every path in it made absolute, seen from `folder`.

    What has another shape than it should stays as it is: its reader knows better what to say.
    Raises `PolicyError` for what cannot be a path.
    """
    found = dict(table)
    if isinstance(indexes := table.get("index"), list):
        found["index"] = [
            _with_root(entry, folder, source, f"index[{i}].trust-root")
            for i, entry in enumerate(indexes)
        ]
    if isinstance(rules := table.get("rules"), dict):
        found["rules"] = _with_folders(rules, folder, source, "rules.suspicious-code.rules")
    return found


def _with_root(entry: object, folder: Path, source: str, at: str) -> object:
    if isinstance(entry, dict) and (given := _text(entry.get("trust-root"))):
        return entry | {"trust-root": _absolute(given, folder, source, at)}
    return entry


def _with_folders(
    rules: Mapping[str, Any], folder: Path, source: str, at: str
) -> Mapping[str, Any]:
    options = rules.get("suspicious-code")
    if not isinstance(options, dict) or not isinstance(given := options.get("rules"), list):
        return rules
    folders = [
        _absolute(text, folder, source, f"{at}[{i}]") if (text := _text(value)) else value
        for i, value in enumerate(given)
    ]
    return {**rules, "suspicious-code": options | {"rules": folders}}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _absolute(text: str, folder: Path, source: str, at: str) -> str:
    try:
        path = folder / Path(text).expanduser()
    except RuntimeError as error:
        reason = str(error)
    else:
        if "\0" not in text:
            return str(path)
        reason = "it has a character U+0000"
    raise PolicyError(
        f"{text!r} is no path",
        source=source,
        at=at,
        reason=reason,
        hint="write it as seen from the policy's own folder, or in full",
    )


def held(table: Mapping[str, Any]) -> dict[str, str]:
    """Return what all that a located `table` points to holds: each file's path, and its sha256.

    Raises `PolicyError` for what is not there, is no plain file, or is larger than it may be.
    """
    return {path: hashlib.sha256(content).hexdigest() for path, content in _contents(table)}


def _contents(table: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    for entry in table.get("index") or ():
        if isinstance(entry, dict) and (given := _text(entry.get("trust-root"))):
            yield given, _trust_root(Path(given))
    rules = table.get("rules")
    options = rules.get("suspicious-code") if isinstance(rules, dict) else None
    folders = options.get("rules") if isinstance(options, dict) else None
    for folder in folders if isinstance(folders, list) else ():
        if given := _text(folder):
            from guard.artifact.source_rules import texts  # noqa: PLC0415 - few policies have any

            for path, text in texts(Path(given)).items():
                yield path, text.encode()


def _trust_root(path: Path) -> bytes:
    try:
        content = regular.read(path, limit=_ROOT_LIMIT)
        if len(content) <= _ROOT_LIMIT:
            return content
        reason = f"it is larger than {_ROOT_LIMIT} bytes"
    except OSError as error:
        reason = error.strerror or str(error)
    raise PolicyError(
        f"the trust root `{path}` could not be read",
        source=str(path),
        reason=reason,
        hint="correct `trust-root` in the policy that names it",
    )
