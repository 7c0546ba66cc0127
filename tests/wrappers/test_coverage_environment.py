from __future__ import annotations

import re
from pathlib import Path

import pytest
import uv

from guard.wrappers.coverage import Handling, Treatment, table
from guard.wrappers.coverage.environment import EITHER, GATEWAY, NATIVE, Use, for_passed, of
from tests.wrappers import helps

SOURCES = [
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONFIG_FILE", "PIP_CONSTRAINT",
    "PIP_REQUIREMENT", "PIP_TRUSTED_HOST", "PIP_PROXY", "PIP_CERT", "PIP_NO_BUILD_ISOLATION",
    "PIP_BUILD_CONSTRAINT", "PIP_NO_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_CONFIG_FILE", "UV_OVERRIDE", "UV_CONSTRAINT",
    "UV_BUILD_CONSTRAINT", "UV_EXCLUDE", "UV_NO_VERIFY_HASHES", "UV_INSECURE_HOST",
    "UV_TORCH_BACKEND", "UV_CACHE_DIR", "UV_NO_CONFIG", "UV_PROJECT", "UV_WORKING_DIR",
    "UV_NO_BUILD_ISOLATION", "UV_PYTHON_DOWNLOADS", "POETRY_REPOSITORIES_X_URL",
    "POETRY_CERTIFICATES_X_CERT", "POETRY_CACHE_DIR", "PDM_PYPI_URL", "PDM_CONFIG_FILE",
    "PDM_PYPI_VERIFY_SSL", "PDM_OVERRIDE", "PDM_LOCKFILE", "PDM_CACHE_DIR", "PIPX_FETCH_PYTHON",
    "HTTPS_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "PYTHONPATH",
    "PYTHONSTARTUP", "GIT_CONFIG_GLOBAL",
]  # fmt: skip


def test_every_variable_in_uv_s_help_is_in_the_table(tmp_path: Path) -> None:
    texts = [text for _, text in helps.walk([uv.find_uv_bin()], tmp_path, "Commands:")]
    named = {name for text in texts for name in re.findall(r"\bUV_[A-Z_]+\b", text)}
    assert len(named) > 60
    assert named - {variable.name for variable in GATEWAY} == set()


@pytest.mark.parametrize("name", SOURCES)
def test_what_adds_a_source_or_trusts_one_never_reaches_a_tool_behind_the_gateway(
    name: str,
) -> None:
    assert of(name, GATEWAY).use is not Use.KEPT
    assert of(name.lower(), GATEWAY) == of(name, GATEWAY)


@pytest.mark.parametrize("table", [NATIVE, GATEWAY], ids=["native", "gateway"])
@pytest.mark.parametrize("name", ["PIP_BRAND_NEW", "UV_BRAND_NEW"])
def test_what_nobody_knows_is_dropped(name: str, table: tuple[object, ...]) -> None:
    assert of(name, NATIVE if table is NATIVE else GATEWAY).use is Use.DROPPED


@pytest.mark.parametrize("name", ["POETRY_BRAND_NEW", "PDM_BRAND_NEW", "PIPX_BRAND_NEW"])
def test_what_nobody_knows_of_the_others_is_dropped(name: str) -> None:
    assert of(name, GATEWAY).use is Use.DROPPED


@pytest.mark.parametrize("name", ["PATH", "HOME", "VIRTUAL_ENV", "MY_UV_INDEX", "PIPELINE"])
def test_what_is_none_of_a_tool_s_is_kept(name: str) -> None:
    assert of(name, GATEWAY).use is Use.KEPT


def test_the_password_of_an_index_is_read() -> None:
    assert of("UV_INDEX_INTERNAL_PASSWORD", GATEWAY).use is Use.READ
    assert of("POETRY_HTTP_BASIC_INTERNAL_PASSWORD", GATEWAY).use is Use.READ


def test_no_variable_is_named_twice() -> None:
    for variables in ([*NATIVE, *EITHER], [*GATEWAY, *EITHER]):
        names = [variable.name for variable in variables]
        assert sorted(names) == sorted(set(names))


def test_a_variable_is_not_handed_on_where_its_option_is_refused() -> None:
    for tool, prefix in (("uv", "UV"), ("pdm", "PDM"), ("pipx", "PIPX"), ("poetry", "POETRY")):
        for entry in table(tool).commands.values():
            for option in entry.options.values():
                refused = option.treatment is Treatment.REFUSED and not option.allowed
                if entry.handling is Handling.GATEWAY and refused:
                    name = f"{prefix}_{option.name.strip('-').replace('-', '_').upper()}"
                    assert of(name, GATEWAY).use is not Use.KEPT, name


def test_a_tool_that_only_looks_fetches_nothing_for_it() -> None:
    given = {"PATH": "/bin", "UV_PYTHON_DOWNLOADS": "automatic", "UV_VENV_SEED": "1"}
    assert for_passed("uv", given) == {"PATH": "/bin", "UV_PYTHON_DOWNLOADS": "never"}
    assert for_passed("pip", given) == given


def test_every_setting_of_pip_that_is_refused_where_it_is_typed_is_in_the_table() -> None:
    travel = {"cert", "client-cert", "isolated", "keyring-provider", "no-proxy-env", "proxy"}
    travel |= {"trusted-host", "use-deprecated", "use-feature"}
    for entry in table("pip").commands.values():
        for option in entry.options.values():
            name = option.name.removeprefix("--")
            if entry.handling is not Handling.NATIVE or name in travel:
                continue
            use = of(f"PIP_{name.replace('-', '_').upper()}", NATIVE).use
            if option.treatment is Treatment.REFUSED:
                assert use is Use.REFUSED, name
