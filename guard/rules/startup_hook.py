"""The `startup-hook` rule."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Final

import msgspec
from packaging.utils import canonicalize_name

from guard.artifact import content as facts
from guard.artifact.content import HookKind, where
from guard.artifact.defect import DefectKind
from guard.artifact.known import is_known_line, is_namespace_line
from guard.model import Absent, Candidate, Finding, RuleId, Unknown
from guard.rules._base import Rule, Stage

Hook = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]+:[0-9a-f]{64}$")]

_SHOWN: Final = 120
_WORDS: Final = {
    HookKind.LINE: "a .pth file runs code",
    HookKind.PATH: "a .pth file adds a path that is not a plain folder of this wheel",
    HookKind.START: "a .start file names code to run",
    HookKind.MODULE: "a module is imported",
}


class StartupHook(Rule, frozen=True, kw_only=True):
    """Denies wheels that run code at every start of Python, whether they are imported or not.

    ## What it does

    Looks in every folder from which the interpreter starts, by whichever part of the wheel a file
    gets there: the top level, `.data/purelib`, `.data/platlib` and `.data/data`. Denied are lines
    of `.pth` files that begin with `import`, `.start` files (PEP 829), modules, packages and
    extensions named `sitecustomize` or `usercustomize`, and `.pth` lines that add anything to the
    path but a plain folder of the wheel itself. Lines that setuptools, coverage, pywin32 and some
    others have shipped for years are known word by word, each for its own project only.

    A folder of your own that the guard builds, editable or not, is let be: that code is yours.

    `guard audit` looks at the files of installed releases in the same way, as they are now.

    ## Why is this bad?

    Such code runs in every Python of the environment, in pip itself and in every test, from the
    moment of the install on. litellm 1.82.8, elementary-data 0.23.3 and each wheel of the campaign
    of June 2026 came with one new `.pth` line.

    ## Example

    ```toml
    [rules.startup-hook]
    allow = ["acme-tracing:8a4f1e7d2c5b9a60f3e8d7c6b5a4938271605f4e3d2c1b0a9f8e7d6c5b4a3928"]
    ```

    ## Remediation

    Read the line. If you want it, allow it by the name of the project and the sha256 that the
    finding gives, which is that of the line without its end, or of the file if it is a module: any
    other line stays denied. An `[[exempt]]` entry does the same for one file.
    """

    id: ClassVar = RuleId("startup-hook")
    since: ClassVar = "0.1.0"
    stage: ClassVar = Stage.BOTH

    allow: Annotated[
        tuple[Hook, ...],
        msgspec.Meta(description='Hooks that may run: `"project:sha256"`, as findings give it.'),
    ] = ()

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        inside: tuple[facts.StartupHook, ...] = ()
        if candidate.own:
            return
        match candidate.content:
            case Absent():
                pass
            case Unknown(reason):
                yield self.unopened(reason)
            case content:
                inside = content.hooks
                for defect in content.of(DefectKind.STARTUP_HOOK):
                    yield self.finding(defect.message, *where(defect.member, defect.offset))
                site = (*content.landing.purelib, *content.landing.platlib)
                yield from self._objections(candidate, inside, site)
        match candidate.installation:
            case Absent() | Unknown():  # `altered-file` says that it is not known
                return
            case installation:
                known = {hook.sha256 for hook in inside}
                more = [hook for hook in installation.hooks if hook.sha256 not in known]
                yield from self._objections(candidate, more, installation.site)

    def _objections(
        self, candidate: Candidate, hooks: Sequence[facts.StartupHook], site: Sequence[str]
    ) -> Iterator[Finding]:
        for hook in hooks:
            if not self._harmless(candidate, site, hook):
                yield self._objection(candidate, hook)

    def _harmless(self, candidate: Candidate, site: Sequence[str], hook: facts.StartupHook) -> bool:
        project = candidate.file.project
        if any(_split(entry) == (project, hook.sha256) for entry in self.allow):
            return True
        if hook.kind is not HookKind.LINE:
            return False
        if is_known_line(project, hook.sha256):
            return True
        # A long line is cut to be shown, and what is behind the cut runs as well.
        whole = hashlib.sha256(hook.text.encode("utf-8")).hexdigest() == hook.sha256
        return whole and is_namespace_line(hook.text, site)

    def _objection(self, candidate: Candidate, hook: facts.StartupHook) -> Finding:
        text = hook.text if len(hook.text) <= _SHOWN else f"{hook.text[:_SHOWN]}…"
        line = "" if hook.line is None else f", line {hook.line}"
        name = f"{candidate.file.project}:{hook.sha256}"
        return self.finding(
            f"at every start of Python {_WORDS[hook.kind]}: {text!r}",
            *(f"{place}{line}" for place in where(hook.member, hook.offset)),
            f'help: if you have read it: rules.startup-hook.allow = ["{name}"]',
        )


def _split(entry: str) -> tuple[str, str]:
    name, _, sha256 = entry.partition(":")
    return canonicalize_name(name), sha256
