"""Pickles: which files of a wheel are some, in what wrapping, and what they would import.

A file is what it holds, not what it is called: any file can be given to `pickle.load`. One that
comes to its STOP is a pickle; one that breaks off before it calls anything is none, or none that
could do harm. What may follow a pickle in a file is another one, so all are read up to the first
bytes that are none.

Essential reading: `torch.serialization`, `numpy.lib.format`, `joblib.numpy_pickle`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from guard.artifact import pickle_formats as formats
from guard.artifact.content import Pickle
from guard.artifact.inflate import COMPRESSED, inflate, inflate_raw, is_compressed
from guard.artifact.pickle_archive import has_other_methods, members
from guard.artifact.pickle_arrays import ArrayMachine, has_arrays
from guard.artifact.pickle_machine import Machine
from guard.artifact.pickle_opcodes import FIRST
from guard.artifact.pickle_walk import LIMIT as OPCODES
from guard.artifact.pickle_walk import End, Walk, follow, walk

HEAD: Final = 4096
"""Bytes from the beginning of a file that tell whether the rest is worth reading."""

LIMIT: Final = 64 << 20
"""Bytes that are read of one file, and of what it is decompressed to."""

_GLOBAL: Final = b"c"
_COMPONENT: Final = 255
"""Bytes of a file's name."""

_GLANCE: Final = 64
"""Opcodes that tell whether the rest is worth reading."""

_BEGINS: Final = 20
"""What it takes to begin with a pickle, in opcodes."""

_BEGINNINGS: Final = FIRST.union(magic[0] for magic in (*COMPRESSED, formats.ZIP, formats.NUMPY))
"""The first bytes of all but an archive of the oldest kind: most files begin with another one."""

_WINDOW: Final = 8 << 20
_MEMBERS: Final = 50_000
"""Of an archive: compressed bytes that are read of one member, and members."""


@dataclass(slots=True)
class Budget:
    """What may still be spent on the pickles of one wheel."""

    opcodes: int = 2 * OPCODES
    inflated: int = 16 * LIMIT
    """Bytes of what is compressed inside its file."""


def may_be_pickle(name: str, head: bytes) -> bool:
    """Tell whether a file is worth reading, by its name or by its first `HEAD` bytes.

    It is, if `read_pickles` would say anything of it, and seldom otherwise. A `head` of fewer
    bytes is the whole file.
    """
    if formats.is_named_pickle(name):
        return True
    begins = not head or head[0] in _BEGINNINGS or head[257:262] == formats.TAR
    return begins and _may_begin(name, head[:HEAD], whole=len(head) < HEAD)


def _may_begin(name: str, head: bytes, *, whole: bool) -> bool:
    if is_compressed(head):
        head, more = inflate(head, HEAD)
        if not head and not whole:
            return True  # bzip2 gives nothing before it has seen a whole block
        whole = whole and not more
    if head.startswith((formats.ZIP, formats.NUMPY)) or formats.is_tar(name, head):
        return True
    if not head or head[0] not in FIRST or _imports_nothing(head):
        return False
    found = walk(head, whole=whole, limit=_GLANCE)
    return found.is_pickle or found.end is not End.BROKEN


def _imports_nothing(head: bytes) -> bool:
    """Tell whether the first opcode imports a module for which no file could be named.

    A pickle ends there. Scripts and tables that begin with a `c` and a long line look like that.
    """
    module = head[1:].partition(b"\n")[0]
    return head[:1] == _GLOBAL and max(map(len, module.split(b"."))) > _COMPONENT


def read_pickles(
    name: str,
    data: bytes,
    *,
    offset: int,
    size: int | None = None,
    budget: Budget | None = None,
) -> tuple[Pickle, ...]:
    """Return what unpickling the file would import: one record, or none where there is no pickle.

    Any bytes do. Of a file of more than `LIMIT` bytes, `data` are its first, and `size` says how
    many there are in all. `budget` is shared by the files of a wheel.
    """
    if not may_be_pickle(name, data[:HEAD]):
        return ()
    whole = size is None or size <= len(data)
    reader = _Reader(name, budget or Budget())
    reader.read(data, whole=whole)
    if data and not reader.known and formats.extension(name) in formats.PICKLES:
        reader.doubt("it is named like a pickle, but is none that can be read")
    if not reader.is_pickle and reader.problem is None:
        return ()
    names = tuple(sorted(reader.names))
    return (
        Pickle(
            format=reader.format, names=names, problem=reader.problem, member=name, offset=offset
        ),
    )


@dataclass(slots=True)
class _Reader:
    """What was found in one file so far."""

    name: str
    budget: Budget
    format: str = "pickle"
    names: set[str] = field(default_factory=set)
    problem: str | None = None
    is_pickle: bool = False
    known: bool = False
    """It is a pickle, or something else of which one can tell that it is none."""

    left: int = OPCODES

    def read(self, data: bytes, *, whole: bool) -> None:
        """Read a file in whatever wrapping."""
        if is_compressed(data):
            data, more = self.spend(*inflate(data, self.room))
            whole = whole and not more
            if more and not data:
                self.doubt("it is compressed in too many parts")
        self.stream(data, 0, whole=whole)
        if data.startswith(formats.ZIP):
            self.archive(data, whole=whole)
        elif formats.is_tar(self.name, data):
            self.doubt("it is a tar archive, as PyTorch wrote them before 0.1.10")
        if self.is_pickle and not whole:
            self.doubt(f"no more than {len(data)} bytes of it are read")

    @property
    def room(self) -> int:
        """Bytes that may still be inflated at once."""
        return max(min(LIMIT, self.budget.inflated), 0)

    def spend(self, inflated: bytes, more: bool) -> tuple[bytes, bool]:  # noqa: FBT001
        """Count what was inflated."""
        self.budget.inflated -= len(inflated)
        if self.budget.inflated <= 0:
            self.doubt("too much is compressed in the files of this wheel")
        return inflated, more

    def doubt(self, problem: str) -> None:
        """Note the first thing that could not be followed."""
        self.problem = self.problem or problem
        self.known = True

    def stream(self, data: bytes, at: int, *, whole: bool) -> None:
        """Read what is neither compressed nor an archive."""
        self.sequence(data, at, whole=whole)
        if data.startswith(formats.TORCH, at):
            self.format = "PyTorch"
        elif data.startswith(formats.NUMPY, at):
            self.format = "NumPy"
            self.known = True
            header, begin = formats.array_header(data, at)
            if formats.may_have_objects(header):
                self.sequence(data, begin, whole=whole)

    def sequence(self, data: bytes, at: int, *, whole: bool) -> None:
        """Follow the pickle at `at`, and those after it: who loads one may load the next."""
        places = [(at, False)]
        seen: set[int] = set()
        while places:
            at, may_break = places.pop()
            if at >= len(data) or at in seen:
                continue
            seen.add(at)
            found = self.follow(Machine(data, at, whole=whole))
            if has_arrays(found.names):  # bytes for joblib, opcodes for anybody else
                self.format = "joblib"
                places += self.note(found, may_break=True)
                found = self.follow(ArrayMachine(data, at, whole=whole))
            places += self.note(found, may_break=may_break)

    def is_lost(self, found: Walk) -> bool:
        """Tell whether this is a pickle that was left before anything showed in it.

        Many a large file begins like a string that has no end in what is read of it.
        """
        expected = (
            found.versioned or formats.extension(self.name) in formats.PICKLES | formats.MODELS
        )
        return found.end is End.LOST and (expected or found.opcodes > 1)

    def follow(self, machine: Machine) -> Walk:
        """Follow a pickle as far as the budget allows."""
        if self.budget.opcodes <= 0:
            self.doubt("too much is to be followed in the files of this wheel")
        found = follow(machine, min(self.left, self.budget.opcodes))
        self.left -= found.opcodes + _BEGINS
        self.budget.opcodes -= found.opcodes + _BEGINS
        return found

    def note(self, found: Walk, *, may_break: bool) -> list[tuple[int, bool]]:
        """Add what was found in one pickle, and return where the next may be.

        If it `may_break`, it is but one way to read what is there, and not that of its writer.
        """
        if found.is_pickle or self.is_lost(found):
            self.is_pickle = self.known = True
            self.names |= found.names
            if found.problem is not None:
                self.doubt(found.problem)
            if found.end is End.LOST or (found.end is End.BROKEN and not may_break):
                self.doubt(f"it is not followed beyond byte {found.at}: {found.reason}")
        if found.end is not End.STOPPED:
            return []
        self.known = True
        return [(found.at, may_break)]

    def archive(self, data: bytes, *, whole: bool) -> None:
        """Read what PyTorch and NumPy, among others, keep in a formats.ZIP archive."""
        self.known = True
        names: set[bytes] = set()
        for number, (name, at) in enumerate(members(data)):
            if number == _MEMBERS:
                self.doubt(f"it is an archive of more than {_MEMBERS} members")
                break
            names.add(name)
            self.inside(data, at, whole=whole)
        form = formats.archive_format(names)
        if form or formats.extension(self.name) in formats.PICKLES | formats.MODELS:
            if not whole:
                self.doubt(f"it is an archive of which no more than {len(data)} bytes are read")
            if has_other_methods(data):
                self.doubt("it is an archive with a compression that is not read")
        self.format = form or self.format
        if form == "TorchScript":  # classes of its own language, written in the same archive
            self.names = {name for name in self.names if not name.startswith("__torch__.")}

    def inside(self, data: bytes, at: int, *, whole: bool) -> None:
        """Read a member of an archive, as stored and as deflated, where it may be a pickle."""
        head = data[at : at + HEAD]
        if is_compressed(head) and _may_begin("", head, whole=False):
            inner, more = self.spend(*inflate(data[at : at + _WINDOW], self.room))
            self.stream(inner, 0, whole=not more and at + _WINDOW >= len(data))
        elif _may_begin("", head, whole=False):
            self.stream(data, at, whole=whole)
        head, more = inflate_raw(head, 0, HEAD)
        if head and _may_begin("", head, whole=False):
            inner, more = self.spend(*inflate_raw(data, at, self.room))
            self.stream(inner, 0, whole=not more)
