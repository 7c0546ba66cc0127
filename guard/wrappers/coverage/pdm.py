"""What the guard does with every command and option of pdm."""

from __future__ import annotations

from typing import Final

from guard.wrappers.coverage.table import (
    Command,
    Grammar,
    Tool,
    denied,
    gateway,
    harmless,
    passed,
    refused,
    shows,
)

_SHOWN: Final = "what its resolver sees is filtered, and every file is judged before it has it"
_ITSELF: Final = "it changes pdm, and what is installed runs with each of its commands"
_INTERPRETER: Final = "an interpreter is on no index, so nothing of it is judged"
_SYSTEMS: Final = "your system's package manager"
_OUT: Final = "leave it out"

_HELP: Final = shows("-h --help")
_TALK: Final = (*_HELP, *harmless("it says what is printed", "-v --verbose", "-q --quiet"))
_WHERE: Final = ("-g --global", "-p --project=", "--venv=?")
_READING: Final = (*_TALK, *harmless("nothing is installed", *_WHERE))
_GENERAL: Final = (
    *_TALK,
    *harmless("it chooses among the environments that are there", "--venv=?"),
    *refused(
        "what is installed for everybody could not be put back after a denial",
        "-g --global",
        nearest="a project, or `guard pipx install`",
    ),
    *refused("another folder is then worked on", "-p --project=", nearest="change to the folder"),
)
_PROJECT: Final = (
    *_GENERAL,
    *harmless(
        "it chooses among what the project names",
        "-G --group --with=",
        "--without=",
        "-d --dev",
        "--prod --production",
        "--no-default",
        "--no-self",
        "--no-editable",
    ),
    *harmless(
        "it chooses among what the gateway shows",
        "--pre --prerelease",
        "--stable",
        "-u --unconstrained",
        "-t --top",
        "--update-reuse",
        "--update-eager",
        "--update-all",
        "--update-reuse-installed",
        "--exclude-newer=",
        "--exclude-newer-override=+",
        "-S --strategy=",
        "--static-urls",
        "--no-static-urls",
        "--no-cross-platform",
        "--platform=",
        "--implementation=",
        "--python=",
        "--append",
        "--refresh",
    ),
    *harmless(
        "it says what is written, or how",
        "--save-compatible",
        "--save-safe-compatible",
        "--save-wildcard",
        "--save-exact",
        "--save-minimum",
        "--dry-run",
        "--outdated",
        "--no-sync",
        "--no-lock --frozen-lockfile",
        "--check",
        "-x --fail-fast",
        "-r --reinstall",
        "--clean",
        "--only-keep --clean-unselected",
        "-k --skip=",
    ),
    *harmless("nothing from an index is built", "-C --config-setting="),
    *refused("a build would run with what is installed", "--no-isolation", nearest=_OUT),
    *refused(
        "the file could name what is on no index",
        "--override=",
        "-L --lockfile=",
        nearest="say it in `[tool.pdm]` of the project",
    ),
    *refused(
        "a folder or a repository is on no index",
        "-e --editable=",
        nearest="a release from an index",
    ),
    *refused(_ITSELF, "--plugins", nearest=_OUT),
)
_LISTED: Final = (
    "--freeze", "--tree --graph", "-r --reverse", "--fields=", "--sort=", "--csv",
    "--json", "--markdown", "--include=", "--exclude=",
)  # fmt: skip
_NEW: Final = (
    "-k --skip=", "--python=", "--dist --lib", "--backend=", "--license=", "--name=",
    "--project-version=", "-n --non-interactive", "-r --overwrite", "--no-git", "--copier",
    "--cookiecutter",
)  # fmt: skip


def _reads(why: str, *specs: str) -> Command:
    return passed(why, _READING, harmless("it installs nothing", *specs))


def _itself() -> Command:
    return denied(_ITSELF, nearest="`guard install --python PYTHON`, with pdm's own Python")


_GROUP: Final = passed("it prints its help", _READING)
_SELF: Final = {
    (): _GROUP,
    ("list",): _reads("it lists what is installed", "--plugins"),
    ("add",): _itself(),
    ("remove",): _itself(),
    ("update",): _itself(),
}
_PYTHON: Final = {
    (): _GROUP,
    ("list",): _reads("it lists what is there"),
    ("remove",): _reads("it removes"),
    ("install",): denied(_INTERPRETER, nearest=_SYSTEMS),
    ("link",): _reads("it writes which Python is meant", "--name="),
    ("find",): _reads("it prints a path", "--managed"),
}

PDM: Final = Tool(
    "pdm",
    Grammar.ARGPARSE,
    ("2.20.1", "2.29.3"),
    {
        (): passed(
            "it prints its help",
            _TALK,
            shows("-V --version"),
            harmless(
                "judged with the command that follows", "-I --ignore-python", "-n --non-interactive"
            ),
            refused(
                "the file could name what is not judged", "-c --config=", nearest="pdm's own file"
            ),
            refused("the cache is what the guard has judged", "--no-cache", nearest=_OUT),
            refused("it prints a script that changes Python", "--pep582=?", nearest=_OUT),
        ),
        ("add",): gateway(_SHOWN, _PROJECT),
        ("remove",): gateway(_SHOWN, _PROJECT),
        ("update",): gateway(_SHOWN, _PROJECT),
        ("lock",): gateway(_SHOWN, _PROJECT),
        ("install",): gateway(_SHOWN, _PROJECT),
        ("sync",): gateway(_SHOWN, _PROJECT),
        ("outdated",): _reads("it asks for versions", "--json", "--include-sub"),
        ("export",): _reads(
            "it writes what is locked",
            "-L --lockfile=",
            "-f --format=",
            "--no-hashes",
            "--without-hashes",
            "--no-markers",
            "--no-extras",
            "-G --group --with=",
            "--without=",
            "-d --dev",
            "--prod --production",
            "--no-default",
            "-o --output=",
            "--pyproject",
            "--expandvars",
            "--self",
            "--editable-self",
        ),
        ("import",): _reads("it writes the project", "-f --format=", "-G --group=", "-d --dev"),
        ("build",): denied(
            "what a build requires is installed, and run, before it is judged",
            nearest="`guard install build` and what it requires, then `python -m build`",
        ),
        ("publish",): denied(
            "it builds before it sends, and what a build requires is not judged",
            nearest="`pdm publish --no-build`, of what was built beforehand",
            unchanging=("--no-build",),
        )._replace(
            options=_reads(
                "",
                "-r --repository=",
                "-u --username=",
                "-P --password=",
                "-S --sign",
                "-i --identity=",
                "-c --comment=",
                "--no-build",
                "--ca-certs=",
                "--no-verify-ssl --no-very-ssl",
                "-d --dest=",
                "--skip-existing",
                "-k --skip=",
            ).options
        ),
        ("run",): gateway(
            "it simply runs; a script whose metadata name what is to be installed is refused",
            _READING,
            harmless(
                "it says how your program is run",
                "-s --site-packages",
                "-j --json",
                "-l --list",
                "--recreate",
                "--env=",
                "--env-file=",
                "--working-dir=",
                "-k --skip=",
            ),
            ends=True,
        ),
        ("list",): passed(
            "it lists what is installed",
            _READING,
            harmless("it installs nothing", *_LISTED),
            refused(
                "a source distribution may be built to be described", "--resolve", nearest=_OUT
            ),
        ),
        ("show",): gateway(
            "a source distribution could be built to be described, but for the gateway",
            _GENERAL,
            harmless(
                "it only prints",
                "--name",
                "--version",
                "--summary",
                "--license",
                "--platform",
                "--keywords",
            ),
        ),
        ("search",): _reads("it asks for names"),
        ("info",): _reads(
            "it prints paths", "--python", "--where", "--packages", "--env", "--json"
        ),
        ("config",): _reads(
            "the guard judges what the configuration adds", "-l --local", "-d --delete", "-e --edit"
        ),
        ("completion",): _reads("it prints a script"),
        ("fix",): _reads("it writes the project anew", "--dry-run"),
        ("init",): _reads("it writes a new project", *_NEW),
        ("new",): _reads("it writes a new project", *_NEW),
        ("use",): passed(
            "it writes which Python is meant",
            _READING,
            harmless(
                "it chooses among the Pythons that are there",
                "-f --first",
                "-k --skip=",
                "-i --ignore-remembered",
                "--no-version-file",
                "--venv=",
            ),
            refused(_INTERPRETER, "--auto-install-min", "--auto-install-max", nearest=_SYSTEMS),
        ),
        ("cache",): _GROUP,
        ("cache", "clear"): _reads("it removes"),
        ("cache", "remove"): _reads("it removes"),
        ("cache", "list"): _reads("it prints names"),
        ("cache", "info"): _reads("it prints sizes"),
        ("venv",): passed(
            "it prints its help", _READING, harmless("nothing is installed", "--path=", "--python=")
        ),
        ("venv", "create"): passed(
            "it makes an environment with nothing in it",
            _READING,
            harmless("nothing is installed", "-w --with=", "-f --force", "-n --name="),
            refused(
                "it installs pip from an index", "--with-pip", nearest="then `guard install pip`"
            ),
        ),
        ("venv", "list"): _reads("it prints names"),
        ("venv", "remove"): _reads("it removes", "-y --yes"),
        ("venv", "activate"): _reads("it prints a command"),
        ("venv", "purge"): _reads("it removes", "-f --force", "-i --interactive"),
        **{(name, *path): entry for name in ("self", "plugin") for path, entry in _SELF.items()},
        **{(name, *path): entry for name in ("python", "py") for path, entry in _PYTHON.items()},
    },
)
