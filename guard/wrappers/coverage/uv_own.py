"""What uv does on its own: it looks, it removes, or it makes what is empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from guard.wrappers.coverage.table import Command, denied, harmless, passed, refused, shows
from guard.wrappers.coverage.uv_options import INDEXES_ASKED, LEADING, READING

_SELF: Final = shows("-V --version")
_WHERE: Final = "--python-downloads-json-url="
_SERVICE: Final = ("--keyring-provider=", "-u --username=")
_INTERPRETERS: Final = (
    "an interpreter is on no index, so nothing of it is judged",
    "your system's package manager, or one that is there: `uv python find`",
)


def reads(why: str, *specs: str) -> Command:
    """Return a command that installs nothing."""
    return passed(why, READING, harmless("it installs nothing", *specs))


OWN: Final[Mapping[tuple[str, ...], Command]] = {
    ("venv",): passed(
        "it makes an environment with nothing in it",
        READING,
        harmless(
            "nothing is installed",
            *INDEXES_ASKED,
            "-p --python=",
            "--system",
            "--no-system",
            "--no-project",
            "-c --clear",
            "--no-clear",
            "--force",
            "--allow-existing",
            "--prompt=",
            "--system-site-packages",
            "--relocatable",
            "--no-relocatable",
            "--link-mode=",
            "--refresh",
            "--no-refresh",
            "--refresh-package=",
            "--no-seed",
            "--no-pip",
            "--no-setuptools",
            "--no-wheel",
        ),
        refused(
            "it installs pip from an index",
            "--seed",
            nearest="`uv venv`, then `guard install pip`",
        ),
    ),
    ("init",): reads(
        "it writes a new project",
        "-p --python=",
        "--name=",
        "--bare",
        "--virtual",
        "--package",
        "--no-package",
        "--app --application",
        "--lib --library",
        "--script",
        "--description=",
        "--no-description",
        "--vcs=",
        "--backend",
        "--build-backend=",
        "--no-readme",
        "--author-from=",
        "--no-pin-python",
        "--pin-python",
        "--no-workspace --no-project",
    ),
    ("publish",): reads(
        "it sends your files and takes none",
        "--index=",
        "-u --username=",
        "-p --password=",
        "-t --token=",
        "--trusted-publishing=",
        "--keyring-provider=",
        "--publish-url=",
        "--check-url=",
        "--dry-run",
        "--no-attestations",
        "--skip-existing",
    ),
    ("python",): passed("it prints its help", LEADING),
    ("python", "install"): denied(_INTERPRETERS[0], nearest=_INTERPRETERS[1]),
    ("python", "upgrade"): denied(_INTERPRETERS[0], nearest=_INTERPRETERS[1]),
    ("python", "list"): reads(
        "it lists what is there",
        "--all-versions",
        "--all-platforms",
        "--all-arches",
        "--only-installed",
        "--only-downloads",
        "--show-urls",
        "--output-format=",
        _WHERE,
    ),
    ("python", "find"): reads(
        "it prints a path",
        "--no-project",
        "--system",
        "--no-system",
        "--script=",
        "--show-version",
        "--resolve-links",
        _WHERE,
    ),
    ("python", "pin"): reads(
        "it writes which Python is meant",
        "--resolved",
        "--no-resolved",
        "--no-project",
        "--global",
        "--rm",
        _WHERE,
    ),
    ("python", "dir"): reads("it prints a path", "--bin"),
    ("python", "uninstall"): reads("it removes", "--all", "-i --install-dir="),
    ("python", "update-shell"): reads("it adds a folder to PATH"),
    ("auth",): passed("it prints its help", LEADING),
    ("auth", "login"): reads("it keeps a password", *_SERVICE, "--password=", "-t --token="),
    ("auth", "logout"): reads("it forgets a password", *_SERVICE),
    ("auth", "token"): reads("it prints a password", *_SERVICE),
    ("auth", "dir"): reads("it prints a path"),
    ("auth", "helper"): reads("it prints a password", "--protocol="),
    ("auth", "helper", "get"): reads("it prints a password"),
    ("build-backend",): passed("it prints its help", LEADING),
    **{
        ("build-backend", hook): reads("it packs the folder that it is in", "--metadata-directory=")
        for hook in (
            "build-sdist",
            "build-wheel",
            "build-editable",
            "get-requires-for-build-sdist",
            "get-requires-for-build-wheel",
            "get-requires-for-build-editable",
            "prepare-metadata-for-build-wheel",
            "prepare-metadata-for-build-editable",
        )
    },
    ("cache",): passed("it prints its help", LEADING),
    ("cache", "clean"): reads("it removes", "--force"),
    ("cache", "prune"): reads("it removes", "--force", "--ci"),
    ("cache", "dir"): reads("it prints a path"),
    ("cache", "size"): reads("it prints a size", "-H --human", "--output-format="),
    ("clean",): reads("it removes", "--force"),
    ("self",): passed("it prints its help", LEADING),
    ("self", "update"): denied(
        "it replaces uv by a file that is on no index",
        nearest="`guard install --upgrade uv`, or as uv was installed",
    ),
    ("self", "version"): reads("it prints its version", "--short", "--output-format="),
    ("generate-shell-completion",): passed("it prints a script", READING, _SELF),
    ("help",): passed("it prints its help", READING, harmless("as above", "--no-pager")),
}
