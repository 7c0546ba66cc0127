"""What a file would be where it lands."""

from __future__ import annotations

import pytest

from guard.artifact.place import Place, Scheme

PURELIB, PLATLIB, DATA, SCRIPTS = Scheme.PURELIB, Scheme.PLATLIB, Scheme.DATA, Scheme.SCRIPTS


@pytest.mark.parametrize(
    ("scheme", "path", "site_path"),
    [
        (PURELIB, "a.pth", "a.pth"),
        (PLATLIB, "a/b.py", "a/b.py"),
        (DATA, "lib/python3.11/site-packages/a.pth", "a.pth"),
        (DATA, "lib64/python3.14t/site-packages/a/b.py", "a/b.py"),
        (DATA, "Lib/site-packages/a.pth", "a.pth"),
        (DATA, "LIB/SITE-PACKAGES/a.pth", "a.pth"),
        (DATA, "local/lib/python3.12/dist-packages/a.pth", "a.pth"),
        (DATA, "lib/site-packages/b/site-packages/a.pth", "a.pth"),
        (DATA, "lib/python3.11/sitecustomize.py", "sitecustomize.py"),
        (DATA, "lib/pypy3.10/sitecustomize.py", "sitecustomize.py"),
        (DATA, "Lib/sitecustomize.py", "sitecustomize.py"),
        (DATA, "a.pth", "a.pth"),
        (DATA, "share/a.pth", "share/a.pth"),
        (SCRIPTS, "a.pth", None),
        (Scheme.HEADERS, "a.pth", None),
    ],
)
def test_ways_into_a_site_folder(scheme: Scheme, path: str, site_path: str | None) -> None:
    assert Place(scheme, path).site_path == site_path


def test_some_ways_are_ways_on_every_target() -> None:
    assert Place(PURELIB, "a").in_site
    assert Place(DATA, "lib/python3.11/site-packages/a").in_site
    assert not Place(DATA, "site-packages").in_site
    assert not Place(DATA, "a.pth").in_site
    assert not Place(SCRIPTS, "site-packages/a").in_site


@pytest.mark.parametrize(
    ("scheme", "path", "command"),
    [
        (SCRIPTS, "pip", "pip"),
        (SCRIPTS, "more/pip", None),
        (DATA, "bin/pip", "pip"),
        (DATA, "Scripts/pip.exe", "pip.exe"),
        (DATA, "sbin/x", "x"),
        (DATA, "bin/more/pip", None),
        (DATA, "share/bin/pip", None),
        (DATA, "pip", None),
        (PURELIB, "bin/pip", None),
    ],
)
def test_ways_among_the_commands(scheme: Scheme, path: str, command: str | None) -> None:
    assert Place(scheme, path).command == command


@pytest.mark.parametrize(
    ("scheme", "path"),
    [
        (DATA, "pyvenv.cfg"),
        (DATA, "bin/pyvenv.cfg"),
        (DATA, "PYVENV.CFG"),
        (SCRIPTS, "pyvenv.cfg"),
        (SCRIPTS, "python311._pth"),
        (DATA, "python._pth"),
        (DATA, "python.exe"),
        (DATA, "python311.dll"),
        (DATA, "Scripts/python3.dll"),
        (SCRIPTS, "vcruntime140_1.dll"),
        (DATA, "DLLs/_ssl.pyd"),
        (DATA, "lib/python3.11/ssl.py"),
        (DATA, "lib/python3.13t/lib-dynload/x.so"),
        (DATA, "lib64/pypy3.10/os.py"),
        (DATA, "Lib/ssl.py"),
        (DATA, "lib/json/__init__.py"),
        (DATA, "pip.conf"),
        (DATA, "pip.ini"),
        (DATA, ".condarc"),
        (DATA, "condarc"),
        (DATA, "conda-meta/history"),
        (DATA, "etc/conda/activate.d/x.sh"),
        (DATA, "etc/conda/deactivate.d/x.bat"),
    ],
)
def test_the_environments_own_files(scheme: Scheme, path: str) -> None:
    assert Place(scheme, path).is_environments_own


@pytest.mark.parametrize(
    ("scheme", "path"),
    [
        (DATA, "lib/libgmsh.so.4.15"),
        (DATA, "lib/gmsh.py"),
        (DATA, "lib/cmake/x.cmake"),
        (DATA, "lib/ssl"),
        (DATA, "lib/python3.11/site-packages/ssl.py"),
        (DATA, "lib/pythonic/x.py"),
        (DATA, "share/pyvenv.cfg"),
        (DATA, "etc/jupyter/x.json"),
        (DATA, "include/python3.11/x.h"),
        (DATA, "bin/z3"),
        (DATA, "python.txt"),
        (DATA, "etc/pip.conf"),
        (DATA, "etc/conda/x.sh"),
        (SCRIPTS, "pip.conf"),
        (SCRIPTS, "run.dll"),
        (SCRIPTS, "sub/pyvenv.cfg"),
        (PURELIB, "pyvenv.cfg"),
        (PURELIB, "lib/python3.11/ssl.py"),
        (PLATLIB, "python311.dll"),
    ],
)
def test_files_that_are_nobody_elses(scheme: Scheme, path: str) -> None:
    assert not Place(scheme, path).is_environments_own
