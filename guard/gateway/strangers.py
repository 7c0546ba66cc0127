"""The Pythons that poetry, pdm and pipx would start: none that a checkout brings along.

As for uv (`guard.install.pythons`): what a user names by an absolute path is his own choice, and
what means another program in every folder is a choice of whoever wrote the folder. An environment
in the project is taken for the user's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from guard.errors import UnsupportedError
from guard.gateway.documents import table, toml
from guard.install.pythons import in_reach, is_below, is_relative, lines, versions

_PROGRAMS: Final = {
    "pdm": ("PDM_PYTHON_VERSION",),
    "pipx": ("PIPX_DEFAULT_PYTHON",),
}
"""Variables that name a Python, or a version."""

_PATHS: Final = {
    "pdm": ("PDM_PYTHON",),
    "pipx": ("PIPX_HOME", "PIPX_GLOBAL_HOME", "PIPX_SHARED_LIBS"),
    "poetry": ("POETRY_DATA_DIR", "POETRY_HOME", "POETRY_PYTHON_INSTALLATION_DIR"),
}
"""Variables that name the path of a Python, or of a folder with Pythons in it."""

_OWN: Final = (".venv", "venv", "env")
"""Where pdm looks for the project's environment by itself."""

_OF_PDM: Final = (("python", "install_root"), ("python", "path"), ("venv", "location"))
_OF_POETRY: Final = (("python", "installation-dir"), ("data-dir",))
"""Settings of a project that lead to a Python."""


def refuse(tool: str, environ: Mapping[str, str], folder: Path) -> None:
    """Refuse the Pythons that only `folder`, or a relative path, names to `tool`.

    Raises `UnsupportedError` and, where a file of the project cannot be read, `UsageError`.
    """
    for name in _PROGRAMS.get(tool, ()):
        if is_relative(environ.get(name, ""), folder):
            raise _refused(f"`{name}={environ[name]}`", tool, "write an absolute path")
    for name in _PATHS.get(tool, ()):
        if (word := environ.get(name)) and not Path(word).expanduser().is_absolute():
            raise _refused(f"a Python in `{name}={word}`", tool, "write an absolute path")
    for found in in_reach(environ.get("PATH", ""), here=True):
        what = f"`{found.name}` in `{found.parent}`, an entry of PATH that is not absolute,"
        raise _refused(what, tool, "take it out of PATH")
    if tool == "pdm":
        _refuse_of_pdm(folder)
    if tool == "poetry":
        for place in (folder, *folder.parents):
            _refuse_settings(tool, place / "poetry.toml", _OF_POETRY)


def _refuse_of_pdm(folder: Path) -> None:
    for place in (folder, *folder.parents):
        file = place / ".pdm-python"
        if (word := "\n".join(lines(file)).strip()) and not _is_own(word, place):
            raise _refused(f"the path `{word}` in `{file}`", "pdm", "remove that file")
        for name in ("pdm.toml", ".pdm.toml"):
            _refuse_settings("pdm", place / name, _OF_PDM)
    for file, word in versions(folder):
        if is_relative(word, file.parent) or is_below(word, file.parent):
            raise _refused(f"the path `{word}` in `{file}`", "pdm", "write a version there")


def _is_own(word: str, place: Path) -> bool:
    """Tell whether `word` leads out of `place`, or to where pdm looks in any case."""
    inside = any(is_below(word, place / name) for name in _OWN)
    return Path(word).is_absolute() and (inside or not is_below(word, place))


def _refuse_settings(tool: str, path: Path, names: tuple[tuple[str, ...], ...]) -> None:
    if not path.is_file():
        return
    document = toml(path)
    for name in _said(document, names):
        raise _refused(
            f"`{name}` in `{path}`",
            tool,
            "take it away; your own configuration may say it",
        )


def _said(document: Mapping[str, Any], names: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    for *groups, last in names:
        entry = document
        for group in groups:
            entry = table(entry.get(group))
        if last in entry:
            yield ".".join((*groups, last))


def _refused(what: str, tool: str, hint: str) -> UnsupportedError:
    return UnsupportedError(
        f"{what} is not used",
        reason=f"{tool} would start what a checkout may have brought along",
        hint=hint,
    )
