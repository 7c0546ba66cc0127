"""What each tool really has of the variables that the table of coverage names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from guard.cli import scrubbed
from guard.errors import UnsupportedError
from guard.gateway import child, pdm_settings, poetry_settings
from guard.gateway.pdm_settings import Settings as PdmSettings
from guard.gateway.poetry_project import of_poetry
from guard.gateway.poetry_settings import Settings as PoetrySettings
from guard.wrappers.coverage.environment import EITHER, GATEWAY, Use, Variable

_PROXY: Final = "http://guard:x@127.0.0.1:1"
_HERE: Final = Path("/nowhere")
_ANY: Final = "CERT"
"""What a star in a name stands for here."""


def _for_uv(environ: Mapping[str, str], _: Path) -> dict[str, str]:
    return scrubbed.for_uv(
        environ, proxy=_PROXY, authority=_HERE, cache=_HERE, config=_HERE / "uv.toml"
    )


def _for_poetry(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    (folder / "pyproject.toml").write_text(
        '[tool.poetry]\npackage-mode = false\n[[tool.poetry.source]]\nname = "any"\n'
        'url = "https://index.example.com/simple"\n'
    )
    own = poetry_settings.variables(
        PoetrySettings(own={}, secrets={}, local={}, environ=environ),
        of_poetry(folder),
        authority=_HERE,
        cache=_HERE,
        config=_HERE,
    )
    return _with(environ, "POETRY_", own)


def _for_pdm(environ: Mapping[str, str], _: Path) -> dict[str, str]:
    settings = PdmSettings(own={}, local={}, environ=environ)
    return _with(environ, "PDM_", pdm_settings.variables(settings, cache=_HERE, config=_HERE))


def _with(environ: Mapping[str, str], prefix: str, own: dict[str, str]) -> dict[str, str]:
    kept = scrubbed.kept(environ, prefixes=(prefix,))
    return kept | child.leading(_PROXY, _HERE) | own


_TOOLS: Final[Mapping[str, Callable[[Mapping[str, str], Path], dict[str, str]]]] = {
    "UV_": _for_uv,
    "POETRY_": _for_poetry,
    "PDM_": _for_pdm,
    "PIP": lambda environ, _: scrubbed.kept(environ, prefixes=("PIPX_", "PIP_")),
}
"""The environments of the tools, by how the names of their variables begin."""


def _rows() -> Iterator[tuple[str, Variable]]:
    for prefix in _TOOLS:
        for variable in GATEWAY:
            if variable.name.startswith(prefix):
                yield prefix, variable
    for variable in EITHER:
        yield "UV_", variable


@pytest.mark.parametrize(("prefix", "variable"), list(_rows()), ids=lambda each: each[0])
def test_a_tool_has_what_the_table_says(prefix: str, variable: Variable, tmp_path: Path) -> None:
    name = variable.name.replace("*", _ANY)
    if variable.name == "POETRY_CERTIFICATES_*":
        name = "POETRY_CERTIFICATES_ANY_CERT"
    if variable.use is Use.REFUSED:
        with pytest.raises(UnsupportedError, match=f"`{name}` is not supported"):
            _TOOLS[prefix]({name: "value"}, tmp_path)
        for value in ("", *variable.allowed):
            assert _TOOLS[prefix]({name: value}, tmp_path).get(name) != (value or "value")
        return
    told = _TOOLS[prefix]({name: "value"}, tmp_path)
    if variable.use in {Use.KEPT, Use.JUDGED}:
        assert told[name] == "value"
    elif variable.use is Use.SET and prefix != "PIP":  # those of pip are set where pipx is started
        assert told[name] != "value"
    elif name in {"PDM_PYPI_URL", "PDM_IGNORE_STORED_INDEX"}:
        assert told[name].endswith("value")  # the guard has read it, and asks in pdm's stead
    else:
        assert told.get(name) != "value"


@pytest.mark.parametrize("prefix", ["POETRY_", "PDM_", "PIP"])
def test_what_is_uv_s_alone_is_not_refused_for_another_tool(prefix: str, tmp_path: Path) -> None:
    told = _TOOLS[prefix]({"UV_PROJECT": "x", "UV_INDEX": "https://a.example.com"}, tmp_path)
    assert not told.keys() & {"UV_PROJECT", "UV_INDEX"}


def test_an_index_with_a_password_is_not_told_to_pdm(tmp_path: Path) -> None:
    told = _for_pdm({"PDM_PYPI_URL": "https://me:secret@a.example.com/simple"}, tmp_path)
    assert told["PDM_PYPI_URL"] == "https://a.example.com/simple"
