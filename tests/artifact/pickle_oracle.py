"""What the real unpickler imports, with nothing behind the names: a measure of our reading."""

from __future__ import annotations

import io
import pickle
from typing import Any, Self


class Inert:
    """Takes part in whatever an opcode does to an object, and does nothing."""

    def __new__(cls, *_: Any, **__: Any) -> Self:
        return object.__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __call__(self, *_: Any, **__: Any) -> Inert:
        return self

    def __setitem__(self, *_: Any) -> None:
        pass

    append = extend = add = update = __call__


class _Recorder(pickle.Unpickler):
    """An unpickler to which every name is the same inert class."""

    def __init__(self, stream: io.BufferedIOBase, encoding: str) -> None:
        super().__init__(stream, encoding=encoding)
        self.names: set[str] = set()

    def find_class(self, module: str, name: str, /) -> Any:
        self.names.add(f"{module}.{name}")
        return type("Inert", (Inert,), {})

    def persistent_load(self, pid: Any, /) -> Any:
        return pid


def imported(data: bytes) -> tuple[set[str], bool]:
    """What unpickling `data` would import, and whether it came to its end.

    A file with `peek` is read in another way than one without, and who reads what Python 2 wrote
    says an encoding.
    """
    names: set[str] = set()
    complete = True
    peeking = io.BufferedReader(io.BytesIO(data))
    for stream, encoding in ((io.BytesIO(data), "ASCII"), (peeking, "latin1")):
        recorder = _Recorder(stream, encoding)
        try:
            recorder.load()
        except Exception:  # noqa: BLE001 - whatever an opcode does to what is on the stack
            complete = False
        names |= recorder.names
    return names, complete
