"""The options that many commands of uv share, and what the guard does with each."""

from __future__ import annotations

from typing import Final

from guard.wrappers.coverage.table import Options, harmless, honoured, judged, refused, shows

OUT: Final = "leave it out"
NO_BUILD: Final = "nothing from an index is built"
_GUARDS_CACHE: Final = "name a folder for the guard's in `GUARD_CACHE_DIR`"
_FIND: Final = "put the wheels on an index of your own, and name that"

_TALK: Final = harmless(
    "it says what is printed",
    "-v --verbose",
    "--color=",
    "--no-color",
    "--no-progress",
    "--no-installer-metadata",
)
_PREVIEW: Final = ("--preview", "--no-preview", "--preview-features --preview-feature=")
_WHICH_PYTHON: Final = harmless(
    "it chooses among the Pythons that are there",
    "--managed-python",
    "--no-managed-python",
    "--no-python-downloads",
    "--python-preference=",
)
_NO_DOWNLOAD: Final = (
    *refused("a downloaded Python is not judged", "--allow-python-downloads", nearest=OUT),
    *refused(
        "a downloaded Python is not judged",
        "--python-fetch=",
        nearest=OUT,
        allowed=("never", "manual"),
    ),
)
_SHOWS: Final = shows("-h --help", "--show-settings")
_QUIET: Final = "-q --quiet"
_CACHE: Final = ("-n --no-cache --no-cache-dir", "--cache-dir=")
_PLACES: Final = ("--directory=", "--project=")
_FILES: Final = ("--config-file=", "--no-config", "--isolated")
_TRUST: Final = (
    "--native-tls",
    "--no-native-tls",
    "--system-certs",
    "--no-system-certs",
    "--allow-insecure-host --trusted-host=",
)
_NETWORK: Final = ("--offline", "--no-offline")

LEADING: Final = (
    *_SHOWS,
    *_TALK,
    *_WHICH_PYTHON,
    *_NO_DOWNLOAD,
    *harmless(
        "judged with the command that follows",
        _QUIET,
        *_PREVIEW,
        *_CACHE,
        *_PLACES,
        "--config-file=",
        "--no-config",
        *_TRUST,
        *_NETWORK,
    ),
    *refused("it leaves out what is configured", "--isolated", nearest=OUT),
)
"""Before a command has been named."""

READING: Final = (
    *_SHOWS,
    *_TALK,
    *_WHICH_PYTHON,
    *_NO_DOWNLOAD,
    *harmless(
        "nothing is installed", _QUIET, *_PREVIEW, *_CACHE, *_PLACES, *_FILES, *_TRUST, *_NETWORK
    ),
)
"""Of a command that brings nothing in."""

JUDGED: Final = (
    *_SHOWS,
    *_TALK,
    *_WHICH_PYTHON,
    *_NO_DOWNLOAD,
    *harmless("what is not known of it passes the gateway as well", *_PREVIEW),
    *refused("another folder is then worked on", *_PLACES, nearest="change to the folder"),
    *refused(
        "the file could name what is not judged",
        "--config-file=",
        nearest="name it in `UV_CONFIG_FILE`, where it is read and judged",
    ),
    *refused(
        "indexes are then others than those that are configured",
        "--no-config",
        "--isolated",
        nearest="unset what the configuration says instead",
    ),
    *harmless("no more is trusted than without it", "--no-native-tls", "--no-system-certs"),
    *refused(
        "the gateway is the only host there is",
        "--native-tls",
        "--system-certs",
        nearest="for the guard itself, set `SSL_CERT_FILE`",
    ),
    *refused(
        "nobody could tell who answers",
        "--allow-insecure-host --trusted-host=",
        nearest="give the host a certificate, and its authority in `SSL_CERT_FILE`",
    ),
    *refused("what lies in another cache was not judged", "--cache-dir=", nearest=_GUARDS_CACHE),
    *harmless("it says whether the network is used", "--no-offline"),
)
"""Of a command that is judged, behind the gateway or not."""

GLOBAL: Final = (
    *JUDGED,
    *harmless("it says what is printed", _QUIET),
    *harmless("it says whether the network is used", "--offline"),
    *refused(
        "the cache is what the guard has judged",
        "-n --no-cache --no-cache-dir",
        nearest="`--refresh`",
    ),
)
"""Of a command behind the gateway."""

GLOBAL_NATIVE: Final = (
    *JUDGED,
    *honoured(
        {
            _QUIET: "--quiet",
            "-n --no-cache --no-cache-dir": "--no-cache",
            "--offline": "--offline",
        }
    ),
)
"""Of a command that the guard does by itself."""

_STRATEGY: Final = (
    *refused(
        "any index could answer for any name",
        "--index-strategy=",
        nearest="`owns` of the policy's `[[index]]`, or `[tool.uv.sources]`",
        allowed=("first-index",),
    ),
    *refused(
        "the guard asks for passwords by itself",
        "--keyring-provider=",
        nearest=OUT,
        allowed=("subprocess",),
    ),
)

INDEXES: Final = (
    *judged(
        "an index of the gateway, like those that are configured",
        "--index=",
        "--default-index=",
        "-i --index-url=",
        "--extra-index-url=",
    ),
    *refused("its files lie on no index", "-f --find-links=", nearest=_FIND),
    *harmless("fewer places are asked", "--no-index"),
    *_STRATEGY,
)
INDEXES_NATIVE: Final = (
    *honoured(
        {
            "--index=": "--index",
            "--default-index=": "--default-index",
            "-i --index-url=": "--index-url",
            "--extra-index-url=": "--extra-index-url",
            "-f --find-links=": "--find-links",
            "--no-index": "--no-index",
        }
    ),
    *_STRATEGY,
)
INDEXES_ASKED: Final = (
    "--index=",
    "--default-index=",
    "-i --index-url=",
    "--extra-index-url=",
    "-f --find-links=",
    "--no-index",
    "--index-strategy=",
    "--keyring-provider=",
    "--exclude-newer=",
    "--exclude-newer-package=",
)
"""What a command has that asks for versions and installs nothing."""

SOURCES: Final = harmless(
    "what has no source of its own comes from an index", "--no-sources", "--no-sources-package="
)
RESOLVER: Final = (
    *SOURCES,
    *harmless(
        "it chooses among what the gateway shows",
        "-U --upgrade",
        "--no-upgrade",
        "-P --upgrade-package=",
        "--upgrade-group=",
        "--resolution=",
        "--prerelease=",
        "--prerelease-package=",
        "--pre",
        "--fork-strategy=",
        "--exclude-newer=",
        "--exclude-newer-package=",
    ),
)
LINK_MODE: Final = harmless("it says how files are put in place", "--link-mode=")
INSTALLER: Final = (
    *LINK_MODE,
    *harmless(
        "it says how files are put in place",
        "--reinstall --force-reinstall",
        "--no-reinstall",
        "--reinstall-package=",
        "--compile-bytecode --compile",
        "--no-compile-bytecode --no-compile",
    ),
)
ISOLATION: Final = (
    *harmless(NO_BUILD, "--build-isolation", "--require-build-hashes", "--no-require-build-hashes"),
    *refused(
        "a build would run with what is installed",
        "--no-build-isolation",
        "--no-build-isolation-package=",
        nearest=OUT,
    ),
    *harmless(NO_BUILD, "--no-build"),
    *refused("a source distribution runs code when it is built", "--build", nearest=OUT),
)
SETTINGS: Final = harmless(
    f"{NO_BUILD}; what your own project is built with is yours",
    "-C --config-setting --config-settings=",
    "--config-settings-package --config-setting-package=",
)
BUILD: Final = (
    *ISOLATION,
    *SETTINGS,
    *harmless(NO_BUILD, "--no-build-package=", "--binary"),
    *refused(
        "a source distribution runs code when it is built",
        "--no-binary",
        "--no-binary-package=",
        nearest=OUT,
    ),
)
REFRESH: Final = harmless(
    "it says what is asked for again", "--refresh", "--no-refresh", "--refresh-package="
)
PYTHON: Final = harmless("it chooses among the Pythons that are there", "-p --python=")
PLATFORM: Final = harmless(
    "it chooses among what the gateway shows", "--python-platform=", "--python-version="
)
LOCK: Final = harmless(
    "it holds uv to the lock", "--locked", "--no-locked", "--frozen", "--no-frozen"
)
_FILE: Final = "the file could name what is on no index"
CONSTRAINTS: Final = refused(
    _FILE,
    "-c --constraints --constraint=",
    "--overrides --override=",
    "--excludes --exclude=",
    "-b --build-constraints --build-constraint=",
    nearest="say it in `[tool.uv]` of the project",
)
TORCH: Final = refused(
    "it names indexes of uv's own",
    "--torch-backend=",
    nearest="name the index: `--index URL`",
)

RESOLVED: Final[Options] = (*GLOBAL, *INDEXES, *RESOLVER, *BUILD, *REFRESH, *PYTHON, *LINK_MODE)
"""Of every command that resolves behind the gateway."""
