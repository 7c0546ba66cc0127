"""Poetry's configuration for the child: what the user's files say, without what says how to fetch.

Poetry reads its own folder of configuration and the project's `poetry.toml`; variables come before
both. The child is given another folder, and the variables that must not be anybody else's.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from guard.errors import UnsupportedError
from guard.gateway.documents import table, toml
from guard.gateway.poetry_project import Project
from guard.model import Credentials
from guard.private import private_folder, write_private

_APP: Final = "pypoetry"
_KEPT: Final = frozenset({"data-dir", "python", "requests", "solver", "virtualenvs"})
"""Settings that say what is chosen, or where it is put."""

_KEPT_OF_INSTALLER: Final = frozenset(
    {"builtin-uninstall", "max-workers", "modern-installation", "parallel", "re-resolve"}
)
_PLACE: Final = re.compile(r"\{(cache-dir|data-dir)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What poetry is configured with."""

    own: Mapping[str, Any]
    """The user's own file."""

    secrets: Mapping[str, Any]
    """The user's file of passwords."""

    local: Mapping[str, Any]
    """The project's file: anybody may have written it."""

    environ: Mapping[str, str]

    def virtualenvs(self, name: str) -> object:
        """Return the setting `virtualenvs.NAME`; the strongest counts."""
        variable = f"POETRY_VIRTUALENVS_{name.upper().replace('-', '_')}"
        if (said := self.environ.get(variable)) is not None:
            return said if name == "path" else said.lower() in {"1", "true"}
        for file in (self.local, self.own):
            if name in (found := table(file.get("virtualenvs"))):
                return found[name]
        return None

    @property
    def path(self) -> Path:
        """The folder of the environments that are in no project."""
        said = self.virtualenvs("path")
        written = said if isinstance(said, str) else "{cache-dir}/virtualenvs"
        return Path(_PLACE.sub(self._place, written)).expanduser().absolute()

    def _place(self, match: re.Match[str]) -> str:
        import platformdirs  # noqa: PLC0415 - only where poetry is wrapped

        if match[1] == "data-dir":
            default = self.environ.get("POETRY_HOME") or platformdirs.user_data_dir(
                _APP, appauthor=False, roaming=True
            )
        else:
            default = self.environ.get("POETRY_CACHE_DIR") or ""
        said = next((f[match[1]] for f in (self.local, self.own) if match[1] in f), None)
        if match[1] == "data-dir":
            return str(said or default)
        return default or str(said or platformdirs.user_cache_dir(_APP, appauthor=False))

    @property
    def certificate(self) -> str | None:
        """The file of whom the user trusts, where one is configured for a source."""
        for entry in table(self.own.get("certificates")).values():
            if isinstance(path := table(entry).get("cert"), str):
                return str(Path(path).expanduser())
        return None

    def credentials(self, source: str) -> Credentials | None:
        """Return what the user gave for a source; never what the project says."""
        key = source.upper().replace("-", "_")
        username = self.environ.get(f"POETRY_HTTP_BASIC_{key}_USERNAME")
        password = self.environ.get(f"POETRY_HTTP_BASIC_{key}_PASSWORD")
        for file in (self.secrets, self.own):
            entry = table(table(file.get("http-basic")).get(source))
            username = username or entry.get("username")
            password = password or entry.get("password")
        if username is None and password is None:
            return None
        return Credentials(str(username or ""), str(password or ""))


def read(environ: Mapping[str, str], project: Project | None) -> Settings:
    """Return the settings that poetry would find. Raises `UsageError`."""
    import platformdirs  # noqa: PLC0415 - only where poetry is wrapped

    named = environ.get("POETRY_CONFIG_DIR")
    shared = platformdirs.user_config_dir(_APP, appauthor=False, roaming=True)
    folder = Path(named or shared)
    return Settings(
        own=_file(folder / "config.toml"),
        secrets=_file(folder / "auth.toml"),
        local=_file(project.root / "poetry.toml") if project else {},
        environ=environ,
    )


def places(settings: Settings, project: Project) -> tuple[tuple[Path, str], ...]:
    """Return where poetry would install, as folders and patterns in them.

    Raises `UnsupportedError` where that is no environment, but a Python that others use as well.
    """
    environ = settings.environ
    active = environ.get("VIRTUAL_ENV", environ.get("CONDA_PREFIX"))
    if active and environ.get("CONDA_DEFAULT_ENV") != "base":
        return ((Path(active).absolute().parent, Path(active).name),)
    inside = settings.virtualenvs("in-project")
    if inside or (inside is None and (project.root / ".venv").is_dir()):
        return ((project.root, ".venv"),)
    if settings.virtualenvs("create") is False:
        raise UnsupportedError(
            "`virtualenvs.create = false` is not supported without an environment",
            reason="what is installed for everybody could not be put back after a denial",
            hint="make an environment and activate it",
        )
    return ((settings.path, project.environments), (project.root, ".venv"))


def write(settings: Settings, folder: Path) -> Path:
    """Write the child's own configuration below `folder`. Raises `OSError`."""
    import tomli_w  # noqa: PLC0415 - only where a tool is wrapped

    kept = {name: settings.own[name] for name in sorted(_KEPT & settings.own.keys())}
    installer = table(settings.own.get("installer"))
    kept["installer"] = {name: installer[name] for name in _KEPT_OF_INSTALLER & installer.keys()}
    body = tomli_w.dumps(kept).encode()
    place = folder / f"poetry-{hashlib.sha256(body).hexdigest()[:16]}"
    private_folder(folder)
    private_folder(place)
    write_private(place / "config.toml", body)
    return place


def variables(
    settings: Settings, project: Project | None, *, authority: Path, cache: Path, config: Path
) -> dict[str, str]:
    """Return what poetry is told besides the proxy: no configuration can say otherwise."""
    given = {
        "POETRY_CACHE_DIR": str(cache / "poetry"),
        "POETRY_CONFIG_DIR": str(config),
        "POETRY_VIRTUALENVS_PATH": str(settings.path),
        "POETRY_INSTALLER_ONLY_BINARY": ":all:",
        "POETRY_INSTALLER_NO_BINARY": ":none:",
        "POETRY_KEYRING_ENABLED": "false",
        "POETRY_SYSTEM_GIT_CLIENT": "true",  # which heeds GIT_ALLOW_PROTOCOL
    }
    for source in project.sources if project else ():
        key = f"POETRY_CERTIFICATES_{source.name.upper().replace('-', '_')}"
        given |= {f"{key}_CERT": str(authority), f"{key}_VERIFY": str(authority)}
    return given


def _file(path: Path) -> Mapping[str, Any]:
    return toml(path) if path.is_file() else {}
