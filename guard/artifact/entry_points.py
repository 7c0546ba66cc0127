"""entry_points.txt: the commands that the installers will write, read as all of them read it.

Essential reading, in order: the entry points specification, `importlib.metadata` (pip's reader).
uv reads the file as INI; a line that the two could take differently is a problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from guard.artifact.content import CommandSource

_GROUPS: Final = {
    source.value: source for source in (CommandSource.CONSOLE_SCRIPT, CommandSource.GUI_SCRIPT)
}
_GROUP: Final = re.compile(r"\[[^][]*\]")
_REFERENCE: Final = re.compile(
    r"[^\W\d]\w*(?:\.[^\W\d]\w*)*\s*:\s*[^\W\d]\w*(?:\.[^\W\d]\w*)*(?:\s*\[[\w\s,.-]*\])?"
)
"""`package.module:object.attribute`, and the extras that it once could name."""

_HARMFUL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f/\\:*?\"<>|\u200b-\u200f\u2028-\u202e\ufeff]")
"""Separators, control characters and what Windows gives a meaning of its own."""


@dataclass(frozen=True, slots=True)
class EntryPoints:
    """The commands by group, and what is wrong: with a name, or with the file."""

    commands: tuple[tuple[CommandSource, str], ...] = ()
    bad_names: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def parse(content: bytes) -> EntryPoints:
    """Return the commands in `content`, whatever it is, with what is wrong with them."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return EntryPoints(problems=(f"not UTF-8 at byte {error.start}",))
    targets: dict[tuple[CommandSource, str], str] = {}
    problems: list[str] = []
    for number, group, line in _lines(text):
        name, equals, target = (part.strip() for part in line.partition("="))
        if line.startswith("[") or group is None or _is_twin(group):
            problems.append(f"line {number} is in one group or in another: {line[:80]!r}")
        elif not equals:
            # Python's reader fails on such a line in any group, for all distributions at once.
            problems.append(f"line {number} is no name and object: {line[:80]!r}")
        elif source := _GROUPS.get(group):
            if not _REFERENCE.fullmatch(target):
                problems.append(f"line {number} is no name and object: {line[:80]!r}")
            if targets.setdefault((source, name), target) != target:
                problems.append(f"{name[:80]!r} is there twice, for two objects")
    bad = tuple(name for _, name in targets if not is_safe_name(name))
    return EntryPoints(tuple(targets), bad, tuple(problems))


def is_safe_name(name: str) -> bool:
    """Tell whether a command can only be a file of that name among the commands."""
    return (
        0 < len(name) <= 100  # noqa: PLR2004
        and name not in {".", ".."}
        and name == name.strip()
        and not name.endswith(".")
        and not name.startswith((";", "[", "#", "-"))
        and not _HARMFUL.search(name)
    )


def _is_twin(group: str) -> bool:
    return group not in _GROUPS and group.strip("[] \t").lower() in _GROUPS


def _lines(text: str) -> Iterator[tuple[int, str | None, str]]:
    """Yield every line that is in a group: its number, the group and the line itself.

    `importlib.metadata` splits at all that `str.splitlines` splits at, and others at LF alone: the
    former finds more lines, never fewer, and what only it finds is no name and object to the rest.
    """
    group: str | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if _GROUP.fullmatch(line):
            group = line[1:-1]
        else:
            yield number, group, line
