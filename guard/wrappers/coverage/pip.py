"""What the guard does with every command and option of pip."""

from __future__ import annotations

from typing import Final

from guard.wrappers.coverage.table import (
    Command,
    Grammar,
    Options,
    Tool,
    harmless,
    honoured,
    native,
    passed,
    refused,
    shows,
)

_NO_BUILD: Final = "what the guard builds, it builds as the source says"
_OUT: Final = "leave it out"

_HELP: Final = shows("-h --help")
_TALK: Final = harmless(
    "it says what is printed, asked or logged",
    "--debug",
    "-v --verbose",
    "-q --quiet",
    "--log --log-file --local-log=",
    "--no-input",
    "--exists-action=",
    "--disable-pip-version-check",
    "--no-color",
    "--no-python-version-warning",
)
_PATIENCE: Final = harmless(
    "how long servers are waited for is the guard's own",
    "--retries=",
    "--timeout --default-timeout=",
    "--resume-retries=",
)
_CACHE: Final = harmless(
    "the guard has a cache of its own, `GUARD_CACHE_DIR`, and pip's is not used", "--cache-dir="
)
_TRAVEL: Final = (
    "--isolated", "--require-virtualenv --require-venv", "--keyring-provider=", "--proxy=",
    "--no-proxy-env", "--trusted-host=", "--cert=", "--client-cert=", "--use-feature=",
    "--use-deprecated=",
)  # fmt: skip
"""General options that change how pip travels, or what it believes."""

_LEADING: Final = (
    *_HELP,
    *shows("-V --version"),
    *_TALK,
    *_PATIENCE,
    *_CACHE,
    *harmless("judged with the command that follows", "--python=", "--no-cache-dir", *_TRAVEL),
)

_HEARD: Final = harmless("pip heeds it before the command only", "-V --version")
_READING: Final = (
    *_HELP,
    *_HEARD,
    *_TALK,
    *_PATIENCE,
    *_CACHE,
    *harmless("nothing is installed", "--python=", "--no-cache-dir", *_TRAVEL),
)
"""The general options of a command that installs nothing."""

_GENERAL: Final = (
    *_HELP,
    *_HEARD,
    *_TALK,
    *_PATIENCE,
    *_CACHE,
    *honoured(
        {"-q --quiet": "--quiet", "--no-cache-dir": "--no-cache-dir", "--python=": "--python"}
    ),
    *refused(
        "indexes are then others than those that are configured",
        "--isolated",
        nearest="unset what the configuration says instead",
    ),
    *harmless(
        "refused where there is no environment, as by pip", "--require-virtualenv --require-venv"
    ),
    *refused(
        "the guard asks for passwords by itself",
        "--keyring-provider=",
        nearest=_OUT,
        allowed=("auto", "subprocess"),
    ),
    *refused(
        "the guard fetches, by the proxy that is configured",
        "--proxy=",
        "--no-proxy-env",
        nearest="set `HTTPS_PROXY`, or `proxy` in pip's configuration",
    ),
    *refused(
        "nobody could tell who answers",
        "--trusted-host=",
        nearest="give the host a certificate, and its authority in `SSL_CERT_FILE`",
    ),
    *refused(
        "the guard fetches, and trusts what is configured",
        "--cert=",
        "--client-cert=",
        nearest="set `SSL_CERT_FILE`, or `cert` in pip's configuration",
    ),
    *refused(
        "it changes what pip does in ways that are not known",
        "--use-feature=",
        "--use-deprecated=",
        nearest=_OUT,
    ),
)
"""The general options of a command that is judged."""

_WANTED: Final = honoured(
    {
        "-r --requirement=": "--requirement",
        "-c --constraint=": "--constraint",
        "--no-deps --no-dependencies": "--no-deps",
        "--pre": "--pre",
        "--only-binary=": "--only-binary",
        "--require-hashes": "--require-hashes",
        "--uploaded-prior-to=": "--uploaded-prior-to",
        "-i --index-url --pypi-url=": "--index-url",
        "--extra-index-url=": "--extra-index-url",
        "-f --find-links=": "--find-links",
        "--no-index": "--no-index",
    }
)
_EDITABLE: Final = honoured({"-e --editable=": "--editable"})
_CHOSEN: Final = (
    *harmless("wheels are all that is taken", "--prefer-binary"),
    *harmless("a page that is old is asked for again", "--refresh-package="),
    *refused(
        "a source distribution runs code when it is built",
        "--no-binary=",
        nearest=_OUT,
        allowed=(":none:",),
    ),
    *refused(
        "it allows pre-releases of single projects",
        "--all-releases=",
        "--only-final=",
        nearest="`--pre`, or name the version",
    ),
    *refused(
        "its requirements are not read",
        "--group=",
        "--requirements-from-script=",
        nearest="a requirements file: `-r`",
    ),
    *refused(
        "what is installed would be another plan",
        "--only-deps --only-dependencies",
        nearest="name the dependencies",
    ),
    *refused("hashes that are given are always checked", "--no-require-hashes", nearest=_OUT),
    *refused(
        "a release that does not say that it supports this Python would be taken",
        "--ignore-requires-python",
        nearest=_OUT,
    ),
)
_OTHER_TARGET: Final = refused(
    "wheels are judged for the interpreter that they are for",
    "--platform=",
    "--python-version=",
    "--implementation=",
    "--abi=",
    nearest="name an interpreter of that kind: `pip --python PYTHON`",
)
_BUILD: Final = (
    *harmless(
        "what the guard builds, it builds in its own way",
        "--use-pep517",
        "--no-use-pep517",
        "--check-build-dependencies",
        "--no-clean",
        "--src --source --source-dir --source-directory=",
    ),
    *refused(
        "a build would then run with what is installed",
        "--no-build-isolation",
        nearest=_OUT,
    ),
    *refused(_NO_BUILD, "--build-constraint=", "--global-option=", "--build-option=", nearest=_OUT),
)
_CONFIG_SETTINGS: Final = refused(_NO_BUILD, "-C --config-settings=", nearest=_OUT)
_PROGRESS: Final = harmless("it says what is printed", "--progress-bar=")

_JUDGED: Final = (*_GENERAL, *_WANTED, *_CHOSEN, *_BUILD, *_PROGRESS)

_INSTALL: Final = (
    *_EDITABLE,
    *_CONFIG_SETTINGS,
    *_OTHER_TARGET,
    *honoured(
        {
            "-U --upgrade": "--upgrade",
            "-t --target=": "--target",
            "--prefix=": "--prefix",
            "--break-system-packages": "--break-system-packages",
            "--force-reinstall": "--force-reinstall",
            "--dry-run": "--dry-run",
            "--report=": "--report",
        }
    ),
    *harmless(
        "it says what is printed, or whether bytecode is made beforehand",
        "--compile",
        "--no-compile",
        "--no-user",
        "--no-warn-conflicts",
        "--no-warn-script-location",
        "--root-user-action=",
    ),
    *refused(
        "what is installed would be replaced without being asked for",
        "--upgrade-strategy=",
        nearest="name what is to be upgraded: `-P NAME` of `guard install`",
        allowed=("only-if-needed",),
    ),
    *refused(
        "another version could stay in reach of the new one",
        "-I --ignore-installed",
        nearest="`--force-reinstall`",
    ),
    *refused(
        "the user's own folder is no environment that the guard knows",
        "--user",
        nearest="a virtual environment, or `--target DIR`",
    ),
    *refused("it is no environment", "--root=", nearest="`--prefix DIR`, or `--target DIR`"),
)

_ASKS: Final = harmless(
    "versions are asked for, files are not",
    "-i --index-url --pypi-url=",
    "--extra-index-url=",
    "-f --find-links=",
    "--no-index",
    "--pre",
    "--no-binary=",
    "--only-binary=",
    "--prefer-binary",
    "--all-releases=",
    "--only-final=",
    "--refresh-package=",
    "--uploaded-prior-to=",
)
_PLATFORM: Final = harmless(
    "it says for which Python", "--platform=", "--python-version=", "--implementation=", "--abi="
)


def _reads(why: str, *specs: str, more: Options = ()) -> Command:
    return passed(why, _READING, more, harmless("it installs nothing", *specs))


_CONFIG: Final = ("--editor=", "--global", "--user", "--site")
_CACHED: Final = ("--format=",)
_VERSIONS: Final = ("--ignore-requires-python", "--json")

PIP: Final = Tool(
    "pip",
    Grammar.OPTPARSE,
    ("23.2", "26.3"),
    {
        (): passed("it prints its help", _LEADING),
        ("install",): native("install", _JUDGED, _INSTALL),
        ("download",): native(
            "download",
            _JUDGED,
            _OTHER_TARGET,
            honoured({"-d --dest --destination-dir --destination-directory=": "--dest"}),
        ),
        ("wheel",): native(
            "download",
            _JUDGED,
            _EDITABLE,
            _CONFIG_SETTINGS,
            honoured({"-w --wheel-dir=": "--dest"}),
            harmless("every wheel is looked at", "--no-verify"),
        ),
        ("lock",): native(
            "lock", _JUDGED, _EDITABLE, _CONFIG_SETTINGS, honoured({"-o --output=": "--output"})
        ),
        ("uninstall",): _reads(
            "it removes",
            "-r --requirement=",
            "-y --yes",
            "--root-user-action=",
            "--break-system-packages",
        ),
        ("freeze",): _reads(
            "it lists what is installed",
            "-r --requirement=",
            "-l --local",
            "--user",
            "--path=",
            "--all",
            "--exclude-editable",
            "--exclude=",
        ),
        ("inspect",): _reads("it lists what is installed", "--local", "--user", "--path="),
        ("list",): _reads(
            "it lists what is installed",
            "-o --outdated",
            "-u --uptodate",
            "-e --editable",
            "-l --local",
            "--user",
            "--path=",
            "--format=",
            "--not-required",
            "--exclude-editable",
            "--include-editable",
            "--exclude=",
            more=_ASKS,
        ),
        ("show",): _reads("it describes what is installed", "-f --files"),
        ("check",): _reads("it compares what is installed"),
        ("config",): _reads("it says which configuration is meant", *_CONFIG),
        ("config", "list"): _reads("it prints the configuration", *_CONFIG),
        ("config", "get"): _reads("it prints the configuration", *_CONFIG),
        ("config", "debug"): _reads("it prints the configuration", *_CONFIG),
        ("config", "edit"): _reads("it starts your editor", *_CONFIG),
        ("config", "set"): _reads("the guard judges what the configuration adds", *_CONFIG),
        ("config", "unset"): _reads("the guard judges what the configuration adds", *_CONFIG),
        ("search",): _reads("it asks for names", "-i --index="),
        ("cache",): _reads("it says which cache is meant", *_CACHED),
        ("cache", "dir"): _reads("it prints a path", *_CACHED),
        ("cache", "info"): _reads("it prints sizes", *_CACHED),
        ("cache", "list"): _reads("it prints names", *_CACHED),
        ("cache", "remove"): _reads("it removes", *_CACHED),
        ("cache", "purge"): _reads("it removes", *_CACHED),
        ("index",): _reads("it asks for versions", *_VERSIONS, more=(*_ASKS, *_PLATFORM)),
        ("index", "versions"): _reads(
            "it asks for versions", *_VERSIONS, more=(*_ASKS, *_PLATFORM)
        ),
        ("hash",): _reads("it reads a file", "-a --algorithm="),
        ("completion",): _reads(
            "it prints a script", "-b --bash", "-z --zsh", "-f --fish", "-p --powershell"
        ),
        ("debug",): _reads("it prints what pip sees", more=_PLATFORM),
        ("help",): _reads("it prints its help"),
    },
)
