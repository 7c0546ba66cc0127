"""What the guard does with every command and option of pipx."""

from __future__ import annotations

from typing import Final

from guard.wrappers.coverage.table import (
    Command,
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

_SHOWN: Final = "what its installer sees is filtered, and every file is judged before it has it"
_INTERPRETER: Final = "an interpreter is on no index, so nothing of it is judged"
_OUT: Final = "leave it out"

_HELP: Final = shows("-h --help")
_GENERAL: Final = (
    *_HELP,
    *harmless(
        "it says what is printed, or for whom",
        "--quiet -q",
        "--verbose -v",
        "--global",
        "--skip-maintenance",
        "--output=",
    ),
)
_EXPOSED: Final = harmless(
    "it says what is put on PATH",
    "--include-deps",
    "--include-resources-from=",
    "--include-apps",
    "--include-injected",
    "--with-suffix",
    "--suffix=",
    "--app=",
    "--force -f",
)
_PYTHON: Final = (
    *harmless("it chooses among the Pythons that are there", "--python="),
    *refused(_INTERPRETER, "--fetch-python=", nearest=_OUT, allowed=("never",)),
    *refused(_INTERPRETER, "--fetch-missing-python", nearest=_OUT),
)
_INSTALLS: Final = (
    *_GENERAL,
    *_EXPOSED,
    *_PYTHON,
    *judged("an index of the gateway, like those that are configured", "--index-url -i="),
    *judged("judged as a project is that is named", "--preinstall=", "--with=", "--spec="),
    *judged("the file is read, and what it names is judged", "-r --requirement="),
    *harmless(
        "it says how the environment is made",
        "--system-site-packages",
        "--upgrade -U",
        "--upgrade-strategy=",
        "--install",
        "--skip=+",
        "--backend=",
    ),
    *harmless("it chooses among what the gateway shows", "--cooldown="),
    *refused(
        "words for another tool are not read",
        "--pip-args=",
        nearest="pipx's own options, or pip's configuration",
    ),
    *refused("a folder is on no index", "--editable -e", nearest="`guard install -e`"),
    *refused(
        "what a lock names may be on no index",
        "--lock=",
        nearest="`guard sync`, into an environment",
    ),
)
_RUN: Final = (
    *_INSTALLS,
    *harmless("it says how the program is run", "--python-args=", "--no-path-check", "--refresh"),
    *refused(
        "what lies in the current folder is somebody's checkout",
        "--pypackages",
        "--path",
        nearest="call the program by its path",
    ),
    *refused("the cache is what the guard has judged", "--no-cache", nearest="`--refresh`"),
)


def _reads(why: str, *specs: str, ends: bool = False) -> Command:
    return passed(why, _GENERAL, harmless("it installs nothing", *specs), ends=ends)


PIPX: Final = Tool(
    "pipx",
    Grammar.ARGPARSE,
    ("1.7.1", "1.18.4"),
    {
        (): passed("it prints its help", _GENERAL, shows("--version")),
        ("install",): gateway(_SHOWN, _INSTALLS),
        ("inject",): gateway(_SHOWN, _INSTALLS),
        ("upgrade",): gateway(_SHOWN, _INSTALLS),
        ("upgrade-all",): gateway(_SHOWN, _INSTALLS),
        ("reinstall",): gateway(_SHOWN, _INSTALLS),
        ("reinstall-all",): gateway(_SHOWN, _INSTALLS),
        ("repair",): gateway(_SHOWN, _INSTALLS),
        ("upgrade-shared",): gateway(_SHOWN, _INSTALLS),
        ("run",): gateway(
            "the program is fetched and judged behind the gateway, and run without it",
            _RUN,
            ends=True,
        ),
        ("install-all",): denied(
            "its file names sources and words for pip that are not read",
            nearest="`guard pipx install`, one by one",
        ),
        ("runpip",): denied(
            "it is pip, for an environment of pipx",
            nearest="`guard install --python ENVIRONMENT`",
        ),
        ("manifest",): passed("it prints its help", _GENERAL),
        ("manifest", "lock"): denied(
            "its file names sources that are not read", nearest="`guard pipx install`, one by one"
        ),
        ("manifest", "sync"): denied(
            "its file names sources that are not read", nearest="`guard pipx install`, one by one"
        ),
        ("interpreter",): passed("it prints its help", _GENERAL),
        ("interpreter", "list"): _reads("it lists what is there"),
        ("interpreter", "prune"): _reads("it removes"),
        ("interpreter", "upgrade"): denied(_INTERPRETER, nearest="your system's package manager"),
        ("uninject",): _reads("it removes", "--leave-deps"),
        ("expose",): _reads("it says what is put on PATH"),
        ("unexpose",): _reads("it says what is put on PATH"),
        ("pin",): _reads("it keeps a version", "--injected-only", "--skip=+"),
        ("unpin",): _reads("it keeps no version"),
        ("uninstall",): _reads("it removes"),
        ("uninstall-all",): _reads("it removes"),
        ("reset",): _reads("it removes", "--dry-run", "--yes -y"),
        ("health",): _reads("it looks at what is installed"),
        ("list",): _reads(
            "it lists what is installed",
            "--include-injected",
            "--json",
            "--short",
            "--outdated",
            "--pinned",
            "--skip-maintenance",
        ),
        ("cache",): passed("it prints its help", _GENERAL),
        ("cache", "dir"): _reads("it prints a path"),
        ("cache", "purge"): _reads("it removes"),
        ("exec",): _reads("it runs what is installed", ends=True),
        ("ensurepath",): _reads(
            "it adds a folder to PATH", "--force -f", "--prepend", "--all-shells", "--dry-run"
        ),
        ("environment",): _reads("it prints paths", "--value -V="),
        ("completions",): _reads("it prints instructions"),
        ("help",): _reads("it prints its help"),
    },
)
