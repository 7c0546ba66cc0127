"""What the guard does with every command and option of uv, and of uvx."""

from __future__ import annotations

from typing import Final

from guard.wrappers.coverage.table import (
    Grammar,
    Tool,
    denied,
    gateway,
    harmless,
    judged,
    passed,
    refused,
    shows,
)
from guard.wrappers.coverage.uv_options import (
    CONSTRAINTS,
    GLOBAL,
    INDEXES,
    INSTALLER,
    ISOLATION,
    LEADING,
    LOCK,
    PLATFORM,
    RESOLVED,
    TORCH,
)
from guard.wrappers.coverage.uv_own import OWN, reads
from guard.wrappers.coverage.uv_pip import PIP

_VERSIONS: Final = ("0.13.8", "0.13.9")
_SELF: Final = shows("-V --version")
_SHOWN: Final = "what its resolver sees is filtered, and every file is judged before uv has it"

_GROUPS: Final = harmless(
    "it chooses among what the project names",
    "--dev",
    "--no-dev",
    "--only-dev",
    "--group=",
    "--no-group=",
    "--only-group=",
    "--all-groups",
    "--no-default-groups",
    "--extra=",
    "--no-extra=",
    "--all-extras",
    "--no-all-extras",
    "--package=",
    "--all-packages",
)
_OWN: Final = harmless(
    "it says which of your own folders are installed, and how",
    "--editable",
    "--no-editable",
    "--no-editable-package=",
    "--active",
    "--no-active",
    "--no-install-project",
    "--only-install-project",
    "--no-install-workspace",
    "--only-install-workspace",
    "--no-install-local",
    "--only-install-local",
    "--no-install-package=",
    "--only-install-package=",
    "--no-sync",
)
_SCRIPT: Final = judged("what the script's metadata names is read and judged", "--script=")
_PROJECT: Final = (*RESOLVED, *INSTALLER, *LOCK, *_GROUPS, *_SCRIPT)
_REPORT: Final = harmless("it says what is printed", "--output-format=", "--dry-run", "--format=")
_EXACT: Final = harmless("it says what is removed", "--exact", "--inexact")
_TREE: Final = harmless(
    "it says what is printed",
    "-d --depth=",
    "--prune=",
    "--no-dedupe",
    "--invert",
    "--outdated",
    "--show-sizes",
    "--universal",
    "--format=",
)
_GIT: Final = refused(
    "a repository is on no index",
    "--rev=",
    "--tag=",
    "--branch=",
    "--lfs",
    nearest="a release from an index",
)
_EXPORT: Final = harmless(
    "it says what is written",
    "--format=",
    "-o --output-file=",
    "--hashes",
    "--no-hashes",
    "--header",
    "--no-header",
    "--annotate",
    "--no-annotate",
    "--prune=",
    "--batch=",
    "--emit-index-url",
    "--no-emit-index-url",
    "--emit-find-links",
    "--no-emit-find-links",
    "--no-emit-project",
    "--only-emit-project",
    "--no-emit-workspace",
    "--only-emit-workspace",
    "--no-emit-local",
    "--only-emit-local",
    "--no-emit-package=",
    "--only-emit-package=",
)
_WITH: Final = (
    *judged("judged as a project is that is named", "-w --with="),
    *judged("the file is read, and what it names is judged", "--with-requirements="),
    *refused("a folder is on no index", "--with-editable=", nearest="add it to the project"),
)
_RUN: Final = (
    *RESOLVED,
    *INSTALLER,
    *LOCK,
    *_GROUPS,
    *_OWN,
    *_EXACT,
    *_WITH,
    *PLATFORM,
    *harmless(
        "it says how your program is run",
        "-m --module",
        "-s --script",
        "--gui-script",
        "--env-file=",
        "--no-env-file",
        "--no-project",
        "--isolated",
        "--max-recursion-depth=",
        "--show-resolution",
    ),
)
_TOOL: Final = (
    *RESOLVED,
    *INSTALLER,
    *PLATFORM,
    *_WITH,
    *CONSTRAINTS,
    *TORCH,
    *judged("judged as a project is that is named", "--from="),
    *refused("a repository is on no index", "--lfs", nearest="a release from an index"),
)
_TOOL_RUN: Final = (
    *_TOOL,
    *shows("--generate-shell-completion="),
    *harmless(
        "it says how the tool is run",
        "--env-file=",
        "--no-env-file",
        "--isolated",
        "--show-resolution",
    ),
)
_RUNS_TOOL: Final = "the tool is fetched and judged behind the gateway, and run without it"

_AUDITED: Final = (
    "--ignore=",
    "--ignore-until-fixed=",
    "--output-format=",
    "--service-format=",
    "--service-url=",
)
UV: Final = Tool(
    "uv",
    Grammar.CLAP,
    _VERSIONS,
    {
        (): passed("it prints its help", LEADING, _SELF),
        **PIP,
        ("run",): gateway(
            "prepared and judged behind the gateway, and run without it", _RUN, ends=True
        ),
        ("add",): gateway(
            _SHOWN,
            _PROJECT,
            _OWN,
            _GIT,
            CONSTRAINTS,
            judged(
                "the file is read, and what it names is judged", "-r --requirements --requirement="
            ),
            harmless(
                "it says what is written in the project",
                "--bounds=",
                "-m --marker=",
                "--optional=",
                "--raw --raw-sources",
                "--workspace",
                "--no-workspace",
            ),
        ),
        ("remove",): gateway(_SHOWN, _PROJECT, _OWN, harmless("it removes", "--optional=")),
        ("upgrade",): gateway(
            _SHOWN, GLOBAL, INDEXES, ISOLATION, harmless("it leaves one out", "--exclude=")
        ),
        ("lock",): gateway(
            _SHOWN, _PROJECT, _REPORT, harmless("it only compares", "--check", "--check-exists")
        ),
        ("sync",): gateway(
            _SHOWN,
            _PROJECT,
            _OWN,
            _EXACT,
            _REPORT,
            PLATFORM,
            harmless("it only compares", "--check", "--no-check"),
        ),
        ("export",): gateway(_SHOWN, _PROJECT, _OWN, _EXPORT, unchanging=("--frozen",)),
        ("tree",): gateway(_SHOWN, _PROJECT, PLATFORM, _TREE, unchanging=("--frozen",)),
        ("version",): gateway(
            _SHOWN,
            _PROJECT,
            _OWN,
            _REPORT,
            harmless("it says what is written in the project", "--bump=", "--short"),
            unchanging=("--frozen",),
        ),
        ("audit",): denied(
            "it asks a service that the gateway does not let it reach",
            _PROJECT,
            PLATFORM,
            harmless("it says what is printed", *_AUDITED),
            nearest="`uv audit --frozen`, or `guard audit`",
            unchanging=("--frozen",),
        ),
        ("workspace",): passed("it prints its help", LEADING),
        ("workspace", "metadata"): gateway(
            _SHOWN,
            _PROJECT,
            _OWN,
            harmless("it says what is printed", "--output-version=", "--sync", "--exact"),
        ),
        ("workspace", "dir"): reads("it prints a path", "--package="),
        ("workspace", "list"): reads("it prints names", "--paths", "--scripts"),
        ("tool",): passed("it prints its help", LEADING),
        ("tool", "run"): gateway(_RUNS_TOOL, _TOOL_RUN, ends=True),
        ("tool", "uvx"): gateway(_RUNS_TOOL, _TOOL_RUN, _SELF, ends=True),
        ("tool", "install"): gateway(
            _SHOWN,
            _TOOL,
            refused("a folder is on no index", "-e --editable", nearest="`uv run` in the folder"),
            refused(
                "it exposes programs of a tool that is not named",
                "--with-executables-from=",
                nearest="install it by itself",
            ),
            harmless("it replaces what is there", "--force"),
        ),
        ("tool", "upgrade"): gateway(
            _SHOWN, RESOLVED, INSTALLER, PLATFORM, harmless("it names every tool", "--all")
        ),
        ("tool", "list"): reads(
            "it lists what is installed",
            "--show-paths",
            "--show-version-specifiers",
            "--show-with",
            "--show-extras",
            "--show-python",
            "--outdated",
            "--no-outdated",
            "--exclude-newer=",
            "--exclude-newer-package=",
        ),
        ("tool", "audit"): reads("it asks about what is installed", "--all", *_AUDITED),
        ("tool", "uninstall"): reads("it removes", "--all"),
        ("tool", "update-shell"): reads("it adds a folder to PATH"),
        ("tool", "dir"): reads("it prints a path", "--bin"),
        ("build",): denied(
            "what a build requires is installed, and run, before it is judged",
            nearest="`guard install build` and what it requires, then "
            "`python -m build --no-isolation`",
        ),
        ("format",): denied(
            "it downloads ruff from where no index is", nearest="`guard uvx ruff format`"
        ),
        ("check",): denied(
            "it downloads ty from where no index is", nearest="`guard uvx ty check`"
        ),
        **OWN,
    },
    {
        ("v",): ("venv",),
        ("virtualenv",): ("venv",),
        ("pip", "ls"): ("pip", "list"),
        ("python", "ls"): ("python", "list"),
        ("tool", "ls"): ("tool", "list"),
        ("tool", "update"): ("tool", "upgrade"),
        ("cache", "clear"): ("cache", "clean"),
    },
)

UVX: Final = Tool(
    "uvx", Grammar.CLAP, _VERSIONS, {(): gateway(_RUNS_TOOL, _TOOL_RUN, _SELF, ends=True)}
)
