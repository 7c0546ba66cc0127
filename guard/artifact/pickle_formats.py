"""By what the files are told in which pickles are kept: extensions, magic, and parts of an archive.

Essential reading: `torch.serialization`, `numpy.lib.format`.
"""

from __future__ import annotations

import posixpath
from typing import Final


def _extensions(words: str) -> frozenset[str]:
    return frozenset(f".{word}" for word in words.split())


PICKLES: Final = _extensions("cloudpickle cpkl dill gpickle jbl joblib pck pcl pickle pkl pklz")
"""Extensions of what is a pickle."""

MODELS: Final = _extensions("bin ckpt jit model npz pt pth ptl")
"""Extensions of what may have one inside."""

_WRAPPINGS: Final = _extensions("bz2 gz lz4 lzma tar xz z zlib zst")

ZIP: Final = b"PK\x03\x04"
NUMPY: Final = b"\x93NUMPY"
TAR: Final = b"ustar"
"""Not at its beginning: see `is_tar`."""

TORCH: Final = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")
"""What PyTorch wrote first until 1.6: a pickle of its magic number."""

_HEADER: Final = 1 << 16
"""Bytes of a header that are looked at; no honest one has as many."""


def extension(name: str) -> str:
    """Return the extension of what is inside the wrappings that `name` says."""
    stem, last = posixpath.splitext(name.lower())
    while last in _WRAPPINGS:
        stem, last = posixpath.splitext(stem)
    return last


def is_named_pickle(name: str) -> bool:
    """Tell whether `extension` would say that a file is a pickle: it seldom has to be asked."""
    last = f".{name.rpartition('.')[2].lower()}"
    return (last in PICKLES or last in _WRAPPINGS) and extension(name) in PICKLES


def is_tar(name: str, head: bytes) -> bool:
    """Tell whether a model is an archive of the oldest kind, which PyTorch still reads."""
    return head[257:262] == TAR and extension(name) in PICKLES | MODELS


def array_header(data: bytes, at: int) -> tuple[bytes, int]:
    """Return the header of NumPy's format at `at`, and where it ends.

    Its length has two bytes in the first version, and four since.
    """
    begin = at + (10 if data[at + 6 : at + 7] == b"\x01" else 12)
    end = begin + int.from_bytes(data[at + 8 : begin], "little")
    return data[begin : min(end, begin + _HEADER)], end


def may_have_objects(header: bytes) -> bool:
    """Tell whether an array is of objects, and so a pickle: its type is `O`, or has an `O` in it.

    The header is a Python literal, in which a letter can also be written as an escape.
    """
    return len(header) == _HEADER or any(word in header for word in (b"O", b"object", b"\\"))


def archive_format(names: set[bytes]) -> str | None:
    """Return what an archive is by the names of its members, as those who load it tell."""
    last = {name.rpartition(b"/")[2] for name in names}
    if b"data.pkl" in last:
        return "TorchScript" if b"constants.pkl" in last else "PyTorch"
    arrays = bool(names) and all(name.endswith(b".npy") for name in names)
    return "NumPy" if arrays else None
