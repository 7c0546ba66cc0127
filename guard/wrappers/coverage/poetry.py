"""What the guard does with every command and option of poetry."""

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

_SHOWN: Final = "what its resolver sees is filtered, and every file is judged before it has it"
_ITSELF: Final = "it changes poetry, and what is installed runs with each of its commands"
_BUILDS: Final = "what a build requires is installed, and run, before it is judged"
_FOLDERS: Final = ("-C --directory=", "-P --project=")
_TALK: Final = (
    *shows("-h --help", "-V --version"),
    *harmless(
        "it says what is printed or asked",
        "-q --quiet",
        "-v --verbose",
        "--ansi",
        "--no-ansi",
        "-n --no-interaction",
    ),
    *harmless("fewer programs run", "--no-plugins"),
)
_READING: Final = (*_TALK, *harmless("nothing is installed", *_FOLDERS, "--no-cache"))
_GENERAL: Final = (
    *_TALK,
    *refused("another folder is then worked on", *_FOLDERS, nearest="change to the folder"),
    *refused("the cache is what the guard has judged", "--no-cache", nearest="leave it out"),
)
_CHOSEN: Final = harmless(
    "it chooses among what the project names",
    "-G --group=",
    "--with=",
    "--without=",
    "--only=",
    "--all-groups",
    "-E --extras=",
    "--all-extras",
    "-D --dev",
    "--no-root",
    "--only-root",
    "--no-directory",
)
_HOW: Final = harmless(
    "it says what is written, or how", "--dry-run", "--lock", "--sync", "--compile", "--regenerate",
)  # fmt: skip
_PROJECT: Final = (*_GENERAL, *_CHOSEN, *_HOW)
_SHOW: Final = (
    "-t --tree",
    "-l --latest",
    "-o --outdated",
    "-a --all",
    "-T --top-level",
    "-f --format=",
    "--why",
    "--no-truncate",
    "--with=",
    "--without=",
    "--only=",
    "--addons",
)
_FREE: Final = ("-t --free-threaded", "-i --implementation=")
_NEW: Final = (
    "--name=",
    "--description=",
    "--author=",
    "--python=",
    "--dependency=",
    "--dev-dependency=",
    "-l --license=",
)


def _reads(why: str, *specs: str) -> Command:
    return passed(why, _READING, harmless("it installs nothing", *specs))


def _itself() -> Command:
    return denied(_ITSELF, nearest="`guard install --python PYTHON`, with poetry's own Python")


_GROUP: Final = passed("it prints its help", _READING)

POETRY: Final = Tool(
    "poetry",
    Grammar.CLEO,
    ("2.0.1", "2.5.1"),
    {
        (): passed("it prints its help", _READING),
        ("add",): gateway(
            _SHOWN,
            _PROJECT,
            judged("one of the project's sources, which are read and judged", "--source="),
            harmless(
                "it says what is written in the project",
                "-e --editable",
                "--optional=",
                "--python=",
                "--platform=",
                "--markers=",
            ),
            harmless("it chooses among what the gateway shows", "--allow-prereleases"),
        ),
        ("remove",): gateway(_SHOWN, _PROJECT),
        ("update",): gateway(_SHOWN, _PROJECT),
        ("lock",): gateway(_SHOWN, _PROJECT, harmless("it only compares", "--check")),
        ("install",): gateway(_SHOWN, _PROJECT),
        ("sync",): gateway(_SHOWN, _PROJECT),
        ("debug",): _GROUP,
        ("debug", "resolve"): gateway(
            _SHOWN, _PROJECT, harmless("it only prints", "--python=", "--tree", "--install")
        ),
        ("debug", "info"): _reads("it prints what poetry sees"),
        ("debug", "tags"): _reads("it prints what poetry sees"),
        ("build",): denied(
            _BUILDS, nearest="`guard install build` and what it requires, then `python -m build`"
        ),
        ("publish",): passed(
            "it sends your files and takes none",
            _READING,
            harmless(
                "nothing is installed",
                "-r --repository=",
                "-u --username=",
                "-p --password=",
                "--cert=",
                "--client-cert=",
                "--dist-dir=",
                "--dry-run",
                "--skip-existing",
            ),
            refused(_BUILDS, "--build", nearest="build beforehand"),
        ),
        ("run",): passed("it runs what is installed", _READING, ends=True),
        ("show",): _reads("it lists what is installed", *_SHOW),
        ("search",): _reads("it asks for names"),
        ("check",): _reads("it compares files", "--lock", "--strict"),
        ("config",): _reads(
            "the guard judges what the configuration adds",
            "--list",
            "--unset",
            "--local",
            "--migrate",
        ),
        ("version",): _reads(
            "it prints or writes a version", "-s --short", "--dry-run", "--next-phase"
        ),
        ("about",): _reads("it prints what it is"),
        ("list",): _reads("it prints its help", "--raw", "--format=", "--short"),
        ("help",): _reads("it prints its help", "--raw", "--format="),
        ("init",): _reads("it writes a new project", *_NEW),
        ("new",): _reads(
            "it writes a new project", *_NEW, "-i --interactive", "--src", "--flat", "--readme="
        ),
        ("cache",): _GROUP,
        ("cache", "clear"): _reads("it removes", "--all"),
        ("cache", "list"): _reads("it prints names"),
        ("env",): _GROUP,
        ("env", "activate"): _reads("it prints a command"),
        ("env", "info"): _reads("it prints paths", "-p --path", "-e --executable"),
        ("env", "list"): _reads("it prints paths", "--full-path"),
        ("env", "remove"): _reads("it removes", "--all"),
        ("env", "use"): _reads("it makes an environment with nothing in it"),
        ("source",): _GROUP,
        ("source", "add"): _reads("the guard judges what the project adds", "-p --priority="),
        ("source", "remove"): _reads("it removes"),
        ("source", "show"): _reads("it prints names"),
        ("python",): _GROUP,
        ("python", "install"): denied(
            "an interpreter is on no index, so nothing of it is judged",
            nearest="your system's package manager",
        ),
        ("python", "list"): _reads("it lists what is there", "-a --all", "-m --managed", *_FREE),
        ("python", "remove"): _reads("it removes", *_FREE),
        ("self",): _GROUP,
        ("self", "show"): _reads("it lists what is installed", *_SHOW),
        ("self", "add"): _itself(),
        ("self", "install"): _itself(),
        ("self", "lock"): _itself(),
        ("self", "remove"): _itself(),
        ("self", "sync"): _itself(),
        ("self", "update"): _itself(),
    },
)
