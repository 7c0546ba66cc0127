"""All doors, and the tables of them in the documentation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tests.e2e.doors import of_pip, of_uv, of_uv_pip
from tests.e2e.doors.door import Door, Kind, Tool, shown

DOORS: Final = (*of_pip.DOORS, *of_uv_pip.DOORS, *of_uv.DOORS)

_TITLES: Final = {
    "pip": (Tool.PIP,),
    "uv pip": (Tool.UV_PIP,),
    "uv and uvx": (Tool.UV, Tool.UVX),
}
_QUOTED: Final = frozenset({Kind.ENVIRONMENT, Kind.ARGUMENT, Kind.LINE})


def tables() -> str:
    """Return how many doors there are, and a table of those of each tool."""
    count = f"There are {len(DOORS)} doors. The guard leaves none of them open.\n"
    return "\n".join([count, *(_table(title, tools) for title, tools in _TITLES.items())])


def _table(title: str, tools: tuple[Tool, ...]) -> str:
    doors = [door for door in DOORS if door.tool in tools]
    head = [
        f"## {title}: {len(doors)} doors",
        "",
        "| | door | what is typed | the tool alone | behind the guard |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*head, *_rows(doors), ""])


def _rows(doors: list[Door]) -> Iterator[str]:
    for door in sorted(doors, key=lambda door: list(Kind).index(door.kind)):
        typed = shown(door.command)
        name, _, more = door.name.partition(" ")
        if door.kind is Kind.ENVIRONMENT:
            cell = f"`{name}` {more}".rstrip()
        else:
            cell = f"`{door.name}`" if door.name == typed or door.kind in _QUOTED else door.name
        if door.pip:
            cell += f" (pip {door.pip})"
        again = "" if door.name == typed else f"`{typed}`"
        row = (door.kind.value, cell, again, door.bare.value, door.ends.value)
        yield f"| {' | '.join(row)} |"
