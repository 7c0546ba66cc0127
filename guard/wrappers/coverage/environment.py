"""What the guard does with the variables by which the tools are configured.

A variable is an option that nobody typed: `PIP_INDEX_URL` adds a source as `--index-url` does.
Those of a tool's prefix that are not here are dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final, NamedTuple


class Use(Enum):
    """What becomes of a variable."""

    KEPT = "kept"
    """The tool has it as it is."""

    READ = "read"
    """The guard reads it, and judges what it leads to; the tool has what the guard makes of it."""

    SET = "set"
    """The tool has the guard's own value."""

    DROPPED = "dropped"
    REFUSED = "refused"
    """Left out, something else would be installed than was asked for."""


class Variable(NamedTuple):
    """One variable, or all that begin so where its name ends in `*`."""

    name: str
    use: Use
    why: str


def _all(use: Use, why: str, names: str) -> tuple[Variable, ...]:
    return tuple(Variable(name, use, why) for name in names.split())


_INDEX: Final = "an index, read and judged as one on the command line is"
_FILE: Final = "its file could name what is on no index"
_CHOICE: Final = "it chooses among what is judged"
_PLACE: Final = "it says where or how files are put in place"
_TALK: Final = "it says what is printed or asked, or how long is waited"
_BYTES: Final = "the guard fetches, and says what is trusted"
_BUILD: Final = "nothing from an index is built"
_CACHE: Final = "what lies in another cache was not judged"
_FOLDER: Final = "another folder would be worked on"
_CODE: Final = "it runs code of its own in a tool"

NATIVE: Final = (
    *_all(Use.READ, _INDEX, "PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_NO_INDEX"),
    *_all(Use.READ, "its file is read, and what it names is judged", "PIP_CONFIG_FILE"),
    *_all(Use.READ, "resolved with, and what comes of it is judged", "PIP_CONSTRAINT"),
    *_all(Use.READ, "how the guard fetches", "PIP_PROXY PIP_CERT"),
    *_all(Use.READ, "a cut-off; the earliest counts", "PIP_UPLOADED_PRIOR_TO UV_EXCLUDE_NEWER"),
    *_all(Use.READ, "refused where there is no environment", "PIP_REQUIRE_VIRTUALENV"),
    *_all(Use.REFUSED, "another interpreter would be installed for", "PIP_PYTHON"),
    *_all(
        Use.READ,
        "for `guard pip`, the option of its name: honored",
        "PIP_PRE PIP_NO_DEPS PIP_REQUIREMENT PIP_EDITABLE PIP_REQUIRE_HASHES PIP_ONLY_BINARY"
        " PIP_UPGRADE PIP_FORCE_REINSTALL PIP_BREAK_SYSTEM_PACKAGES PIP_DRY_RUN PIP_REPORT"
        " PIP_DEST PIP_WHEEL_DIR PIP_OUTPUT PIP_QUIET",
    ),
    *_all(
        Use.REFUSED,
        "for `guard pip`, the option of its name: refused as where it is typed",
        "PIP_NO_BINARY PIP_NO_BUILD_ISOLATION PIP_BUILD_CONSTRAINT PIP_CONFIG_SETTINGS"
        " PIP_GLOBAL_OPTION PIP_BUILD_OPTION PIP_GROUP PIP_REQUIREMENTS_FROM_SCRIPT"
        " PIP_ALL_RELEASES PIP_ONLY_FINAL PIP_ONLY_DEPS PIP_NO_REQUIRE_HASHES"
        " PIP_IGNORE_REQUIRES_PYTHON PIP_IGNORE_INSTALLED PIP_UPGRADE_STRATEGY PIP_PLATFORM"
        " PIP_PYTHON_VERSION PIP_IMPLEMENTATION PIP_ABI",
    ),
    *_all(
        Use.REFUSED,
        "another place would be installed into",
        "PIP_TARGET PIP_PREFIX PIP_ROOT PIP_USER",
    ),
    *_all(Use.DROPPED, "nothing but approved files is handed over", "PIP_*"),
    *_all(
        Use.READ,
        _INDEX,
        "UV_INDEX UV_DEFAULT_INDEX UV_INDEX_URL UV_EXTRA_INDEX_URL UV_FIND_LINKS UV_INDEX_*",
    ),
    *_all(
        Use.READ,
        "resolved with, and what comes of it is judged",
        "UV_CONSTRAINT UV_OVERRIDE UV_EXCLUDE UV_CONFIG_FILE UV_NO_CONFIG",
    ),
    *_all(
        Use.READ,
        "for `guard uv pip`, the guard's own option",
        "UV_BREAK_SYSTEM_PACKAGES UV_NO_CACHE UV_OFFLINE UV_PYTHON UV_REQUIRE_HASHES"
        " UV_SYSTEM_PYTHON",
    ),
    *_all(Use.KEPT, _PLACE, "UV_COMPILE_BYTECODE UV_CONCURRENT_INSTALLS UV_LINK_MODE"),
    *_all(Use.DROPPED, "nothing but approved files is handed over", "UV_*"),
)
"""Where the guard resolves and installs by itself."""

GATEWAY: Final = (
    *_all(
        Use.READ,
        _INDEX,
        "UV_INDEX UV_DEFAULT_INDEX UV_INDEX_URL UV_EXTRA_INDEX_URL UV_INDEX_STRATEGY",
    ),
    *_all(Use.READ, "the password of an index", "UV_INDEX_*_USERNAME UV_INDEX_*_PASSWORD"),
    *_all(Use.READ, "its file is read, and what it names is judged", "UV_CONFIG_FILE"),
    *_all(Use.REFUSED, _FILE, "UV_CONSTRAINT UV_OVERRIDE UV_EXCLUDE UV_BUILD_CONSTRAINT"),
    *_all(Use.REFUSED, "its files lie on no index", "UV_FIND_LINKS"),
    *_all(Use.REFUSED, "it names indexes of uv's own", "UV_TORCH_BACKEND"),
    *_all(Use.REFUSED, _FOLDER, "UV_PROJECT UV_WORKING_DIR"),
    *_all(Use.REFUSED, "what is configured would be left out", "UV_NO_CONFIG UV_ISOLATED"),
    *_all(Use.SET, _CACHE, "UV_CACHE_DIR"),
    *_all(Use.SET, _BUILD, "UV_NO_BUILD"),
    *_all(Use.SET, "an interpreter is on no index", "UV_PYTHON_DOWNLOADS"),
    *_all(
        Use.KEPT,
        _CHOICE,
        "UV_DEV UV_EXCLUDE_NEWER UV_FORK_STRATEGY UV_FROZEN UV_LOCKED UV_MANAGED_PYTHON"
        " UV_NO_DEFAULT_GROUPS UV_NO_DEV UV_NO_EDITABLE UV_NO_GROUP UV_NO_INSTALL_LOCAL"
        " UV_NO_INSTALL_PROJECT UV_NO_INSTALL_WORKSPACE UV_NO_MANAGED_PYTHON UV_NO_PROJECT"
        " UV_NO_SOURCES UV_NO_SOURCES_PACKAGE UV_NO_SYNC UV_OFFLINE UV_PRERELEASE UV_PYTHON"
        " UV_PYTHON_PREFERENCE UV_REQUIRE_HASHES UV_RESOLUTION",
    ),
    *_all(
        Use.KEPT,
        _PLACE,
        "UV_COMPILE_BYTECODE UV_CONCURRENT_BUILDS UV_CONCURRENT_DOWNLOADS UV_CONCURRENT_INSTALLS"
        " UV_LINK_MODE UV_PROJECT_ENVIRONMENT UV_PYTHON_INSTALL_DIR UV_TOOL_BIN_DIR UV_TOOL_DIR",
    ),
    *_all(Use.KEPT, _TALK, "UV_HTTP_RETRIES UV_HTTP_TIMEOUT UV_NO_PROGRESS"),
    *_all(
        Use.DROPPED,
        _BYTES,
        "UV_INSECURE_HOST UV_NATIVE_TLS UV_SYSTEM_CERTS UV_KEYRING_PROVIDER UV_NO_VERIFY_HASHES"
        " UV_INSECURE_NO_ZIP_VALIDATION UV_SKIP_WHEEL_FILENAME_CHECK UV_NO_CACHE",
    ),
    *_all(
        Use.DROPPED,
        _BUILD,
        "UV_NO_BUILD_ISOLATION UV_NO_BUILD_PACKAGE UV_NO_BINARY UV_NO_BINARY_PACKAGE",
    ),
    *_all(
        Use.DROPPED,
        "it is for another command, or for the program that is run",
        "UV_BREAK_SYSTEM_PACKAGES UV_CUSTOM_COMPILE_COMMAND UV_ENV_FILE UV_NO_ENV_FILE"
        " UV_GITHUB_TOKEN UV_INIT_BUILD_BACKEND UV_PUBLISH_CHECK_URL UV_PUBLISH_INDEX"
        " UV_PUBLISH_NO_ATTESTATIONS UV_PUBLISH_PASSWORD UV_PUBLISH_TOKEN UV_PUBLISH_URL"
        " UV_PUBLISH_USERNAME UV_SYSTEM_PYTHON UV_VENV_CLEAR UV_VENV_RELOCATABLE UV_VENV_SEED",
    ),
    *_all(Use.DROPPED, "nobody knows what it does", "UV_*"),
    *_all(Use.SET, _BYTES, "PIP_CERT PIP_USE_DEPRECATED PIP_CONFIG_FILE"),
    *_all(Use.SET, _CACHE, "PIP_CACHE_DIR"),
    *_all(Use.SET, _BUILD, "PIP_ONLY_BINARY"),
    *_all(Use.READ, _INDEX, "PIP_INDEX_URL PIP_EXTRA_INDEX_URL"),
    *_all(Use.REFUSED, "its files lie on no index", "PIP_FIND_LINKS"),
    *_all(Use.REFUSED, _FILE, "PIP_CONSTRAINT PIP_REQUIREMENT PIP_BUILD_CONSTRAINT"),
    *_all(Use.DROPPED, "it could name a source, or trust one", "PIP_*"),
    *_all(
        Use.KEPT,
        _PLACE,
        "PIPX_HOME PIPX_GLOBAL_HOME PIPX_BIN_DIR PIPX_GLOBAL_BIN_DIR PIPX_MAN_DIR"
        " PIPX_GLOBAL_MAN_DIR PIPX_COMPLETION_DIR PIPX_GLOBAL_COMPLETION_DIR PIPX_SHARED_LIBS",
    ),
    *_all(Use.KEPT, _CHOICE, "PIPX_DEFAULT_PYTHON PIPX_DEFAULT_BACKEND PIPX_COOLDOWN"),
    *_all(Use.KEPT, _TALK, "PIPX_USE_EMOJI PIPX_DISABLE_SHARED_LIBS_AUTO_UPGRADE"),
    *_all(
        Use.DROPPED,
        "an interpreter is on no index",
        "PIPX_FETCH_PYTHON PIPX_FETCH_MISSING_PYTHON PIPX_STANDALONE_PYTHON_CACHEDIR",
    ),
    *_all(Use.DROPPED, "nobody knows what it does", "PIPX_*"),
    *_all(
        Use.READ,
        "the password of an index",
        "POETRY_HTTP_BASIC_*_USERNAME POETRY_HTTP_BASIC_*_PASSWORD",
    ),
    *_all(Use.SET, _CACHE, "POETRY_CACHE_DIR"),
    *_all(Use.SET, _BUILD, "POETRY_INSTALLER_ONLY_BINARY POETRY_INSTALLER_NO_BINARY"),
    *_all(
        Use.READ,
        "the tool has the guard's own, with what says how bytes travel left out",
        "POETRY_CONFIG_DIR",
    ),
    *_all(Use.SET, _BYTES, "POETRY_CERTIFICATES_* POETRY_KEYRING_ENABLED"),
    *_all(
        Use.KEPT,
        _PLACE,
        "POETRY_HOME POETRY_DATA_DIR POETRY_VIRTUALENVS_* POETRY_INSTALLER_PARALLEL"
        " POETRY_INSTALLER_MAX_WORKERS POETRY_INSTALLER_RE_RESOLVE"
        " POETRY_INSTALLER_BUILTIN_UNINSTALL POETRY_PYTHON_INSTALLATION_DIR",
    ),
    *_all(Use.KEPT, _CHOICE, "POETRY_SOLVER_*"),
    *_all(Use.KEPT, _TALK, "POETRY_NO_INTERACTION POETRY_REQUESTS_*"),
    *_all(Use.DROPPED, _BYTES, "POETRY_REPOSITORIES_* POETRY_PYPI_TOKEN_*"),
    *_all(Use.DROPPED, "nobody knows what it does", "POETRY_*"),
    *_all(Use.READ, _INDEX, "PDM_PYPI_URL PDM_IGNORE_STORED_INDEX"),
    *_all(Use.READ, "the password of an index", "PDM_PYPI_USERNAME PDM_PYPI_PASSWORD"),
    *_all(Use.SET, _CACHE, "PDM_CACHE_DIR"),
    *_all(Use.SET, _BYTES, "PDM_PYPI_VERIFY_SSL"),
    *_all(Use.SET, "nobody asks for newer versions of pdm here", "PDM_CHECK_UPDATE"),
    *_all(Use.REFUSED, "uv would be started with what pdm makes of it", "PDM_USE_UV"),
    *_all(Use.REFUSED, "another kind of lock file is not read", "PDM_LOCK_FORMAT"),
    *_all(Use.REFUSED, _FILE, "PDM_OVERRIDE PDM_LOCKFILE PDM_CONFIG_FILE"),
    *_all(Use.REFUSED, _FOLDER, "PDM_PROJECT"),
    *_all(
        Use.KEPT,
        _CHOICE,
        "PDM_FROZEN_LOCKFILE PDM_NO_LOCK PDM_NO_SELF PDM_NO_EDITABLE PDM_PYTHON PDM_IN_VENV"
        " PDM_IGNORE_ACTIVE_VENV PDM_IGNORE_SAVED_PYTHON PDM_USE_VENV PDM_RESOLVE_MAX_ROUNDS"
        " PDM_USE_PYTHON_VERSION PDM_PYTHON_VERSION PDM_PREFER_BINARY PDM_PYPI_JSON_API",
    ),
    *_all(Use.KEPT, _PLACE, "PDM_VENV_IN_PROJECT PDM_VENV_BACKEND PDM_VENV_PROMPT PDM_LOG_DIR"),
    *_all(Use.KEPT, _TALK, "PDM_NON_INTERACTIVE PDM_REQUEST_TIMEOUT PDM_INSTALL_PARALLEL"),
    *_all(Use.DROPPED, _BYTES, "PDM_NO_BINARY PDM_ONLY_BINARY PDM_BUILD_ISOLATION PDM_NO_CACHE"),
    *_all(Use.DROPPED, "nobody knows what it does", "PDM_*"),
)
"""Where a tool runs behind the gateway."""

EITHER: Final = (
    *_all(Use.READ, "how the guard fetches", "HTTPS_PROXY HTTP_PROXY ALL_PROXY NO_PROXY"),
    *_all(Use.READ, "whom the guard trusts", "SSL_CERT_FILE REQUESTS_CA_BUNDLE CURL_CA_BUNDLE"),
    *_all(Use.DROPPED, "it would be trusted besides the gateway", "SSL_CERT_DIR SSL_CLIENT_CERT"),
    *_all(Use.DROPPED, _CODE, "PYTHONHOME PYTHONPATH PYTHONSTARTUP"),
    *_all(Use.DROPPED, "a repository is on no index", "GIT_*"),
)
"""Of no tool in particular."""

PASSED: Final[Mapping[str, Mapping[str, str | None]]] = {
    # Else a command that only makes an environment, or looks at one, would fetch for it.
    "uv": {"UV_PYTHON_DOWNLOADS": "never", "UV_VENV_SEED": None},
    "pipx": {"PIPX_DISABLE_SHARED_LIBS_AUTO_UPGRADE": "1", "PIPX_FETCH_PYTHON": "never"},
    "pdm": {"PDM_VENV_WITH_PIP": None},
}
"""What a tool has that is passed straight on, besides what it had: `None` takes a variable away."""


def of(name: str, table: tuple[Variable, ...]) -> Variable:
    """Return what becomes of the variable `name`: the first entry that is for it.

    One that is in no table is none of a tool's, and kept.
    """
    for entry in (*table, *EITHER):
        if _is_for(entry.name, name.upper()):
            return entry
    return Variable(name, Use.KEPT, "it is none of a tool's")


def for_passed(tool: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a tool that is passed straight on."""
    changed = PASSED.get("uv" if tool == "uvx" else tool, {})
    kept = {name: value for name, value in environ.items() if name not in changed}
    return kept | {name: value for name, value in changed.items() if value is not None}


def _is_for(pattern: str, name: str) -> bool:
    first, star, last = pattern.partition("*")
    if not star:
        return pattern == name
    return name.startswith(first) and name.endswith(last) and len(name) > len(first + last)
