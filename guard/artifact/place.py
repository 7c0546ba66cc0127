"""Where one file of a wheel would land in an environment, and what it would be there.

Essential reading, in order: PEP 427 (the `.data` folder), the installation schemes of `sysconfig`,
the documentation of `site`. Targets differ; what it would be on any of them, it is taken for.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final

from guard.artifact.standard_library import STANDARD_LIBRARY

_SITE_FOLDERS: Final = frozenset({"site-packages", "dist-packages"})
_COMMAND_FOLDERS: Final = frozenset({"bin", "sbin", "scripts"})

# The folder of the standard library, from which `site` imports too: that of Unix, then of Windows.
_LIBRARY: Final = re.compile(r"lib(?:64|32)?/(?:python|pypy)\d[\d.]*t?/|lib/", re.IGNORECASE)
_OWN_LIBRARY: Final = re.compile(r"lib(?:64|32)?/(?:python|pypy)\d[\d.]*t?/|dlls/", re.IGNORECASE)
_WINDOWS_MODULE: Final = re.compile(r"lib/([^/.]+)(?:[./].*)", re.IGNORECASE)
_OWN_FILE: Final = re.compile(
    r"""
      (?: (?:bin|scripts)/ )? (?: pyvenv\.cfg | python[\d.t]*\._pth )
    | (?: scripts/ )? (?: pythonw?[\d.t]*\.(?:dll|exe|zip) | vcruntime[\d_]*\.dll )
    | pip\.(?:conf|ini)                                      # pip's settings for an environment
    | \.?condarc | conda-meta/.* | etc/conda/(?:de)?activate\.d/.*
    """,
    re.VERBOSE | re.IGNORECASE,
)


class Scheme(enum.StrEnum):
    """PEP-427: the keys of `.data`, each a folder of the target environment."""

    PURELIB = "purelib"
    PLATLIB = "platlib"
    HEADERS = "headers"
    SCRIPTS = "scripts"
    DATA = "data"


SITE: Final = (Scheme.PURELIB, Scheme.PLATLIB)
"""The schemes that are on `sys.path`."""


@dataclass(frozen=True, slots=True)
class Place:
    """A scheme, and the path below its folder."""

    scheme: Scheme
    path: str

    @property
    def in_site(self) -> bool:
        """Tell whether the file lands in a site folder on every target."""
        if self.scheme is not Scheme.DATA:
            return self.scheme in SITE
        return not _SITE_FOLDERS.isdisjoint(self.path.casefold().split("/")[:-1])

    @property
    def site_path(self) -> str | None:
        """The path below a folder that `site` reads or imports from on some target, if any.

        On Windows the root of an environment is a site folder itself.
        """
        if self.scheme in SITE:
            return self.path
        if self.scheme is not Scheme.DATA:
            return None
        parts = self.path.split("/")
        for index in range(len(parts) - 2, -1, -1):
            if parts[index].casefold() in _SITE_FOLDERS:
                return "/".join(parts[index + 1 :])
        library = _LIBRARY.match(self.path)
        return self.path[library.end() :] if library else self.path

    @property
    def command(self) -> str | None:
        """The name of the command that the file would be, if it lands among commands."""
        folder, _, name = self.path.rpartition("/")
        if self.scheme is Scheme.SCRIPTS:
            return None if folder else name
        in_commands = self.scheme is Scheme.DATA and folder.casefold() in _COMMAND_FOLDERS
        return name if in_commands else None

    @property
    def is_environments_own(self) -> bool:
        """Tell whether an interpreter, pip or conda keeps a file of its own there."""
        if self.scheme is Scheme.SCRIPTS:
            return _OWN_FILE.fullmatch(f"scripts/{self.path}") is not None
        if self.scheme is not Scheme.DATA or self.in_site:
            return False
        if _OWN_FILE.fullmatch(self.path) or _OWN_LIBRARY.match(self.path):
            return True
        module = _WINDOWS_MODULE.fullmatch(self.path)
        return module is not None and module[1].casefold() in STANDARD_LIBRARY
