"""uv's configuration for the child: what the user's files say, as far as it was read and judged.

The child is given this one file instead of the user's. What would only say how bytes travel is left
out, for they travel through the gateway; what would add a source that nobody judges is refused.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from guard.errors import UnsupportedError
from guard.install import uv_configuration
from guard.private import private_folder, write_private

_KEPT: Final = frozenset(
    {
        "compile-bytecode",
        "concurrent-builds",
        "concurrent-downloads",
        "concurrent-installs",
        "config-settings",
        "config-settings-package",
        "dependency-metadata",
        "exclude-newer",
        "exclude-newer-package",
        "extra-build-dependencies",
        "extra-build-variables",
        "extra-index-url",
        "fork-strategy",
        "index",
        "index-strategy",
        "index-url",
        "link-mode",
        "no-binary",
        "no-binary-package",
        "no-build",
        "no-build-isolation",
        "no-build-isolation-package",
        "no-build-package",
        "no-sources",
        "no-sources-package",
        "prerelease",
        "preview",
        "preview-features",
        "python-preference",
        "reinstall",
        "reinstall-package",
        "required-version",
        "resolution",
        "upgrade",
        "upgrade-package",
    }
)
"""Settings that say what is chosen, or how it is put in place."""

_NAMING: Final = frozenset(
    {"constraint-dependencies", "exclude-dependencies", "override-dependencies"}
)
"""Settings that name projects. uv heeds them outside of projects; inside, it reads its own."""

_KEPT_OF_PIP: Final = frozenset(
    {
        "all-extras",
        "annotation-style",
        "custom-compile-command",
        "emit-build-options",
        "emit-index-annotation",
        "emit-index-url",
        "emit-marker-expression",
        "exclude-newer",
        "exclude-newer-package",
        "extra",
        "fork-strategy",
        "generate-hashes",
        "group",
        "no-annotate",
        "no-deps",
        "no-emit-package",
        "no-extra",
        "no-header",
        "no-sources",
        "no-strip-extras",
        "no-strip-markers",
        "output-file",
        "prerelease",
        "python-platform",
        "python-version",
        "resolution",
        "universal",
        "upgrade",
        "upgrade-package",
    }
)
"""What `uv pip compile` heeds of the settings of `uv pip`: what is chosen, and what is written."""

_REFUSED: Final = {
    "find-links": "its files lie on no index, so nothing is known of them",
    "torch-backend": "it names indexes of uv's own",
}


def merged(tables: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the settings of several files as uv joins them, the nearest file first.

    Raises `UnsupportedError` for one that would let something in which nobody judges.
    """
    found: dict[str, Any] = {}
    for table in tables:
        for name, value in table.items():
            if name in _REFUSED and value:
                raise _refused(f"`{name}` in uv's configuration", _REFUSED[name])
            kept = value
            if name == "pip" and isinstance(value, dict):
                kept = {key: value[key] for key in value.keys() & _KEPT_OF_PIP}
            elif name not in _KEPT | _NAMING:
                continue
            found[name] = _joined(found.get(name), kept)
    for name in _NAMING & found.keys():
        _refuse_addresses(name, found[name])
    for index in found.get("index", []):
        if isinstance(index, dict) and index.get("format") == "flat":
            raise _refused("an index whose format is `flat`", "it has no project pages")
    return found


def _joined(nearer: Any, further: Any) -> Any:  # noqa: ANN401 - any value of TOML
    """Return what two files come to of which each says something, the nearer one maybe nothing."""
    match nearer, further:
        case None, _:
            return further
        case list(), list():
            return [*nearer, *further]
        case dict(), dict():
            return further | nearer
        case _:
            return nearer


def write(folder: Path, environ: Mapping[str, str], *, here: Path) -> Path:
    """Write the configuration of the child below `folder`. Raises `OSError`, `UnsupportedError`."""
    import tomli_w  # noqa: PLC0415 - only where a tool is wrapped

    settings = merged(uv_configuration.tables(environ, folder=here))
    body = tomli_w.dumps(settings).encode()
    path = folder / f"uv-{hashlib.sha256(body).hexdigest()[:16]}.toml"
    private_folder(folder)
    write_private(path, body)
    return path


def _refuse_addresses(name: str, entries: object) -> None:
    """Refuse a requirement that leads past every index."""
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - costs

    for entry in entries if isinstance(entries, list) else []:
        with contextlib.suppress(InvalidRequirement):  # uv itself says what is wrong with it
            if isinstance(entry, str) and Requirement(entry).url is not None:
                raise _refused(f"a URL or path in `{name}`", "it is on no index")


def _refused(what: str, why: str) -> UnsupportedError:
    return UnsupportedError(
        f"{what} is not supported behind the gateway",
        reason=why,
        hint="put the wheels on an index of your own, and name that",
    )
