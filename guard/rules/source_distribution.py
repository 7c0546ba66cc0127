"""The `source-distribution` rule."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from guard.model import Candidate, FileKind, Finding, RuleId
from guard.rules._base import Rule


class Action(enum.StrEnum):
    """What is done with a source distribution that has no wheel beside it; the loosest first."""

    BUILD = "build"
    REFUSE = "refuse"


class Isolation(enum.StrEnum):
    """How a build is kept apart from the machine; the loosest first."""

    NONE = "none"
    SANDBOX = "sandbox"


class SourceDistribution(Rule, frozen=True, kw_only=True):
    """Denies what would have to be built: sdists, VCS checkouts and source folders.

    ## What it does

    Tells wheels from everything else. Resolution itself is wheels-only, whatever this rule's level:
    even a dry run of pip or uv would execute an sdist's build backend.

    With `action = "build"` the guard builds what no wheel can be had of. The source distribution is
    judged by every rule before anything of it runs, and so are the wheels that it is built with.
    The build sees no network, no home folder and none of your variables, and writes nowhere but
    into a folder of its own. What it made is inspected like any other wheel, and whatever is known
    of the source's publisher and age counts for it.

    A folder of your own (`guard install .`, `-e .`) is built in the same way. Its code is yours;
    what it is built with is judged.

    Where there is no way to keep a build apart (not on Linux, or no user namespaces), it is
    refused. `isolation = "none"` builds all the same: with your rights, and with the network.

    ## Why is this bad?

    Building runs the project's own code before anyone could judge it, with the rights of whoever
    builds, and nothing shows that the result is what the source says.

    ## Example

    ```toml
    [rules.source-distribution]
    level = "deny"

    [[group]]
    name = "built-here"
    members = ["docopt"]
    rules.source-distribution.action = "build"
    ```

    ## Remediation

    Use a release that has a wheel for this interpreter and platform, let the guard build it, or
    build the wheel once in a sandbox and publish it on an index of your own.
    """

    id: ClassVar = RuleId("source-distribution")
    since: ClassVar = "0.1.0"

    action: Annotated[
        Action, msgspec.Meta(description="`refuse`, or `build` what has no wheel, in a sandbox.")
    ] = Action.REFUSE
    isolation: Annotated[
        Isolation, msgspec.Meta(description="`sandbox`, or `none`: builds may do what you may.")
    ] = Isolation.SANDBOX

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        kind = candidate.file.kind
        if kind is FileKind.WHEEL:
            return
        known = kind is FileKind.SDIST or candidate.file.url.startswith("file:")
        builds = known and self.action is Action.BUILD
        if builds and candidate.requested.to_build:
            return
        help_ = ["help: choose a release with a wheel for the target interpreter"]
        if kind is FileKind.SOURCE_TREE and known:
            help_ = [
                "help: a folder of your own is built where it is typed: guard install -e FOLDER"
            ]
        if known and not builds:
            help_.append(f'help: or have it built in a sandbox: rules.{self.id}.action = "build"')
        yield self.finding(f"installing this {kind} would run its build backend", *help_)
