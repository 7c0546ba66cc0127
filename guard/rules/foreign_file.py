"""The `foreign-file` rule."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import PurePosixPath
from typing import Annotated, ClassVar, Final

import msgspec
from packaging.utils import NormalizedName, canonicalize_name

from guard.model import Absent, Candidate, Finding, Level, Overlap, RuleId, Unknown
from guard.rules._base import Rule, Stage

Allowed = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]+:[A-Za-z0-9._-]+$")]

_SHOWN: Final = 4
_SITE: Final = "site-packages"
_ASIDE: Final = frozenset(
    {"benchmark", "benchmarks", "doc", "docs", "example", "examples", "test", "tests"}
)
"""Folders beside the packages that a project's own developers use, if anybody does."""

_READING: Final = frozenset({"", ".cfg", ".in", ".md", ".rst", ".toml", ".txt", ".yaml", ".yml"})
_SHARED: Final = ("share/doc/", "share/info/", "share/licenses/", "share/man/")

FAMILIES: Final = (
    {"fastapi", "fastapi-cli", "fastapi-slim"},
    {"jupyter", "jupyter-core"},
    {"mlflow", "mlflow-skinny", "mlflow-tracing"},
    {
        "opencv-contrib-python",
        "opencv-contrib-python-headless",
        "opencv-python",
        "opencv-python-headless",
    },
    {"py", "pytest"},
    {"tensorboard", "tensorflow", "tensorflow-cpu", "tensorflow-intel", "tensorflow-macos"},
)
"""Projects of the same people that have files in common, and are installed together."""


class ForeignFile(Rule, frozen=True, kw_only=True):
    """Denies wheels that take the place of somebody else's file.

    ## What it does

    Compares where each file and each command of a wheel would land with the RECORDs of what is
    installed in the target and with every other wheel of the plan; letters that differ in case
    count as the same. A file also takes the place of another where Python would import it
    instead: a package `six` hides the module `six.py`. What the environment put there itself
    counts too: `bin/python`, `bin/activate`, `pyvenv.cfg`.

    A project's own older release does not count, nor do identical files, files that only declare a
    namespace package, and the few projects that are known to share files. Where nobody imports it,
    as in `tests/` or a `README.md` beside the packages, this rule only warns.

    ## Why is this bad?

    A wheel may hold any path, and pip and uv write over whatever is there without a word. A wheel
    with a `pip/__init__.py` becomes pip; one with a `certifi/cacert.pem` decides whom every
    program trusts. Nothing points to it, for the name and version of the victim stay the same.

    ## Example

    ```toml
    [rules.foreign-file]
    allow = ["acme-fork:acme"]
    ```

    ## Remediation

    Find out which of the two you need: they cannot work in one environment, or not as they were
    tested. If the first is meant to replace files of the second, allow it by their names.
    """

    id: ClassVar = RuleId("foreign-file")
    since: ClassVar = "0.1.0"
    stage: ClassVar = Stage.FILE

    allow: Annotated[
        tuple[Allowed, ...],
        msgspec.Meta(description='Pairs that may: `"project:owner"`, in this direction only.'),
    ] = ()

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        if isinstance(candidate.content, Unknown):
            yield self.unopened(candidate.content.reason)
            return
        match candidate.overlaps:
            case Absent():
                return
            case Unknown(reason):
                yield self.unknown("whose files it would write over is not known", cause=reason)
            case overlaps:
                project = candidate.file.project
                counted = [o for o in overlaps if not o.same and not self._may(project, o.project)]
                for (owner, level), group in groupby(sorted(counted, key=_sort), key=_group):
                    yield self._objection(project, owner, self.at_most(level), list(group))

    def _may(self, project: NormalizedName, owner: NormalizedName | None) -> bool:
        if owner is None:
            return False
        if any({project, owner} <= family for family in FAMILIES):
            return True
        pairs = (entry.partition(":") for entry in self.allow)
        return any(
            (canonicalize_name(one), canonicalize_name(other)) == (project, owner)
            for one, _, other in pairs
        )

    def _objection(
        self, project: NormalizedName, owner: str, level: Level, found: list[Overlap]
    ) -> Finding:
        first, *others = found
        more = f", and of {len(others)} more" if others else ""
        detail = [f"where: {overlap.path!r}" for overlap in others[:_SHOWN]]
        if len(others) > _SHOWN:
            detail.append(f"where: and {len(others) - _SHOWN} more")
        if first.project is not None and level is Level.DENY:
            pair = f"{project}:{first.project}"
            detail.append(f'help: if it is meant to: rules.foreign-file.allow = ["{pair}"]')
        message = f"would take the place of {first.path!r}, a file of {owner}{more}"
        return self.finding(message, *detail, level=level)


def _group(overlap: Overlap) -> tuple[str, Level]:
    return overlap.owner, Level.WARN if _hardly_matters(overlap.path) else Level.DENY


def _sort(overlap: Overlap) -> tuple[str, str, str]:
    owner, level = _group(overlap)
    return owner, level.value, overlap.path


def _hardly_matters(path: str) -> bool:
    """Tell whether nobody would run, import or read the file but to learn about the project."""
    folded = path.casefold()
    if folded.startswith(_SHARED):
        return True
    first, *rest = PurePosixPath(folded).parts
    if first != _SITE or not rest:
        return False
    if len(rest) == 1:
        return PurePosixPath(rest[0]).suffix in _READING or rest[0] == "setup.py"
    return rest[0] in _ASIDE
