"""Names that could be mistaken for others: those that were, and those that must not be."""

from __future__ import annotations

import re
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import NormalizedName, canonicalize_name

from guard.names import Kind, nearest, skeleton
from guard.names.affixes import SERVICES, cores
from guard.names.lists import brands, projects
from guard.names.resemblance import REACH, _changed_word, _edit

LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
PROTECTED: Final = [name for name in list(projects())[:REACH] if len(name) >= 5]

protected = st.sampled_from(PROTECTED)
words = st.text("abin-", min_size=1, max_size=6)


def alike(name: str) -> tuple[Kind, str, str] | None:
    found = nearest(canonicalize_name(name))
    return None if found is None else (found.kind, found.name, found.difference)


@pytest.mark.parametrize(
    ("name", "kind", "other", "difference"),
    [
        # Attacks of 2017 to 2025.
        ("jeIlyfish", Kind.SKELETON, "jellyfish", "'i' in place of 'l'"),
        ("python3-dateutil", Kind.EDIT, "python-dateutil", "'3' added"),
        ("colourama", Kind.EDIT, "colorama", "'u' added"),
        ("request", Kind.EDIT, "requests", "'s' left out"),
        ("pytz3-dev", Kind.AFFIX, "pytz", "'3-dev' added"),
        ("requests-darwin-lite", Kind.AFFIX, "requests", "'-darwin-lite' added"),
        ("fabrice", Kind.EDIT, "fabric", "'e' added"),
        ("deepseeek", Kind.EDIT, "deepseek", "'e' added"),
        ("deepseekai", Kind.AFFIX, "deepseek", "'ai' added"),
        ("solana-token", Kind.AFFIX, "solana", "'-token' added"),
        ("mitmproxy2", Kind.EDIT, "mitmproxy", "'2' added"),
        ("pandar", Kind.EDIT, "pandas", "'r' in place of 's'"),
        # One of each kind more.
        ("rnatplotlib", Kind.SKELETON, "matplotlib", "'rn' in place of 'm'"),
        ("b0t0c0re", Kind.SKELETON, "botocore", "'0t0c0' in place of 'otoco'"),
        ("vvrapt", Kind.SKELETON, "wrapt", "'vv' in place of 'w'"),
        ("pyth0ndateutil", Kind.SKELETON, "python-dateutil", "'0n' in place of 'on-'"),
        ("pythondateutil", Kind.SEPARATORS, "python-dateutil", "only hyphens differ"),
        ("reqeusts", Kind.TRANSPOSITION, "requests", "'eu' in place of 'ue'"),
        ("panclas", Kind.EDIT, "pandas", "'cl' in place of 'd'"),
        ("dickhouse-connect", Kind.EDIT, "clickhouse-connect", "'d' in place of 'cl'"),
        ("py-requests", Kind.AFFIX, "requests", "'py-' added"),
        ("official-requests-v2", Kind.AFFIX, "requests", "'official-' and '-v2' added"),
        ("tensorflowpro", Kind.AFFIX, "tensorflow", "'pro' added"),
        ("litellm-sdk", Kind.AFFIX, "litellm", "'-sdk' added"),
        ("deep-seek", Kind.SEPARATORS, "deepseek", "only hyphens differ"),
    ],
)
def test_a_lookalike_is_found(name: str, kind: Kind, other: str, difference: str) -> None:
    assert alike(name) == (kind, other, difference)


@pytest.mark.parametrize(
    "name",
    [
        "tsshare",  # of tushare, which is not among the 5,000
        "semantic-types",  # like nothing: it was a dependency of lookalikes
        "noblesse",
        "pytagora2",
        "neural-compressor-jax",
    ],
)
def test_an_attack_whose_name_is_like_no_other_is_not_found(name: str) -> None:
    assert alike(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "types-requests",
        "types-acme",
        "requests-stubs",
        "requests-acme-auth",
        "pytest-requests",
        "django-requests",
        "opentelemetry-instrumentation-requests",
        "opentelemetry-instrumentation-acme",
        "langchain-deepseek",
        "mypy-boto3-ecx",  # mypy-boto3-ecr and -ecs: one short word of a family
        "nvidia-cublas-cu14",
        "flake8-2020",
        "acme-billing",
        "six2",  # of too few letters
        "clash",  # of dash
        "dev",
        "python-dev",
        "pyqrcode-terminal-acme",
        "pyplotly",  # as bindings are named
        "v2",
        "a",
    ],
)
def test_an_honest_name_is_like_no_other(name: str) -> None:
    assert alike(name) is None


def test_what_is_on_a_list_is_never_a_lookalike() -> None:
    known = [*projects(), *brands()]
    assert [name for name in known if nearest(canonicalize_name(name)) is not None] == []


def test_the_most_popular_of_several_counts() -> None:
    found = nearest(canonicalize_name("pyjaml"))
    assert found is not None
    assert (found.name, found.rank) == ("pyyaml", projects()["pyyaml"])


def test_a_brand_gives_the_project_of_its_makers() -> None:
    found = nearest(canonicalize_name("huggingfacee"))
    assert found is not None
    assert (found.rank, found.project) == (None, "huggingface-hub")


@given(protected, st.data())
def test_one_edit_of_a_word_of_five_letters_is_found(name: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(name) - 2))
    letter = data.draw(st.sampled_from(LETTERS))
    edited = data.draw(
        st.sampled_from(
            [
                name[:place] + name[place + 1 :],
                name[:place] + letter + name[place:],
                name[:place] + letter + name[place + 1 :],
                name[:place] + name[place + 1] + name[place] + name[place + 2 :],
            ]
        )
    )
    plain = NAME.fullmatch(edited) and "--" not in edited and edited not in projects()
    if plain and edited not in brands() and len(_changed_word(edited, name)) >= 5:
        assert nearest(canonicalize_name(edited)) is not None


def distance(one: str, two: str) -> int:
    """Optimal string alignment by its textbook recurrence."""
    rows = [[max(i, j) for j in range(len(two) + 1)] for i in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(two) + 1):
            rows[i][j] = min(
                rows[i - 1][j] + 1,
                rows[i][j - 1] + 1,
                rows[i - 1][j - 1] + (one[i - 1] != two[j - 1]),
            )
            if i > 1 and j > 1 and one[i - 2 : i] == two[j - 2 : j][::-1]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


@given(words, words)
def test_an_edit_is_a_distance_of_one_both_ways(one: str, two: str) -> None:
    if one != two:
        assert (_edit(one, two) is not None) == (distance(one, two) == 1)
        assert _edit(one, two) == _edit(two, one)


@pytest.mark.parametrize(
    ("one", "two"),
    [("0", "O"), ("1", "l"), ("I", "l"), ("m", "rn"), ("I", "1")],
)
def test_what_unicode_calls_confusable_has_one_skeleton(one: str, two: str) -> None:
    """UTS-39, confusables.txt: all pairs of it in which both sides may stand in a name."""
    assert skeleton(one) == skeleton(two)


@given(protected, st.data())
def test_what_pypi_takes_for_the_same_name_has_one_skeleton(name: str, data: st.DataObject) -> None:
    """PyPI refuses a new name that is another one but for separators, `1lLiI` and `0oO`."""
    pieces = []
    for letter in name.replace("-", ""):
        same = next((group for group in ("1lLiI", "0oO") if letter in group), letter)
        pieces.append(data.draw(st.sampled_from(same)) + data.draw(st.sampled_from(["", "-", "_"])))
    assert skeleton("".join(pieces)) == skeleton(name)


@given(st.text())
def test_a_skeleton_is_its_own(text: str) -> None:
    assert skeleton(skeleton(text)) == skeleton(text)


def test_letters_that_are_not_confusable_stay_apart() -> None:
    apart = "abcdefghjklmnopqrstuvwxyz23456789"
    assert len({skeleton(letter) for letter in apart}) == len(apart)


@given(st.from_regex(NAME, fullmatch=True) | st.text(max_size=300))
def test_any_name_has_an_answer(name: str) -> None:
    found = nearest(canonicalize_name(name))
    assert found is None or found.name in projects() or found.name in brands()


@pytest.mark.parametrize("part", ["dev-", "2-", "m", "requests-", "python-lite-"])
def test_a_long_name_is_not_much_work(part: str) -> None:
    name = (part * 300)[:300].strip("-")
    assert len(list(cores(name, SERVICES))) < 32 + 2 * len(SERVICES)
    assert nearest(NormalizedName(name)) is None
