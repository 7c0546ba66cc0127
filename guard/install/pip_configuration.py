"""What the user's pip is configured with: its files and environment, as pip documents them."""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from guard import regular
from guard.errors import UsageError
from guard.request import IndexOptions

_LIMIT = 10_000_000
"""Bytes of one file."""

_SECTIONS = ("global", "install")


@dataclass(frozen=True, slots=True)
class PipConfiguration:
    """Options by their long names without dashes in front, later sources winning."""

    options: Mapping[str, str]

    @property
    def indexes(self) -> IndexOptions:
        """The index options."""
        return IndexOptions(
            index_url=self.options.get("index-url"),
            extra_index_urls=self._words("extra-index-url"),
            find_links=self._words("find-links"),
            no_index=self.options.get("no-index", "").lower() in {"1", "true", "yes", "on"},
        )

    @property
    def constraints(self) -> tuple[str, ...]:
        """Constraint files that every install is held to."""
        return self._words("constraint")

    def _words(self, name: str) -> tuple[str, ...]:
        return tuple(self.options.get(name, "").split())


def read(
    *,
    prefix: Path | None = None,
    environ: Mapping[str, str] | None = None,
    sections: Sequence[str] = _SECTIONS,
) -> PipConfiguration:
    """Return pip's configuration for the environment at `prefix`. Raises `UsageError`.

    `sections` of a file are that of all commands and that of one, which is the stronger.
    """
    environ = os.environ if environ is None else environ
    options: dict[str, str] = {}
    for path in _files(prefix, environ):
        options |= _file(path, sections)
    options |= {
        name.removeprefix("PIP_").lower().replace("_", "-"): value
        for name, value in environ.items()
        if name.startswith("PIP_") and value
    }
    return PipConfiguration(options)


def _files(prefix: Path | None, environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the files in the order in which pip loads them: global, user, site, named."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    home = Path.home()
    if sys.platform == "win32":
        yield Path(environ.get("PROGRAMDATA", r"C:\ProgramData"), "pip", "pip.ini")
        yield home / "pip" / "pip.ini"
        yield Path(environ.get("APPDATA", str(home)), "pip", "pip.ini")
    else:
        xdg = environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(os.pathsep)
        yield from (Path(folder, "pip", "pip.conf") for folder in reversed(xdg) if folder)
        if sys.platform == "darwin":
            yield Path("/Library/Application Support/pip/pip.conf")
            yield home / "Library" / "Application Support" / "pip" / "pip.conf"
        yield Path("/etc/pip.conf")
        yield home / ".pip" / "pip.conf"
        yield Path(environ.get("XDG_CONFIG_HOME", str(home / ".config")), "pip", "pip.conf")
    if prefix is not None:
        yield prefix / ("pip.ini" if sys.platform == "win32" else "pip.conf")
    if named:
        yield Path(named)


def _file(path: Path, sections: Sequence[str]) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    try:
        text = regular.read(path, limit=_LIMIT).decode("utf-8")
        parser.read_string(text, str(path))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        raise UsageError(
            f"pip's configuration `{path}` could not be read",
            reason=" ".join(str(error).split()),
            hint="mend the file, or name another one in PIP_CONFIG_FILE; nothing was installed",
        ) from None
    return {
        name.replace("_", "-"): value
        for section in sections
        if parser.has_section(section)
        for name, value in parser.items(section)
    }
