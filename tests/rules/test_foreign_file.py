"""`foreign-file`: what would take the place of somebody else's file."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot
from packaging.utils import canonicalize_name

from guard.errors import PolicyError
from guard.model import Absent, Candidate, Decision, Level, Overlap, Unknown
from guard.rules.foreign_file import FAMILIES, ForeignFile
from tests.builders import a_candidate, a_file, a_judgement, a_policy, a_verdict, findings, report


def theirs(path: str, owner: str = "six 1.17.0", *, same: bool = False) -> Overlap:
    """A file of another distribution's."""
    project = canonicalize_name(owner.partition(" ")[0])
    return Overlap(path=path, owner=owner, project=project, same=same)


def over(*overlaps: Overlap, project: str = "evil") -> Candidate:
    return a_candidate(file=a_file(project, "1.0"), overlaps=overlaps)


SIX = theirs("site-packages/six.py")
BAD = over(SIX)


def test_a_wheel_with_files_of_its_own_is_allowed() -> None:
    assert a_verdict(over()).findings == ()
    assert a_verdict(a_candidate(overlaps=Absent("no target is known"))).findings == ()


def test_a_file_of_another_distribution_is_denied() -> None:
    files = [theirs(f"site-packages/pip/{name}.py", "pip 26.3") for name in "fedcba"]
    ours = Overlap(path="bin/activate", owner="the environment")
    assert report(a_verdict(over(SIX, *files, ours))) == snapshot("""\
denied[foreign-file]: would take the place of 'site-packages/pip/a.py', a file of pip 26.3, and of 5 more
  --> evil-1.0-py3-none-any.whl
   = where: 'site-packages/pip/b.py'
   = where: 'site-packages/pip/c.py'
   = where: 'site-packages/pip/d.py'
   = where: 'site-packages/pip/e.py'
   = where: and 1 more
   = help: if it is meant to: rules.foreign-file.allow = ["evil:pip"]
   = help: guard rule foreign-file

denied[foreign-file]: would take the place of 'site-packages/six.py', a file of six 1.17.0
  --> evil-1.0-py3-none-any.whl
   = help: if it is meant to: rules.foreign-file.allow = ["evil:six"]
   = help: guard rule foreign-file

denied[foreign-file]: would take the place of 'bin/activate', a file of the environment
  --> evil-1.0-py3-none-any.whl
   = help: guard rule foreign-file

1 file judged: 1 denied; nothing was installed
""")  # noqa: E501 - as it is printed


def test_the_same_file_is_nobodys_loss() -> None:
    same = theirs("site-packages/six.py", same=True)
    assert findings(ForeignFile(), over(same)) == []
    for overlaps in ((same, theirs("bin/six")), (theirs("bin/six"), same)):
        [finding] = findings(ForeignFile(), over(*overlaps))
        assert "'bin/six'" in finding.message


@pytest.mark.parametrize(
    ("path", "level"),
    [
        ("site-packages/tests/__init__.py", Level.WARN),
        ("site-packages/Examples/a/b.py", Level.WARN),
        ("site-packages/docs/conf.py", Level.WARN),
        ("site-packages/README.md", Level.WARN),
        ("site-packages/LICENSE", Level.WARN),
        ("site-packages/setup.py", Level.WARN),
        ("share/man/man1/six.1", Level.WARN),
        ("share/doc/six/index.html", Level.WARN),
        ("site-packages/six/tests/__init__.py", Level.DENY),
        ("site-packages/tests.py", Level.DENY),
        ("site-packages/six/README.md", Level.DENY),
        ("site-packages/certifi/cacert.pem", Level.DENY),
        ("site-packages/a.pth", Level.DENY),
        ("site-packages/six.abi3.so", Level.DENY),
        ("site-packages/six-1.17.0.dist-info/RECORD", Level.DENY),
        ("share/jupyter/kernels/python3/kernel.json", Level.DENY),
        ("etc/six.toml", Level.DENY),
        ("README.md", Level.DENY),
        ("bin/README", Level.DENY),
        ("bin/tests", Level.DENY),
    ],
)
def test_what_nobody_runs_or_imports_is_only_warned_of(path: str, level: Level) -> None:
    [finding] = findings(ForeignFile(), over(theirs(path)))
    assert finding.level is level


def test_a_rule_that_warns_does_not_deny() -> None:
    rule = ForeignFile(level=Level.WARN)
    overlaps = (SIX, theirs("site-packages/README"))
    assert {f.level for f in findings(rule, over(*overlaps))} == {Level.WARN}


def test_what_hardly_matters_hides_nothing_that_does() -> None:
    readme = theirs("site-packages/README")
    for overlaps in ((readme, SIX), (SIX, readme)):
        assert a_verdict(over(*overlaps)).decision is Decision.DENIED


@pytest.mark.parametrize(
    ("project", "owner"),
    [
        ("fastapi", "fastapi-cli 0.0.4"),
        ("fastapi-cli", "fastapi 0.115.12"),
        ("jupyter", "jupyter-core 5.9.1"),
        ("py", "pytest 9.0"),
        ("opencv-python", "opencv-python-headless 5.0.0.93"),
    ],
)
def test_projects_that_are_known_to_share_files_may(project: str, owner: str) -> None:
    shared = theirs("site-packages/shared.py", owner)
    assert findings(ForeignFile(), over(shared, project=project)) == []
    assert len(findings(ForeignFile(), over(shared))) == 1
    assert len(findings(ForeignFile(), over(shared, SIX, project=project))) == 1


def test_no_project_is_of_two_families() -> None:
    members = [name for family in FAMILIES for name in family]
    assert len(members) == len(set(members))
    assert all(canonicalize_name(name) == name for name in members)


@pytest.mark.parametrize(
    ("allow", "count"), [("evil:six", 0), ("Evil:SIX", 0), ("six:evil", 1), ("evil:pip", 1)]
)
def test_a_pair_is_allowed_in_one_direction(allow: str, count: int) -> None:
    policy = f'[rules.foreign-file]\nallow = ["{allow}"]\n'
    assert len(a_verdict(BAD, policy).findings) == count


def test_what_is_allowed_hides_nothing_else() -> None:
    rule = ForeignFile(allow=("evil:six",))
    for overlaps in ((SIX, theirs("bin/pip", "pip 26.3")), (theirs("bin/pip", "pip 26.3"), SIX)):
        [finding] = findings(rule, over(*overlaps))
        assert "'bin/pip'" in finding.message


@pytest.mark.parametrize("owner", ["the environment", "the standard library"])
def test_no_pair_allows_what_is_no_projects(owner: str) -> None:
    rule = ForeignFile(allow=("evil:the", "evil:environment", "evil:the-environment"))
    assert len(findings(rule, over(Overlap(path="bin/python", owner=owner)))) == 1


@pytest.mark.parametrize("entry", ["evil", "evil:", ":six", "evil:*", "evil:six:1", "*"])
def test_an_entry_is_two_names(entry: str) -> None:
    with pytest.raises(PolicyError) as error:
        a_policy(f'[rules.foreign-file]\nallow = ["{entry}"]\n')
    assert error.value.at == "rules.foreign-file.allow[0]"


def test_an_unreadable_target_is_undecided() -> None:
    candidate = a_candidate(overlaps=Unknown("`/x` could not be read: Permission denied"))
    [finding] = findings(ForeignFile(), candidate)
    assert finding.unknown
    assert finding.message == (
        "whose files it would write over is not known: `/x` could not be read: Permission denied"
    )
    assert a_verdict(candidate).decision is Decision.UNDECIDED


def test_a_wheel_that_could_not_be_read_is_undecided() -> None:
    for overlaps in (Unknown("the disk is full"), ()):
        candidate = a_candidate(content=Unknown("the disk is full"), overlaps=overlaps)
        [finding] = findings(ForeignFile(), candidate)
        assert finding.unknown
        assert finding.message == "what is inside is not known: the disk is full"


def test_a_good_wheel_hides_no_bad_one() -> None:
    assert a_judgement(over(), BAD).decision is Decision.DENIED
    assert a_judgement(BAD, over()).decision is Decision.DENIED
