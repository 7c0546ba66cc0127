"""What the guard does with the commands of `uv pip`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from guard.wrappers.coverage.table import (
    Command,
    gateway,
    harmless,
    honoured,
    judged,
    native,
    passed,
    refused,
)
from guard.wrappers.coverage.uv_options import (
    GLOBAL_NATIVE,
    INDEXES_ASKED,
    INDEXES_NATIVE,
    INSTALLER,
    ISOLATION,
    LEADING,
    OUT,
    READING,
    RESOLVED,
    SETTINGS,
    SOURCES,
    TORCH,
)

_CERT: Final = "--cert="
_ENVIRONMENT: Final = ("-p --python=", "--system", "--no-system", _CERT)
_SHOWN: Final = (*_ENVIRONMENT, "--strict", "--no-strict", "--disable-pip-version-check")
_FOLDERS: Final = ("-t --target=", "--prefix=")

_NATIVE: Final = (
    *GLOBAL_NATIVE,
    *INDEXES_NATIVE,
    *INSTALLER,
    *SOURCES,
    *ISOLATION,
    *SETTINGS,
    *TORCH,
    *honoured(
        {
            "-p --python=": "--python",
            "--system": "--system",
            "--break-system-packages": "--break-system-packages",
            "--reinstall --force-reinstall": "--reinstall",
            "--dry-run": "--dry-run",
            "--refresh": "--refresh",
        }
    ),
    *harmless("hashes are always checked", "--verify-hashes"),
    *harmless("it says what is printed", "--disable-pip-version-check", "--strict", "--no-strict"),
    *harmless("a page that is old is asked for again", "--refresh-package="),
    *refused(
        "the guard checks every hash",
        "--no-verify-hashes",
        "--no-require-hashes",
        nearest=OUT,
    ),
    *refused(
        "it takes back what another option says",
        "--no-upgrade",
        "--no-reinstall",
        "--no-refresh",
        "--no-system",
        "--no-break-system-packages",
        "--no-offline",
        nearest="leave both out",
    ),
    *refused(
        "the guard fetches, and trusts what is configured",
        _CERT,
        nearest="set `SSL_CERT_FILE`",
    ),
    *refused(
        "wheels are judged for the interpreter that they are for",
        "--python-platform=",
        "--python-version=",
        nearest="name an interpreter of that kind: `--python PYTHON`",
    ),
    *refused(
        "a source distribution runs code when it is built",
        "--no-binary=",
        nearest=OUT,
        allowed=(":none:",),
    ),
    *refused(
        "the file is not read",
        "--overrides --override=",
        "--excludes --exclude=",
        "-b --build-constraints --build-constraint=",
        nearest="a constraints file: `-c`",
    ),
    *refused(
        "the guard chooses by its policy",
        "--resolution=",
        "--fork-strategy=",
        nearest=OUT,
        allowed=("highest", "requires-python"),
    ),
    *refused(
        "the guard chooses by its policy",
        "--prerelease=",
        nearest="`--pre`",
        allowed=("if-necessary-or-explicit",),
    ),
    *refused(
        "the guard has it for all projects or for none",
        "--prerelease-package=",
        "--exclude-newer-package=",
        "--reinstall-package=",
        "--upgrade-group=",
        nearest="the same option without a name",
    ),
    *refused(
        "its requirements are not read",
        "--extra=",
        "--all-extras",
        "--no-all-extras",
        "--group=",
        nearest="a requirements file: `-r`",
    ),
    *refused(
        "the guard's own report says it",
        "--output-format=",
        nearest="`guard install --output-format json`",
        allowed=("text",),
    ),
    *refused("the guard installs, or says what it would", "--check", nearest="`guard check`"),
    *refused(
        "the user's own folder is no environment that the guard knows",
        "--user",
        nearest="a virtual environment, or `--target DIR`",
    ),
)

_INSTALL: Final = (
    *honoured(
        {
            "-r --requirements --requirement=": "--requirement",
            "-c --constraints --constraint=": "--constraint",
            "-e --editable=": "--editable",
            "--no-deps": "--no-deps",
            "--require-hashes": "--require-hashes",
            "-t --target=": "--target",
            "--prefix=": "--prefix",
            "--only-binary=": "--only-binary",
            "-U --upgrade": "--upgrade",
            "-P --upgrade-package=": "--upgrade-package",
            "--pre": "--pre",
            "--exclude-newer=": "--exclude-newer",
        }
    ),
    *harmless("it is so without it", "--deps", "--inexact --no-exact"),
    *refused("it removes what is not asked for", "--exact", nearest="`guard uv pip sync`"),
    *refused(
        "what is installed would be another kind of it",
        "--no-editable",
        "--no-editable-package=",
        nearest="leave out `-e`",
    ),
)

_SYNC: Final = (
    *honoured({"--allow-empty-requirements": "--allow-empty-requirements"}),
    *harmless("it is so without it", "--only-binary=", "-a --ask"),
    *harmless("each requirement then needs a hash, as it does for uv", "--require-hashes"),
    *refused(
        "a lock file says what is installed, and for where",
        "-c --constraints --constraint=",
        "-t --target=",
        "--prefix=",
        "--exclude-newer=",
        "--no-allow-empty-requirements",
        "--python-executable=",
        "--config=",
        "--pip-args=",
        "--client-cert=",
        nearest=OUT,
    ),
)

_WRITES: Final = harmless(
    "it says what is written, and nothing is installed",
    "-o --output-file=",
    "--format=",
    "--strip-extras",
    "--no-strip-extras",
    "--strip-markers",
    "--no-strip-markers",
    "--annotate",
    "--no-annotate",
    "--annotation-style=",
    "--header",
    "--no-header",
    "--custom-compile-command=",
    "--generate-hashes",
    "--no-generate-hashes",
    "--reuse-hashes",
    "--no-reuse-hashes",
    "--no-emit-package --unsafe-package=",
    "--emit-index-url",
    "--no-emit-index-url",
    "--emit-find-links",
    "--no-emit-find-links",
    "--emit-build-options",
    "--no-emit-build-options",
    "--emit-index-annotation",
    "--no-emit-index-annotation",
    "--emit-marker-expression",
    "--no-emit-marker-expression",
    "--emit-options",
    "--no-emit-options",
    "--emit-trusted-host",
    "--no-emit-trusted-host",
    "--allow-unsafe",
    "--no-allow-unsafe",
)
_COMPILE: Final = (
    *RESOLVED,
    *_WRITES,
    *TORCH,
    *judged(
        "nothing is built, and what is on no index cannot be fetched",
        "-c --constraints --constraint=",
        "--overrides --override=",
        "--excludes --exclude=",
        "-b --build-constraints --build-constraint=",
    ),
    *harmless(
        "it chooses among what the gateway shows",
        "--extra=",
        "--all-extras",
        "--no-all-extras",
        "--group=",
        "--deps",
        "--no-deps",
        "--system",
        "--no-system",
        "--universal",
        "--no-universal",
        "--python-version=",
        "--python-platform=",
        "--only-binary=",
    ),
    *refused(
        "a source distribution runs code when it is built",
        "--no-binary=",
        nearest=OUT,
        allowed=(":none:",),
    ),
    *refused(
        "uv has it for the sake of another tool",
        _CERT,
        "--client-cert=",
        "--config=",
        "--pip-args=",
        "--max-rounds=",
        "--resolver=",
        nearest=OUT,
    ),
)


def _reads(why: str, *specs: str) -> Command:
    return passed(why, READING, harmless("it installs nothing", *specs))


PIP: Final[Mapping[tuple[str, ...], Command]] = {
    ("pip",): passed("it prints its help", LEADING, harmless("judged with the command", _CERT)),
    ("pip", "compile"): gateway("what it resolves is what the gateway shows", _COMPILE),
    ("pip", "install"): native("install", _NATIVE, _INSTALL),
    ("pip", "sync"): native("sync", _NATIVE, _SYNC),
    ("pip", "uninstall"): _reads(
        "it removes",
        *_ENVIRONMENT,
        *_FOLDERS,
        "-r --requirements --requirement=",
        "-y --yes",
        "--dry-run",
        "--break-system-packages",
        "--no-break-system-packages",
        "--keyring-provider=",
        "--disable-pip-version-check",
    ),
    ("pip", "freeze"): _reads(
        "it lists what is installed",
        *_SHOWN,
        *_FOLDERS,
        "--exclude=",
        "--exclude-editable",
        "--path=",
    ),
    ("pip", "list"): _reads(
        "it lists what is installed",
        *_SHOWN,
        *_FOLDERS,
        *INDEXES_ASKED,
        "-e --editable",
        "--exclude-editable",
        "--exclude=",
        "--format=",
        "--outdated",
        "--no-outdated",
    ),
    ("pip", "show"): _reads("it describes what is installed", *_SHOWN, *_FOLDERS, "-f --files"),
    ("pip", "tree"): _reads(
        "it lists what is installed",
        *_SHOWN,
        *INDEXES_ASKED,
        "-d --depth=",
        "--prune=",
        "--package=",
        "--no-dedupe",
        "--invert",
        "--outdated",
        "--show-version-specifiers",
        "--show-sizes",
    ),
    ("pip", "check"): _reads(
        "it compares what is installed", *_ENVIRONMENT, "--python-version=", "--python-platform="
    ),
    ("pip", "debug"): _reads(
        "it prints what uv sees",
        _CERT,
        "--platform=",
        "--python-version=",
        "--implementation=",
        "--abi=",
    ),
}
