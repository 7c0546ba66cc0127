"""What well-known projects ship is known word by word, and nothing else is."""

from __future__ import annotations

import hashlib

import pytest
from packaging.utils import canonicalize_name

from guard.artifact.known import is_known_line, is_namespace_line

PYWIN32 = "import pywin32_bootstrap"
SETUPTOOLS = (
    "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == "
    "'local'; enabled and __import__('_distutils_hack').add_shim();"
)
COVERAGE = (
    'import sys; exec(\'import os\\n\\nif os.getenv("COVERAGE_PROCESS_START") or '
    'os.getenv("COVERAGE_PROCESS_CONFIG"):\\n try:\\n  import coverage\\n except:\\n  pass\\n '
    'else:\\n  coverage.process_startup(slug="pth")\')'
)

# As setuptools wrote them: until 28, 33, since 34, and since 69.
OLDEST = (
    "import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('zope',));"
    "ie = os.path.exists(os.path.join(p,'__init__.py'));m = not ie and "
    "sys.modules.setdefault('zope', types.ModuleType('zope'));mp = (m or []) and "
    "m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)"
)
NEWEST = (
    "import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('zope',));"
    "importlib = __import__('importlib.util');__import__('importlib.machinery');m = "
    "sys.modules.setdefault('zope', importlib.util.module_from_spec("
    "importlib.machinery.PathFinder.find_spec('zope', [os.path.dirname(p)])));m = m or "
    "sys.modules.setdefault('zope', types.ModuleType('zope'));mp = (m or []) and "
    "m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)"
)
NESTED = (
    "import sys, types, os;has_mfs = sys.version_info > (3, 5);"
    "p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('google', 'cloud'));"
    "importlib = has_mfs and __import__('importlib.util');"
    "has_mfs and __import__('importlib.machinery');m = has_mfs and "
    "sys.modules.setdefault('google.cloud', importlib.util.module_from_spec("
    "importlib.machinery.PathFinder.find_spec('google.cloud', [os.path.dirname(p)])));m = m or "
    "sys.modules.setdefault('google.cloud', types.ModuleType('google.cloud'));mp = (m or []) and "
    "m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p);"
    "m and setattr(sys.modules['google'], 'cloud', m)"
)
OLD = NESTED.replace("m = m or sys", "m = m or not has_mfs and sys")


def known(project: str, line: str) -> bool:
    return is_known_line(canonicalize_name(project), hashlib.sha256(line.encode()).hexdigest())


@pytest.mark.parametrize(
    ("project", "line"),
    [("pywin32", PYWIN32), ("setuptools", SETUPTOOLS), ("coverage", COVERAGE)],
)
def test_a_line_is_known_for_its_own_project_only(project: str, line: str) -> None:
    assert known(project, line)
    assert not known("other", line)
    assert not known(project, f"{line} ")
    assert not known(project, line.upper())


@pytest.mark.parametrize("line", [OLDEST, OLD, NESTED, NEWEST])
def test_a_namespace_is_declared_in_four_ways(line: str) -> None:
    assert is_namespace_line(line, ())
    assert is_namespace_line(line.replace("zope", "_a1").replace("cloud", "b_2"), ())


@pytest.mark.parametrize("line", [OLDEST, OLD, NESTED, NEWEST])
def test_nothing_is_added_to_the_line_and_nothing_taken_away(line: str) -> None:
    for position in range(len(line)):
        assert not is_namespace_line(line[:position] + line[position + 1 :], ())
    for more in (";", ";evil()", " ", "\n"):
        assert not is_namespace_line(line + more, ())
        assert not is_namespace_line(more + line, ())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("('zope',)", "('zope', 'evil')"),
        ("find_spec('zope'", "find_spec('evil'"),
        ("ModuleType('zope')", "ModuleType('evil')"),
        ("'zope'", "'zo.pe'"),
        ("'zope'", "'../x'"),
        ("'zope'", "'1'"),
        ("'zope'", "''"),
        ("'zope'", "evil()"),
        ("'zope'", '"zope"'),
    ],
)
def test_the_name_is_one_name_everywhere(old: str, new: str) -> None:
    assert old in NEWEST
    assert not is_namespace_line(NEWEST.replace(old, new), ())


@pytest.mark.parametrize(
    "path",
    ["zope.so", "zope.cpython-311-x86_64-linux-gnu.so", "zope/__init__.abi3.so", "zope.PYD"],
)
def test_a_namespace_that_is_an_extension_would_be_loaded(path: str) -> None:
    assert not is_namespace_line(NEWEST, ["zope/a.py", path])
    assert is_namespace_line(NESTED, [path])


@pytest.mark.parametrize(
    "path", ["zope/a.so", "zope/__init__.py", "zope_more.so", "zope.py", "other/zope.so"]
)
def test_other_files_change_nothing(path: str) -> None:
    assert is_namespace_line(NEWEST, [path])
