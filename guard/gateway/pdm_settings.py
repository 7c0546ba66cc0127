"""pdm's configuration for the child: what the user's files say, without what says how to fetch.

The child is given one file instead of the user's and the machine's. A project's own `pdm.toml` pdm
reads in any case; what there would let something in is refused.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from guard.errors import UnsupportedError
from guard.gateway.documents import table, toml
from guard.gateway.pdm_project import Project, Source, expanded, saved_environment
from guard.private import private_folder, write_private

_KEPT: Final = (
    "global_project",
    "install",
    "lock",
    "python",
    "scripts",
    "strategy",
    "theme",
    "venv",
)
"""The groups of settings that say what is chosen, how it is put in place, and what is printed."""

_OF_PYPI: Final = ("ignore_stored_index", "json_api")
_TRUE: Final = frozenset({"1", "true", "yes", "on", "y"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What pdm is configured with."""

    own: Mapping[str, Any]
    """The user's file, over the machine's; names with a dot in them."""

    local: Mapping[str, Any]
    """The project's file: anybody may have written it."""

    environ: Mapping[str, str]

    def get(self, name: str, variable: str | None = None) -> object:
        """Return a setting; the strongest counts."""
        if variable and variable in self.environ:
            return self.environ[variable]
        return self.local.get(name, self.own.get(name))

    def has(self, name: str, variable: str | None = None, *, default: bool = False) -> bool:
        """Tell whether a setting is true."""
        said = self.get(name, variable)
        return default if said is None else str(said).lower() in _TRUE

    @property
    def location(self) -> Path:
        """Where environments are that are in no project."""
        import platformdirs  # noqa: PLC0415 - only where pdm is wrapped

        said = self.own.get("venv.location")
        default = Path(platformdirs.user_data_dir("pdm")) / "venvs"
        return Path(str(said)).expanduser() if said else default

    def sources(self, project: Project | None) -> Iterator[Source]:
        """Yield every source that pdm would ask, with what it would say who asks.

        Of the index that is built in, the URL is `None`.
        """
        found = {source.name: source for source in (project.sources if project else ())}
        stored = not self.has("pypi.ignore_stored_index", "PDM_IGNORE_STORED_INDEX")
        for file in (self.local, self.own):
            for source in _stored(file, self.environ):
                if source.name in found:
                    found[source.name] = _completed(found[source.name], source)
                elif stored:
                    found[source.name] = source
        url = self.get("pypi.url", "PDM_PYPI_URL")
        username = self.get("pypi.username", "PDM_PYPI_USERNAME")
        password = self.get("pypi.password", "PDM_PYPI_PASSWORD")
        default = Source(
            name="pypi",
            url=expanded(url, self.environ) if isinstance(url, str) else None,
            username=str(username) if username else None,
            password=str(password) if password else None,
        )
        if "pypi" in found:
            yield _completed(found.pop("pypi"), default)
        elif stored:
            yield default
        yield from found.values()


def read(environ: Mapping[str, str], project: Project | None) -> Settings:
    """Return the settings that pdm would find. Raises `UsageError` and `UnsupportedError`."""
    import platformdirs  # noqa: PLC0415 - only where pdm is wrapped

    machine = _file(Path(platformdirs.site_config_dir("pdm")) / "config.toml")
    own = machine | _file(Path(platformdirs.user_config_dir("pdm")) / "config.toml")
    local: dict[str, Any] = {}
    for name in (".pdm.toml", "pdm.toml") if project else ():
        local |= _file(project.root / name) if project else {}
    settings = Settings(own=own, local=local, environ=environ)
    _check(settings)
    return settings


def _check(settings: Settings) -> None:
    """Refuse what the guard has no way for."""
    if settings.has("use_uv", "PDM_USE_UV"):
        raise _refused("`use_uv`", "uv would be started with what pdm makes of it", "unset it")
    if settings.get("lock.format") == "pylock":
        raise _refused("`lock.format = pylock`", "what it locks is not read", "`guard lock`")
    if str(settings.local.get("install.cache", "")).lower() in _TRUE:
        raise _refused(
            "`install.cache` in `pdm.toml`",
            "the environment would lead into a cache of the guard's",
            "take it away",
        )
    if not settings.has("python.use_venv", "PDM_USE_VENV", default=True):
        raise _refused(
            "`python.use_venv = false`", "there is no environment to put back", "set it to true"
        )


def places(settings: Settings, project: Project) -> Iterator[tuple[Path, str]]:
    """Yield where pdm would install, as folders and patterns in them."""
    environ = settings.environ
    yield project.root, ".venv"
    yield settings.location, project.environments
    active = environ.get("VIRTUAL_ENV", environ.get("CONDA_PREFIX"))
    saved = saved_environment(project, environ)
    for place in (Path(active) if active else None, saved):
        if place is not None and place.parent != project.root:
            yield place.absolute().parent, place.name


def write(settings: Settings, folder: Path) -> Path:
    """Write the child's own configuration below `folder`. Raises `OSError`."""
    import tomli_w  # noqa: PLC0415 - only where a tool is wrapped

    kept: dict[str, Any] = {}
    for name, value in sorted(settings.own.items()):
        group, _, rest = name.partition(".")
        if group in _KEPT or (group == "pypi" and rest in _OF_PYPI):
            kept.setdefault(group, {})[rest] = value
    # An environment must not lead into a cache that is not the user's.
    kept.setdefault("install", {})["cache"] = False
    pypi = kept.setdefault("pypi", {})
    if isinstance(url := settings.own.get("pypi.url"), str):
        pypi["url"] = _bare(url)
    for source in _stored(settings.own, {}):
        pypi[source.name] = {"url": _bare(source.url or "")}
        listed = table(settings.own.get(f"pypi.{source.name}"))
        only = ("include_packages", "exclude_packages")
        pypi[source.name] |= {name: listed[name] for name in only if name in listed}
    body = tomli_w.dumps(kept).encode()
    path = folder / f"pdm-{hashlib.sha256(body).hexdigest()[:16]}.toml"
    private_folder(folder)
    write_private(path, body)
    return path


def variables(settings: Settings, *, cache: Path, config: Path) -> dict[str, str]:
    """Return what pdm is told besides the proxy."""
    given = {
        "PDM_CACHE_DIR": str(cache / "pdm"),
        "PDM_CONFIG_FILE": str(config),
        "PDM_PYPI_VERIFY_SSL": "1",
        "PDM_CHECK_UPDATE": "0",
    }
    for name in ("PDM_PYPI_URL", "PDM_IGNORE_STORED_INDEX"):
        if name in settings.environ:
            given[name] = _bare(settings.environ[name])
    return given


def _stored(file: Mapping[str, Any], environ: Mapping[str, str]) -> Iterator[Source]:
    """Yield the sources that a file of configuration names: `pypi.NAME.url`."""
    for name, entry in file.items():
        group, _, rest = name.partition(".")
        url = table(entry).get("url")
        if group != "pypi" or not isinstance(entry, dict) or not isinstance(url, str):
            continue
        if entry.get("type", "index") != "index":
            raise _refused(f"the source `{rest}`", "it has no project pages", "name an index")
        username, password = entry.get("username"), entry.get("password")
        yield Source(
            name=rest,
            url=expanded(url, environ),
            username=str(username) if username else None,
            password=str(password) if password else None,
        )


def _completed(source: Source, other: Source) -> Source:
    return replace(
        source,
        url=source.url or other.url,
        username=source.username or other.username,
        password=source.password or other.password,
    )


def _bare(url: str) -> str:
    """Return a URL without who asks: the guard asks."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def _file(path: Path) -> dict[str, Any]:
    """Return a file of configuration as pdm has it: `{"pypi.url": …, "pypi.inner": {…}}`."""
    if not path.is_file() or os.path.getsize(path) == 0:  # noqa: PTH202 - as pdm does
        return {}
    found: dict[str, Any] = {}
    for group, value in toml(path).items():
        for name, entry in value.items() if isinstance(value, dict) else [("", value)]:
            found[f"{group}.{name}" if name else group] = entry
    return found


def _refused(what: str, why: str, nearest: str) -> UnsupportedError:
    return UnsupportedError(f"{what} is not supported behind the gateway", reason=why, hint=nearest)
