"""The program of `pipx run`, started in its prepared environment as pipx itself starts it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from typing import Final, NoReturn

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from guard.cli.become import become
from guard.errors import InstallerError

NOWHERE: Final = "./python"
"""A program of every environment. With a dot in front, it is none that is on PATH."""

REPORT: Final = "import sys; open(sys.argv[1], 'w').write(sys.executable)"
"""What it does: it says which environment that is."""


def start(
    python: Path, app: str, given: Sequence[str], *, named: bool, python_args: Sequence[str]
) -> NoReturn:
    """Become the program `app` of the environment of `python`, with the words `given`.

    With `named`, it is called as the project is that was asked for. Raises `InstallerError` where
    there is no such program.
    """
    written = _project(app)
    package, apps = _main(python.parent.parent)
    name = canonicalize_name(written) if named else written
    if named and name != written:
        name = package
    entry = _entry(python, name, "pipx.run")
    if entry is None and not (python.parent / name).is_file():
        if name != package or len(apps) != 1:
            raise InstallerError(
                f"`{name}` is no program of `{package}`",
                exit_code=1,
                reason=f"its programs are {', '.join(apps) or 'none'}",
                hint="`guard pipx run --spec PROJECT PROGRAM`",
            )
        (name,) = apps
        sys.stderr.write(f"NOTE: running app {name!r} from {package!r}\n")
    if entry is None and python_args:
        entry = _entry(python, name, "console_scripts")
    if entry is None and python_args:
        raise InstallerError(
            f"`{name}` is not started by Python, so it takes no options of it", exit_code=1
        )
    if entry is None:
        become([str(python.parent / name), *given], _environment())
    become([str(python), *python_args, "-c", _code(entry), *given], _environment())


def _project(app: str) -> str:
    try:
        return Requirement(app).name
    except InvalidRequirement:
        return app


def _main(environment: Path) -> tuple[str, list[str]]:
    """Return the project that pipx has put into an environment, and its programs."""
    try:
        content = (environment / "pipx_metadata.json").read_text(encoding="utf-8")
        main = json.loads(content)["main_package"]
        return str(main["package"]), [str(app) for app in main["apps"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InstallerError(
            "pipx has not said what it installed", reason=str(error), exit_code=70
        ) from None


def _entry(python: Path, name: str, group: str) -> EntryPoint | None:
    return next((found for found in _entries(python, group) if found.name == name), None)


def _entries(python: Path, group: str) -> Iterator[EntryPoint]:
    """Yield the entry points of an environment; nothing of it is imported."""
    places = [str(path) for path in python.parent.parent.glob("lib/python*/site-packages")]
    for distribution in distributions(path=places):
        yield from distribution.entry_points.select(group=group)


def _code(entry: EntryPoint) -> str:
    return (
        "import sys\nfrom importlib.metadata import EntryPoint\n"
        f"sys.argv[0] = {entry.name!r}\n"
        f"sys.exit(EntryPoint({entry.name!r}, {entry.value!r}, {entry.group!r}).load()())\n"
    )


def _environment() -> dict[str, str]:
    """Return the user's own environment, as pipx leaves it: without modules of its own."""
    own = ("PYTHONPATH", "__PYVENV_LAUNCHER__")
    return {name: value for name, value in os.environ.items() if name not in own}
