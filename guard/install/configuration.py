"""What the user configured for pip and uv: read, honoured, never rewritten."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import uv

from guard.errors import InstallerError, UsageError
from guard.install import named_indexes, pip_configuration, uv_configuration
from guard.install.pip_configuration import PipConfiguration
from guard.install.target import environment_of
from guard.model import Credentials, Index, index_url
from guard.request import IndexOptions
from guard.request.specifier import shown

_TIMEOUT: Final = 60
_NAMED: Final = re.compile(r"[A-Za-z0-9._-]+=(?=[A-Za-z][A-Za-z0-9+.-]*:)")
"""How uv has an index that is given with its name: `internal=https://…`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The indexes in the order in which they are asked, and how they are reached."""

    indexes: tuple[Index, ...]
    ca_bundle: str | None = None
    proxy: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What a resolving child gets on top of the user's own environment; may hold passwords."""

    source: str = "uv"
    """Whose configuration named the indexes."""

    def credentials(self, url: str) -> Credentials | None:
        """Return what the user gave for the place of `url`; never for another host or port."""
        place = _place(url)
        for index in self.indexes:
            if index.credentials and _place(index.url) == place:
                if not index.credentials.password:
                    return _from_keyring(index.url, index.credentials.username)
                return index.credentials
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class UvIndexes:
    """How uv is told which indexes to use, and whose configuration named them."""

    environment: Mapping[str, str] = field(repr=False)
    source: str = "uv"
    no_index: bool = False

    @property
    def options(self) -> tuple[str, ...]:
        """What no variable can say."""
        return ("--no-index",) if self.no_index else ()


def uv_indexes(options: Sequence[IndexOptions], *, python: Path) -> UvIndexes:
    """Return how uv is told its indexes for a run.

    uv's own files and variables come first. Where they name no index, pip's do: an index that a
    company configured for pip must not be passed by because the guard resolves with uv.
    """
    asked = _merged(options)
    pip = pip_configuration.read(prefix=environment_of(python))
    environment = {}
    if pip.constraints and not os.environ.get("UV_CONSTRAINT"):
        environment["UV_CONSTRAINT"] = " ".join(pip.constraints)
    own = UvIndexes(environment=environment | _uv_environment(asked), no_index=asked.no_index)
    if _names_an_index(asked) or not _names_an_index(pip.indexes):
        return own
    if _emitted(UvIndexes(environment={}), python) != _built_in(python):
        return own
    environment |= _uv_environment(pip.indexes)
    # What pip means by several indexes: the best version wins, whoever has it. The rule
    # `foreign-index` is what keeps that from being an attack.
    environment["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return UvIndexes(environment=environment, source="pip", no_index=pip.indexes.no_index)


def for_uv(told: UvIndexes, *, python: Path) -> Configuration:
    """Return the configuration of uv when it is `told` so: it is uv that says which indexes."""
    pip = pip_configuration.read(prefix=environment_of(python))
    given = named_indexes.credentials({**os.environ, **told.environment}, folder=Path.cwd())
    return Configuration(
        indexes=tuple(
            index if index.credentials else replace(index, credentials=given.get(index.url))
            for index in _indexes(_emitted(told, python), extra_first=True)
        ),
        ca_bundle=_ca_bundle(pip, uv_first=True),
        proxy=pip.options.get("proxy") if told.source == "pip" else None,
        environment=told.environment,
        source=told.source,
    )


def of_tables(tables: Iterable[Mapping[str, object]]) -> tuple[Index, ...]:
    """Return the indexes of `[[tool.uv.index]]` tables, those for single projects as well.

    uv does not say the ones that are `explicit` where it is asked for its indexes.
    """
    given = named_indexes.credentials(os.environ, folder=Path.cwd())
    found: dict[str, Index] = {}
    for table in tables:
        url = table.get("url")
        if isinstance(url, str):
            index = _index(url, flat=table.get("format") == "flat")
            credentials = index.credentials or given.get(index.url)
            found.setdefault(index.url, replace(index, credentials=credentials))
    return tuple(found.values())


def built_in(python: Path) -> str:
    """Return the URL of the index that every installer has built in; it is written nowhere here."""
    url = _built_in(python).index_url
    if url is None:
        raise InstallerError("uv does not say which index it has built in", exit_code=70)
    return url


def index(url: str) -> Index:
    """Return the index at `url`, which may hold credentials. Raises `UsageError`."""
    return _index(url, flat=False)


def for_pip(options: Sequence[IndexOptions], *, python: Path) -> Configuration:
    """Return the configuration under which pip resolves."""
    pip = pip_configuration.read(prefix=environment_of(python))
    asked = _unnamed(_merged(options, files_first=True))
    no_index = asked.no_index or pip.indexes.no_index
    merged = IndexOptions(
        index_url=None
        if no_index
        else asked.index_url or pip.indexes.index_url or _built_in(python).index_url,
        extra_index_urls=() if no_index else asked.extra_index_urls + pip.indexes.extra_index_urls,
        find_links=asked.find_links + pip.indexes.find_links,
    )
    environment = {}
    if asked.index_url:
        environment["PIP_INDEX_URL"] = asked.index_url
    if asked.extra_index_urls:
        environment["PIP_EXTRA_INDEX_URL"] = " ".join(merged.extra_index_urls)
    if asked.find_links:
        environment["PIP_FIND_LINKS"] = " ".join(merged.find_links)
    return Configuration(
        indexes=tuple(_indexes(merged, extra_first=False)),
        ca_bundle=_ca_bundle(pip, uv_first=False),
        proxy=pip.options.get("proxy"),
        environment=environment,
        source="pip",
    )


def _merged(options: Sequence[IndexOptions], *, files_first: bool = False) -> IndexOptions:
    """Join the options of the command line, which come first in `options`, and of the files.

    There is one index-url: for uv the command line's is stronger than any file's, for pip the one
    that was read last is.
    """
    urls = [o.index_url for o in options if o.index_url]
    first = options[0].index_url if options and not files_first else None
    return IndexOptions(
        index_url=first or (urls[-1] if urls else None),
        extra_index_urls=tuple(dict.fromkeys(u for o in options for u in o.extra_index_urls)),
        find_links=tuple(dict.fromkeys(_link(u) for o in options for u in o.find_links)),
        no_index=any(o.no_index for o in options),
    )


def _link(place: str) -> str:
    """Return a folder as a URL: its path may have what separates words in a variable."""
    return place if "://" in place else Path(place).expanduser().absolute().as_uri()


def _unnamed(options: IndexOptions) -> IndexOptions:
    """Return `options` without the names that indexes have for uv alone."""
    return replace(
        options,
        index_url=options.index_url and _NAMED.sub("", options.index_url),
        extra_index_urls=tuple(_NAMED.sub("", url) for url in options.extra_index_urls),
    )


def _names_an_index(options: IndexOptions) -> bool:
    return bool(
        options.index_url or options.extra_index_urls or options.find_links or options.no_index
    )


def _uv_environment(options: IndexOptions) -> dict[str, str]:
    """Say `options` in variables, for URLs may hold passwords and argument vectors are public."""
    environment = {}
    if options.index_url:
        environment["UV_DEFAULT_INDEX"] = options.index_url
    if options.extra_index_urls:
        inherited = os.environ.get("UV_INDEX", "").split()
        environment["UV_INDEX"] = " ".join((*options.extra_index_urls, *inherited))
    if options.find_links:
        inherited = [link for link in os.environ.get("UV_FIND_LINKS", "").split(",") if link]
        environment["UV_FIND_LINKS"] = ",".join((*options.find_links, *inherited))
    return environment


def _emitted(told: UvIndexes, python: Path) -> IndexOptions:
    """Return the indexes that uv says it would use when it is `told` so."""
    return _asked(told.options, python, environment={**os.environ, **told.environment})


@functools.cache
def _built_in(python: Path) -> IndexOptions:
    """Return the index of an installer that nobody configured: pip's and uv's is the same one."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    return _asked(["--no-config"], python, environment=bare)


def _asked(options: Sequence[str], python: Path, *, environment: Mapping[str, str]) -> IndexOptions:
    """Ask uv for its indexes by a resolution of nothing. Raises `UsageError`, `InstallerError`."""
    tuple(uv_configuration.tables(environment, folder=Path.cwd()))  # uv would wait for a pipe
    command = [uv.find_uv_bin(), "pip", "compile", "--emit-index-url", "--emit-find-links"]
    command += ["--quiet", "--no-header", "--offline", "--python", str(python), *options]
    with tempfile.TemporaryDirectory(prefix="guard-") as folder:
        # Else it might be a file of the user's, whose configuration can name one.
        output = Path(folder, "nothing.txt")
        command += ["--output-file", str(output), "-"]
        _run(command, environment)
        lines = output.read_text(encoding="utf-8").splitlines()
    found: dict[str, list[str]] = {}
    for line in lines:
        option, _, value = line.partition(" ")
        found.setdefault(option, []).append(value.strip())
    return IndexOptions(
        index_url=next(iter(found.get("--index-url", ())), None),
        extra_index_urls=tuple(found.get("--extra-index-url", ())),
        find_links=tuple(found.get("--find-links", ())),
    )


def _run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    try:
        result = subprocess.run(
            command,
            input="",
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
            env=environment,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallerError("uv could not be started", reason=str(error), exit_code=70) from None
    if result.returncode:
        raise InstallerError(
            "uv does not accept its configuration",
            exit_code=result.returncode,
            output="\n".join(map(shown, result.stderr.strip().splitlines())),
            hint="the file or variable that it names is yours; nothing was installed",
        )


def _indexes(options: IndexOptions, *, extra_first: bool) -> Iterator[Index]:
    default = [options.index_url] if options.index_url else []
    urls: Iterable[str] = (
        (*options.extra_index_urls, *default)
        if extra_first
        else (*default, *options.extra_index_urls)
    )
    seen = set()
    for url, flat in [(u, False) for u in urls] + [(u, True) for u in options.find_links]:
        index = _index(url, flat=flat)
        if index.url not in seen:
            seen.add(index.url)
            yield index


def _index(url: str, *, flat: bool) -> Index:
    if "://" not in url:
        url = Path(url).expanduser().resolve().as_uri()
    try:
        parts = urlsplit(url)
        credentials = (
            Credentials(unquote(parts.username), unquote(parts.password or ""))
            if parts.username
            else None
        )
        return Index(url=index_url(url), credentials=credentials, flat=flat)
    except ValueError:  # whose words would repeat a part of the password
        raise UsageError(
            "an index that is configured is not a URL",
            reason="its host or port cannot be read",
            hint="in a password, write %2F for a slash, %40 for an @ and %5B for a bracket",
        ) from None


def _place(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(index_url(url))
    return parts.scheme, parts.hostname, parts.port


def _ca_bundle(pip: PipConfiguration, *, uv_first: bool) -> str | None:
    theirs = pip.options.get("cert")
    ours = os.environ.get("SSL_CERT_FILE")
    requests = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    return (ours or theirs or requests) if uv_first else (theirs or requests or ours)


@functools.cache
def _from_keyring(url: str, username: str) -> Credentials | None:
    """Ask the `keyring` command for the password, as pip and uv do; without one there is none."""
    command = shutil.which("keyring")
    if command is None:
        return None
    try:
        result = subprocess.run(
            [command, "get", url, username],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    password = result.stdout.strip("\n")
    return Credentials(username, password) if result.returncode == 0 and password else None
