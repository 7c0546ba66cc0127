"""A door: one way by which a package comes in that nobody has judged, as a row of a table."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypedDict

_PLACE: Final = re.compile(r"(?<!\$)\$\{?([a-z]+)\}?")


_CODES: Final = {"REFUSED": 2, "DENIED": 77, "UNDECIDED": 69, "FAILED": 2}


class Kind(enum.Enum):
    """What has to be in somebody else's hands for the door to be open."""

    ENVIRONMENT = "environment"
    FILE = "configuration file"
    ARGUMENT = "argument"
    LINE = "line of a requirements file"
    PLACE = "URL, repository or path"
    METADATA = "metadata"
    CACHE = "cache"
    PATH = "PATH"


class Tool(enum.Enum):
    """Which tool is asked."""

    PIP = "pip"
    UV_PIP = "uv pip"
    UV = "uv"
    UVX = "uvx"


class Bare(enum.Enum):
    """What the tool does without the guard."""

    INSTALLS = "installs the marker package"
    RUNS = "runs the marker's code"
    ASKS = "asks the attacker's server"


class Ends(enum.Enum):
    """What the guard does."""

    IGNORED = "does not look there: the good release is installed"
    PASSED_OVER = "judges it, and installs the good release"
    REFUSED = "refuses, and says what"
    DENIED = "judges it, and denies it"
    UNDECIDED = "gets nothing that it could judge, and installs nothing"
    FAILED = "gives the tool nothing, and the tool gives up"

    @property
    def code(self) -> int:
        """The exit code."""
        return _CODES.get(self.name, 0)


class Poison(enum.Enum):
    """What lies in the tool's own cache beforehand."""

    UV = "a file of frob 1.0 that was written over in uv's cache"
    PIP_RESPONSE = "another file in the place of frob 1.0 among pip's cached responses"
    PIP_WHEEL = "a wheel that pip once built"


@dataclass(frozen=True, kw_only=True)
class Door:
    """One row: what is set up, in the same way for both sides, and what is then typed.

    In every text `$name` stands for a place of the scene: `$evil` is the attacker's index, `$url`
    the marker's wheel there, `$wheel` the same wheel on this machine, `$tree` a source tree whose
    build writes the marker.
    """

    name: str
    kind: Kind
    tool: Tool
    command: str
    """The command line, without `guard` in front."""

    guarded: str | None = None
    """The guard's own command line, where the tool has no wrapper for this one."""

    environ: Mapping[str, str] = field(default_factory=dict)
    """Variables; an empty one is not set at all."""

    files: Mapping[str, str] = field(default_factory=dict)
    """Paths below the scene's folder, and what the files say."""

    poison: Poison | None = None
    tls: bool = False
    """The attacker's server has a certificate that nobody has signed."""

    bare: Bare = Bare.INSTALLS
    ends: Ends = Ends.DENIED
    asks: bool = False
    """The attacker's server is asked for what it has, which is then judged."""

    pip: str = ""
    """The versions of pip that have this door."""

    @property
    def id(self) -> str:
        return f"{self.tool.value}: {self.name}"


class Row(TypedDict, total=False):
    """What a row says besides its name, its kind, its tool and its command."""

    guarded: str
    environ: Mapping[str, str]
    files: Mapping[str, str]
    poison: Poison
    tls: bool
    bare: Bare
    ends: Ends
    asks: bool
    pip: str


def shown(text: str) -> str:
    """The text of a row for people, on one line: the places of the scene in capitals."""
    plain = _PLACE.sub(lambda found: found[1].upper(), text).replace("$$", "$")
    return " ; ".join(line.strip() for line in plain.replace("\\\n", "").splitlines())
