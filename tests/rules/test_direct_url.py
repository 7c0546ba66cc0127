"""`direct-url`: what is asked for by URL or path, so that no index stands behind it."""

from __future__ import annotations

import itertools

import pytest
from inline_snapshot import snapshot

from guard.admission import judge
from guard.errors import PolicyError
from guard.model import Absent, Candidate, Decision, Requested, Unknown
from guard.rules import Stage
from guard.rules.direct_url import DirectUrl
from tests.artifact.archives import INFO, METADATA
from tests.builders import a_candidate, a_judgement, a_policy, a_verdict, findings, report
from tests.rules.contents import frob

WHEELS = "https://packages.example.com/wheels"
WHEEL = f"{WHEELS}/litellm-1.82.6-py3-none-any.whl"


def asked_by(url: str) -> Candidate:
    nowhere = Absent("asked for by URL, not from an index")
    return a_candidate(
        requested=Requested(named=True, pinned=True, direct_url=url),
        origin=nowhere,
        listing=nowhere,
        status=nowhere,
    )


def allowing(*globs: str) -> str:
    return f"[rules.direct-url]\nallow = {list(globs)!r}\n"


def decision(glob: str, url: str) -> Decision:
    return a_verdict(asked_by(url), allowing(glob)).decision


def test_what_comes_from_an_index_is_allowed() -> None:
    assert a_verdict(a_candidate()).findings == ()


def test_a_url_is_denied() -> None:
    assert report(a_verdict(asked_by("https://evil.example/w.whl"))) == snapshot("""\
denied[direct-url]: asked for by URL or path, not from an index: https://evil.example/w.whl
  --> litellm-1.82.6-py3-none-any.whl
   = policy: rules.direct-url.allow has no entry for it
   = help: guard rule direct-url

1 file judged: 1 denied; nothing was installed
""")


def test_a_url_that_the_policy_lists_is_allowed() -> None:
    assert a_verdict(asked_by(WHEEL), allowing(WHEEL)).findings == ()


@pytest.mark.parametrize(
    ("glob", "url"),
    [
        (f"{WHEELS}/*", WHEEL),
        (f"{WHEELS}/**", WHEEL),
        (f"{WHEELS}/**", f"{WHEELS}/a/b/c.whl"),
        ("https://packages.example.com/**/*.whl", WHEEL),
        ("HTTPS://Packages.Example.COM/wheels/*", WHEEL),
        (f"{WHEELS}/*", WHEEL.replace("https://packages", "HTTPS://PACKAGES")),
        ("https://packages.example.com:8443/wheels/*", WHEEL.replace(".com/", ".com:8443/")),
        (f"{WHEELS}/*", f"{WHEELS}/litellm-1.82.6%2Blocal-py3-none-any.whl"),
        ("file:///srv/wheels/*", "file:///srv/wheels/litellm-1.82.6-py3-none-any.whl"),
        ("git+https://git.example.com/acme/*", "git+https://git.example.com/acme/widget"),
    ],
)
def test_a_glob_covers_what_lies_below_it(glob: str, url: str) -> None:
    assert decision(glob, url) is Decision.ADMITTED


@pytest.mark.parametrize(
    "url",
    [
        "http://packages.example.com/wheels/w.whl",
        "https://packages.example.com.evil.example/wheels/w.whl",
        "https://evil.example/packages.example.com/wheels/w.whl",
        "https://evil.example/?https://packages.example.com/wheels/w.whl",
        "https://evil.example/#https://packages.example.com/wheels/w.whl",
        "https://packages.example.com@evil.example/wheels/w.whl",
        "https://user@packages.example.com/wheels/w.whl",
        "https://user:password@packages.example.com/wheels/w.whl",
        "https://:@packages.example.com/wheels/w.whl",
        "https://packages.example.com:8443/wheels/w.whl",
        "https://packages.example.com./wheels/w.whl",
        "https://packages.example.com:x/wheels/w.whl",
        "https://[packages.example.com/wheels/w.whl",
        f"{WHEELS}/../evil/w.whl",
        f"{WHEELS}/%2e%2e/evil/w.whl",
        f"{WHEELS}/.%2E/w.whl",
        f"{WHEELS}/./w.whl",
        f"{WHEELS}/.\t./w.whl",
        f"{WHEELS}/%252e%252e/w.whl",
        f"{WHEELS}/a%2Fw.whl",
        f"{WHEELS}/a%5Cw.whl",
        f"{WHEELS}/a\\..\\w.whl",
        f"{WHEELS}/w.whl?version=2",
        "https://packages.example.com/Wheels/w.whl",
        "https://packages.example.com/wheels-evil/w.whl",
        "https://packages.example.com",
        "git+https://packages.example.com/wheels/w",
        "file:///wheels/w.whl",
        "/wheels/w.whl",
        "",
    ],
)
def test_no_url_only_looks_as_if_it_lay_below(url: str) -> None:
    assert decision(f"{WHEELS}/**", url) is Decision.DENIED


def test_a_star_stays_within_its_segment() -> None:
    assert decision(f"{WHEELS}/*", f"{WHEELS}/a/w.whl") is Decision.DENIED
    assert decision(f"{WHEELS}/*/w.whl", f"{WHEELS}/w.whl") is Decision.DENIED
    assert decision("https://*.example.com/w.whl", WHEEL) is Decision.DENIED


@pytest.mark.parametrize(
    ("glob", "complaint"),
    [
        ("packages.example.com/*", "expected the glob of an absolute URL"),
        ("/srv/wheels/*", "expected the glob of an absolute URL"),
        ("https://", "expected the glob of an absolute URL"),
        ("https://[packages/*", "expected the glob of an absolute URL"),
        ("https://packages.example.com:x/*", "expected the glob of an absolute URL"),
        ("https://user@packages.example.com/*", "no URL with a query, fragment or credentials"),
        ("https://packages.example.com/*?x", "no URL with a query, fragment or credentials"),
        ("https://packages.example.com/*#x", "no URL with a query, fragment or credentials"),
    ],
)
def test_a_glob_that_could_never_match_is_an_error(glob: str, complaint: str) -> None:
    with pytest.raises(PolicyError, match=complaint) as caught:
        a_policy(allowing(WHEEL, glob))
    assert caught.value.at == "rules.direct-url"


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_an_entry_that_fits_is_found_among_those_that_do_not(order: tuple[int, ...]) -> None:
    globs = ["https://other.example/**", f"{WHEELS}/*", "file:///srv/*"]
    policy = allowing(*(globs[i] for i in order))
    assert a_verdict(asked_by(WHEEL), policy).decision is Decision.ADMITTED
    assert a_verdict(asked_by("https://evil.example/w"), policy).decision is Decision.DENIED


def test_an_allowed_url_hides_no_other() -> None:
    good, bad = asked_by(WHEEL), asked_by("https://evil.example/w.whl")
    policy = allowing(f"{WHEELS}/*")
    assert a_judgement(good, bad, toml=policy).decision is Decision.DENIED
    assert a_judgement(bad, good, toml=policy).decision is Decision.DENIED


def test_it_knows_from_the_request_alone() -> None:
    lost = Unknown("no answer in time")
    requested = Requested(direct_url="https://evil.example/w.whl")
    candidate = a_candidate(
        requested=requested, origin=lost, listing=lost, status=lost, digests=lost
    )
    assert a_verdict(candidate).decision is Decision.DENIED


def requiring(*requirements: str) -> Candidate:
    """A wheel that requires these, and something harmless first."""
    lines = [f"Requires-Dist: {text}\n" for text in ("good>=1", *requirements)]
    return frob({f"{INFO}/METADATA": METADATA + "".join(lines)})


def test_a_wheel_that_requires_a_url_is_denied() -> None:
    verdict = a_verdict(requiring("dep @ https://evil.example/dep-1.0.tar.gz"))
    assert report(verdict) == snapshot("""\
denied[direct-url]: METADATA requires a URL or path, not a project of an index: 'dep @ https://evil.example/dep-1.0.tar.gz'
  --> frob-1.0-py3-none-any.whl
   = policy: rules.direct-url.allow has no entry for it
   = help: guard rule direct-url

1 file judged: 1 denied; nothing was installed
""")


@pytest.mark.parametrize(
    "text",
    [
        'dep @ https://evil.example/w.whl ; extra == "x"',
        'dep @ https://evil.example/w.whl ; python_version >= "3"',
        'dep @ https://evil.example/w.whl ; sys_platform == "never"',
        "dep[x] @ git+https://evil.example/dep@main",
        "dep @ file:///tmp/dep",
        "dep@https://evil.example/w.whl",
    ],
)
def test_no_extra_and_no_marker_hides_it(text: str) -> None:
    assert a_verdict(requiring(text)).decision is Decision.DENIED
    assert a_verdict(requiring("dep>=1", text, "last")).decision is Decision.DENIED


def test_a_wheel_may_require_a_url_that_the_policy_lists() -> None:
    ours, other = f"dep @ {WHEEL}", "dep @ https://evil.example/w.whl"
    policy = allowing(f"{WHEELS}/*")
    assert a_verdict(requiring(ours), policy).findings == ()
    assert a_verdict(requiring(ours, other), policy).decision is Decision.DENIED
    assert a_verdict(requiring(other, ours), policy).decision is Decision.DENIED


def test_a_thousand_urls_are_not_a_thousand_paragraphs() -> None:
    found = a_verdict(requiring(*(f"d{n} @ https://evil.example/{n}" for n in range(1000))))
    assert len(found.findings) == 6
    assert found.findings[-1].message == "METADATA requires 995 more URLs or paths"


def test_a_long_url_is_cut() -> None:
    found = a_verdict(requiring(f"dep @ https://evil.example/{'x' * 1500}"))
    assert len(found.findings[0].message) < 300


def test_what_is_inside_is_undecided_when_nobody_could_look() -> None:
    lost = a_candidate(content=Unknown("the disk is full"))
    [finding] = findings(DirectUrl(), lost)
    assert finding.unknown
    assert finding.message == "what is inside is not known: the disk is full"


def test_before_the_file_is_here_only_the_request_counts() -> None:
    """Else every release would be undecided until it is downloaded."""
    waiting = a_candidate(content=Unknown("not downloaded"))
    assert judge(waiting, a_policy(), stage=Stage.INDEX).findings == ()
    early = judge(asked_by("https://evil.example/w.whl"), a_policy(), stage=Stage.INDEX)
    assert early.decision is Decision.DENIED
