"""`unsafe-pickle`: what a pickle would import when somebody loads it."""

from __future__ import annotations

import _compat_pickle
from typing import Any

import msgspec
import pytest
from inline_snapshot import snapshot

from guard.artifact.content import Landing, Pickle
from guard.artifact.defect import DefectKind
from guard.artifact.harmless import HARMLESS
from guard.model import Absent, Candidate, Level, Unknown
from guard.rules.unsafe_pickle import UnsafePickle
from tests.builders import a_candidate, findings
from tests.rules.contents import with_content, with_defects

RULE = UnsafePickle()


def a_pickle(*names: str, member: str = "frob/model.pkl", **changes: Any) -> Pickle:
    facts: dict[str, Any] = {"format": "pickle", "names": names, "member": member, "offset": 7}
    return Pickle(**facts | changes)


def a_wheel(*pickles: Pickle, modules: tuple[str, ...] = ("frob/__init__.py",)) -> Candidate:
    return with_content(pickles=pickles, landing=Landing(purelib=modules))


def said(candidate: Candidate, rule: UnsafePickle = RULE) -> list[str]:
    return [finding.message for finding in findings(rule, candidate)]


def printed(candidate: Candidate) -> str:
    """A finding as it is printed, without what every report has around it."""
    lines = []
    for finding in findings(RULE, candidate):
        lines += [f"{finding.level}[{finding.rule}]: {finding.message}"]
        lines += [f"   = {detail}" for detail in finding.detail]
    return "\n".join(lines)


def test_data_and_harmless_types_are_allowed() -> None:
    names = ("builtins.set", "collections.OrderedDict", "numpy._core.multiarray._reconstruct")
    assert said(a_wheel(a_pickle(), a_pickle(*names))) == []


def test_an_import_of_anything_else_is_worth_a_warning() -> None:
    assert printed(a_wheel(a_pickle("collections.OrderedDict", "os.system"))) == snapshot("""\
warn[unsafe-pickle]: a pickle imports 'os.system'
   = where: 'frob/model.pkl' at byte 7
   = help: if you know what these do: rules.unsafe-pickle.allow = ["os.system"]\
""")


def test_what_is_not_followed_is_worth_one_too() -> None:
    lost = "it imports number 1 of the extension registry at byte 2"
    assert printed(a_wheel(a_pickle(format="PyTorch", problem=lost))) == snapshot("""\
warn[unsafe-pickle]: a PyTorch pickle cannot be followed: it imports number 1 of the extension registry at byte 2
   = where: 'frob/model.pkl' at byte 7\
""")  # noqa: E501 - as it is printed
    assert printed(a_wheel(a_pickle("os.system", format="NumPy", problem=lost))) == snapshot("""\
warn[unsafe-pickle]: a NumPy pickle imports 'os.system'
   = where: 'frob/model.pkl' at byte 7
   = and it cannot be followed: it imports number 1 of the extension registry at byte 2
   = help: if you know what these do: rules.unsafe-pickle.allow = ["os.system"]\
""")


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "posix.system",
        "nt.system",
        "subprocess.Popen",
        "builtins.eval",
        "builtins.exec",
        "builtins.getattr",
        "builtins.__import__",
        "builtins.type",
        "__builtin__.eval",
        "operator.attrgetter",
        "functools.partial",
        "importlib.import_module",
        "pickle.loads",
        "_pickle.loads",
        "types.FunctionType",
        "torch.storage._load_from_bytes",
        "torch.hub.load",
        "numpy.load",
        "numpy.testing._private.utils.runstring",
        "joblib.load",
        "joblib.numpy_pickle.NDArrayWrapper",
        "collections.OrderedDict.fromkeys",
        "collections.OrderedDict ",
        "collections",
        "",
    ],
)
def test_what_does_harm_is_on_no_list(name: str) -> None:
    assert len(said(a_wheel(a_pickle(name)))) == 1


def test_the_names_of_python_2_mean_nothing_else_in_python_3() -> None:
    for name in HARMLESS:
        module, _, attribute = name.rpartition(".")
        module, attribute = _compat_pickle.NAME_MAPPING.get(
            (module, attribute), (_compat_pickle.IMPORT_MAPPING.get(module, module), attribute)
        )
        assert f"{module}.{attribute}" in HARMLESS


@pytest.mark.parametrize(
    ("name", "modules", "count"),
    [
        ("frob.Model", ("frob/__init__.py",), 0),
        ("frob.models.Model", ("frob/models.py",), 0),
        ("frob._fast.Model", ("frob/_fast.cpython-311-x86_64-linux-gnu.so",), 0),
        ("frob.Model", ("frob.py",), 0),
        ("frob.models.Model", ("frob/__init__.py",), 1),
        ("frob.restore", ("frob/__init__.py",), 1),
        ("frob.os.System", ("frob/__init__.py",), 1),
        ("frob.Model.Load", ("frob/__init__.py",), 1),
        ("frob.Popen", ("frob/__init__.py",), 1),
        ("frob.FunctionType", ("frob/__init__.py",), 1),
        ("other.Model", ("frob/__init__.py",), 1),
        ("frob.Model", ("frob/__init__.txt", "frob.dat"), 1),
        ("subprocess.Popen2", ("subprocess.py",), 1),
        ("Subprocess.Popen2", ("Subprocess.py",), 1),
        ("_io.FileIO", ("_io.py",), 1),
    ],
)
def test_a_class_of_the_wheel_itself_is_allowed(
    name: str, modules: tuple[str, ...], count: int
) -> None:
    assert len(said(a_wheel(a_pickle(name), modules=modules))) == count


@pytest.mark.parametrize(
    ("allow", "count"),
    [
        ("sklearn.tree._tree.Tree", 0),
        ("sklearn.tree._tree.*", 0),
        ("sklearn.*.*.Tree", 0),
        ("sklearn.**", 0),
        ("sklearn.*", 1),
        ("sklearn.tree.*", 1),
        ("tree._tree.Tree", 1),
        ("sklearn.tree._tree.Tre", 1),
    ],
)
def test_a_policy_may_allow_more(allow: str, count: int) -> None:
    rule = UnsafePickle(allow=(allow,))
    assert len(said(a_wheel(a_pickle("sklearn.tree._tree.Tree")), rule)) == count
    assert len(said(a_wheel(a_pickle("sklearn.tree._tree.Tree", "os.system")), rule)) == 1


@pytest.mark.parametrize("entry", ["*", "**", "*.system", "os", "os.", ".os", "a b.c", "é.c", ""])
def test_an_entry_is_a_dotted_name(entry: str) -> None:
    assert msgspec.convert({"allow": ["a.B", "a.*", "a.**"]}, UnsafePickle).allow[2] == "a.**"
    with pytest.raises(msgspec.ValidationError, match=r"`\$.allow\[0\]`"):
        msgspec.convert({"allow": [entry]}, UnsafePickle)


def test_an_allowed_name_does_not_help_what_is_not_followed() -> None:
    rule = UnsafePickle(allow=("os.**",))
    assert said(a_wheel(a_pickle("os.system", problem="it ends")), rule) == [
        "a pickle cannot be followed: it ends"
    ]


@pytest.mark.parametrize(("count", "lines"), [(1, 1), (4, 4), (5, 5), (99, 5)])
def test_many_of_one_kind_are_one_finding(count: int, lines: int) -> None:
    found = [a_pickle("os.system", member=f"frob/{number:03}") for number in range(count)]
    [finding] = findings(RULE, a_wheel(*found[::-1]))
    places = [detail for detail in finding.detail if detail.startswith("where")]
    assert len(places) == lines
    assert places[0] == "where: 'frob/000' at byte 7"
    if count > 4:
        assert places[-1] == f"where: and in {count - 4} more files"


def test_names_are_shown_in_part() -> None:
    many = tuple(f"m{number}.f" for number in range(9))
    [finding] = findings(RULE, a_wheel(a_pickle(*many)))
    assert finding.message == "a pickle imports 'm0.f', 'm1.f', 'm2.f', 'm3.f' and 5 more"
    assert len(finding.detail) == 1
    [finding] = findings(RULE, a_wheel(a_pickle("x." + "\n" * 290)))
    assert len(finding.message) < 200
    assert "\n" not in finding.message
    assert len(finding.detail) == 1


def test_a_good_pickle_hides_no_bad_one() -> None:
    good, bad = a_pickle("builtins.set", member="a"), a_pickle("os.system", member="b")
    for pickles in ((good, bad), (bad, good)):
        [finding] = findings(RULE, a_wheel(*pickles))
        assert finding.detail[0] == "where: 'b' at byte 7"


def test_a_defect_of_its_kind_is_a_finding() -> None:
    assert said(with_defects(DefectKind.UNSAFE_PICKLE, "too many")) == ["too many"]
    assert said(with_defects(DefectKind.UNSAFE_PATH, "other")) == []


def test_a_wheel_that_could_not_be_read_is_unknown() -> None:
    [finding] = findings(RULE, a_candidate(content=Unknown("the disk is full")))
    assert finding.unknown
    assert finding.message == "what is inside is not known: the disk is full"


def test_what_is_no_wheel_has_no_content() -> None:
    assert findings(RULE, a_candidate(content=Absent("no wheel"))) == []


def test_a_policy_may_deny_it() -> None:
    [finding] = findings(UnsafePickle(level=Level.DENY), a_wheel(a_pickle("os.system")))
    assert finding.level is Level.DENY
    assert not finding.unknown
