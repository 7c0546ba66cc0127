"""`approvals.toml`, as it is written: approvals in, text out, and nobody's comment is lost.

A block is one `[[approval]]` with the comment directly above it. Only whole blocks are added and
taken away, and they are kept in order, so that what two people approved is merged line by line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from packaging.version import Version

from guard.approval import Approval, ApprovedFile
from guard.errors import PolicyError
from guard.policy.approvals import approvals_in
from guard.policy.load import decoded

HEAD: Final = """\
# What may be installed where a policy says `approval = "required"`.
# `guard approve` and `guard revoke` write it; comments stay.
"""

_HEADER: Final = re.compile(r"[ \t]*\[\[[ \t]*approval[ \t]*\]\][ \t]*(#.*)?")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class _Block:
    text: str
    entry: Approval

    @property
    def key(self) -> tuple[str, Version, datetime]:
        return (self.entry.name, self.entry.version, self.entry.approved_at)


def added(text: str, entries: Iterable[Approval], *, source: str) -> str:
    """Return `text` with `entries`, each in the place of the older ones that it covers.

    An older approval of the same release stays where it had judged a file that the new one has not.
    Raises `PolicyError`.
    """
    head, blocks = _split(text, source)
    new = [_written(entry, source) for entry in entries]
    kept = [old for old in blocks if not any(_covers(b.entry, old.entry) for b in new)]
    return _joined(head or HEAD, [*kept, *new], source)


def removed(text: str, unwanted: Callable[[Approval], bool], *, source: str) -> str:
    """Return `text` without the `unwanted` approvals. Raises `PolicyError`."""
    head, blocks = _split(text, source)
    return _joined(head, [old for old in blocks if not unwanted(old.entry)], source)


def block(entry: Approval) -> str:
    """Return one approval as TOML, a line for each file."""
    lines = ["[[approval]]", f"name = {_quoted(entry.name)}"]
    lines.append(f"version = {_quoted(str(entry.version))}")
    files = sorted(entry.files, key=lambda file: (file.filename, file.sha256))
    lines += _list("files", map(_file, files))
    lines += _list("identities", map(_inline, map(dict, entry.identities)))
    accepted = ({"rule": each.rule, "finding": each.finding} for each in entry.accepted)
    lines += _list("accepted", map(_inline, accepted))
    lines.append(f"reason = {_quoted(entry.reason)}")
    lines.append(f"approved-by = {_quoted(entry.approved_by)}")
    lines.append(f"approved-at = {entry.approved_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    if entry.expires:
        lines.append(f"expires = {entry.expires}")
    return "\n".join([*lines, ""])


def _written(entry: Approval, source: str) -> _Block:
    """Return the block of `entry`, read again: only words may not come out as they went in."""
    text = block(entry)
    (again,) = _entries(text, source)
    if (again.title, set(again.files)) != (entry.title, set(entry.files)):
        raise _unclear(source)
    return _Block(text, again)


def _covers(new: Approval, old: Approval) -> bool:
    if (new.name, new.version) != (old.name, old.version):
        return False
    judged = {file.sha256 for file in new.files if file.judged}
    return all(file.sha256 in judged for file in old.files if file.judged)


def _list(key: str, items: Iterable[str]) -> Iterator[str]:
    given = [f"    {item}," for item in items]
    if given:
        yield f"{key} = ["
        yield from given
        yield "]"


def _file(file: ApprovedFile) -> str:
    judged = ", judged = true" if file.judged else ""
    return f"{{ filename = {_quoted(file.filename)}, sha256 = {_quoted(file.sha256)}{judged} }}"


def _inline(values: Mapping[str, str]) -> str:
    pairs = (f"{k if _BARE.fullmatch(k) else _quoted(k)} = {_quoted(v)}" for k, v in values.items())
    return f"{{ {', '.join(pairs)} }}"


def _quoted(text: str) -> str:
    """Return a basic string of TOML: JSON's, but for what only one of the two lets through."""
    whole = text.encode("utf-8", "backslashreplace").decode()
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007F")


def _split(text: str, source: str) -> tuple[str, list[_Block]]:
    """Return what stands before the first approval, and each of them with its comment."""
    lines = text.replace("\r\n", "\n").split("\n")
    starts = [n for n, line in enumerate(lines) if _HEADER.fullmatch(line)]
    starts = [_comment_above(lines, n) for n in starts]
    bounds = [*starts, len(lines)]
    head, *parts = ("\n".join(lines[a:b]) for a, b in zip([0, *bounds], bounds, strict=False))
    whole = _entries(text, source)
    try:
        found = [_entries(part, source) for part in parts]
        if _entries(head, source) or tuple(e for each in found for e in each) != whole:
            raise _unclear(source)
        return head, [_Block(p, e) for p, (e,) in zip(parts, found, strict=True)]
    except (PolicyError, ValueError):
        raise _unclear(source) from None


def _comment_above(lines: list[str], start: int) -> int:
    while start and lines[start - 1].lstrip().startswith("#"):
        start -= 1
    return start


def _entries(text: str, source: str) -> tuple[Approval, ...]:
    table = decoded(text.encode("utf-8", "surrogatepass"), source)
    return approvals_in(table, source=source).entries


def _joined(head: str, blocks: list[_Block], source: str) -> str:
    ordered = sorted(blocks, key=lambda b: b.key)
    parts = [part.strip("\n") + "\n" for part in (head, *(b.text for b in ordered)) if part.strip()]
    text = "\n".join(parts)
    if _entries(text, source) != tuple(b.entry for b in ordered):
        raise _unclear(source)
    return text


def _unclear(source: str) -> PolicyError:
    return PolicyError(
        "the layout of this file is not understood, so it was left as it is",
        source=source,
        hint="write each approval as a table of its own that begins with [[approval]]",
    )
