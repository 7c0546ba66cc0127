"""The doors of uv's projects, scripts and tools."""

from __future__ import annotations

from typing import Final, Unpack

from tests.e2e.doors.door import Bare, Door, Ends, Kind, Poison, Row, Tool, shown

_HEAD: Final = '[project]\nname = "shop"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
_PROJECT: Final = f'{_HEAD}dependencies = ["frob"]\n'
_NEAR: Final = f'{_HEAD}dependencies = ["near"]\n'
_BY_FILE: Final = "frob @ file://$wheel\n"
_PROGRAM: Final = "#!/bin/sh\necho ran > '$marker'\n"
_BUILT: Final = (
    f'{_HEAD}dependencies = []\n[build-system]\nrequires = ["frob"]\nbuild-backend = "frob"\n'
)
_WHOLE: Final = f"""\
{_HEAD}dependencies = ["part"]
[tool.uv.sources]
part = {{ workspace = true }}
[tool.uv.workspace]
members = ["part"]
"""
_PART: Final = """\
[project]
name = "part"
version = "1.0"
dependencies = ["frob"]
[tool.uv.sources]
frob = { path = "$wheel" }
[tool.uv]
package = false
"""
_LOCK: Final = """\
version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "frob"
version = "9.0"
source = { registry = "$index" }
wheels = [
    { url = "$url", hash = "sha256:$hash" },
]

[[package]]
name = "shop"
version = "1.0"
source = { virtual = "." }
dependencies = [
    { name = "frob" },
]

[package.metadata]
requires-dist = [{ name = "frob" }]
"""


def _door(name: str, kind: Kind, command: str = "uv sync", **row: Unpack[Row]) -> Door:
    row["files"] = {"work/pyproject.toml": _PROJECT, "more.txt": _BY_FILE, **row.get("files", {})}
    tool = Tool.UVX if command.startswith("uvx") else Tool.UV
    return Door(name=name, kind=kind, tool=tool, command=command, **row)


def _variable(name: str, value: str, command: str = "uv sync", **row: Unpack[Row]) -> Door:
    row["environ"] = {name.partition(" ")[0]: value, **row.get("environ", {})}
    return _door(name, Kind.ENVIRONMENT, command, **row)


def _in_project(name: str, more: str, project: str = _PROJECT, **row: Unpack[Row]) -> Door:
    row["files"] = {"work/pyproject.toml": f"{project}{more}"}
    return _door(name, Kind.FILE, **row)


def _argument(words: str, kind: Kind = Kind.ARGUMENT, **row: Unpack[Row]) -> Door:
    return _door(shown(words), kind, words, **row)


def _script(name: str, lines: str, **row: Unpack[Row]) -> Door:
    header = "".join(f"# {line}\n" for line in ("/// script", *lines.splitlines(), "///"))
    row["files"] = {"work/script.py": f"{header}import frob\n"}
    return _door(name, Kind.METADATA, "uv run script.py", **row)


_VARIABLES: Final = (
    _variable("UV_INDEX", "$evil", asks=True),
    _variable("UV_DEFAULT_INDEX", "$evil", asks=True),
    _variable("UV_FIND_LINKS", "$wheels", ends=Ends.REFUSED),
    _variable(
        "UV_CONFIG_FILE",
        "$folder/uv.toml",
        files={"uv.toml": '[[index]]\nurl = "$evil"\n'},
        asks=True,
    ),
    _variable(
        "UV_PROJECT",
        "$folder/elsewhere",
        files={
            "elsewhere/pyproject.toml": _PROJECT + '[tool.uv.sources]\nfrob = { url = "$url" }\n'
        },
        ends=Ends.IGNORED,
    ),
    _variable(
        "UV_WORKING_DIR",
        "$folder/elsewhere",
        files={
            "elsewhere/pyproject.toml": _PROJECT + '[tool.uv.sources]\nfrob = { url = "$url" }\n'
        },
        ends=Ends.IGNORED,
    ),
    _variable("UV_OFFLINE with a cache", "1", poison=Poison.UV, ends=Ends.IGNORED),
    _variable(
        "UV_PYTHON with a relative path",
        "fake/python",
        files={"work/fake/python": _PROGRAM},
        bare=Bare.RUNS,
        ends=Ends.REFUSED,
    ),
    _variable(
        "UV_PYTHON with a folder here",
        "fake",
        files={"work/fake/bin/python": _PROGRAM},
        bare=Bare.RUNS,
        ends=Ends.REFUSED,
    ),
    _variable(
        "UV_PYTHON_INSTALL_MIRROR",
        "$origin",
        environ={
            "UV_PYTHON": "3.13.1+freethreaded",
            "UV_PYTHON_DOWNLOADS": "",
            "NO_PROXY": "127.0.0.1",
        },
        bare=Bare.ASKS,
        ends=Ends.FAILED,
    ),
    _variable("HTTP_PROXY", "$origin", environ={"NO_PROXY": ""}, asks=True),
)
_FILES: Final = (
    _door(
        "a path in .python-version of the checkout",
        Kind.FILE,
        environ={"UV_PYTHON": ""},
        files={"work/.python-version": "fake/python\n", "work/fake/python": _PROGRAM},
        bare=Bare.RUNS,
        ends=Ends.REFUSED,
    ),
    _door(
        "a whole path in .python-version of the checkout",
        Kind.FILE,
        "uv venv",
        environ={"UV_PYTHON": ""},
        files={
            "work/.python-version": "$folder/work/fake/python\n",
            "work/fake/python": _PROGRAM,
        },
        bare=Bare.RUNS,
        ends=Ends.REFUSED,
    ),
    _door(
        "allow-insecure-host in uv.toml",
        Kind.FILE,
        files={"work/uv.toml": 'allow-insecure-host = ["127.0.0.1:$port"]\n'},
        environ={"UV_INDEX": "$evil"},
        tls=True,
        ends=Ends.UNDECIDED,
    ),
    _door(
        "index of the user",
        Kind.FILE,
        files={"home/config/uv/uv.toml": '[[index]]\nurl = "$evil"\n'},
        asks=True,
    ),
    _door(
        "uv.toml of the project",
        Kind.FILE,
        files={"work/uv.toml": '[[index]]\nurl = "$evil"\n'},
        asks=True,
    ),
    _door(
        "http-proxy in uv.toml",
        Kind.FILE,
        files={"work/uv.toml": 'http-proxy = "$origin"\n'},
        environ={"NO_PROXY": "", "ALL_PROXY": "", "HTTPS_PROXY": ""},
        ends=Ends.IGNORED,
    ),
    _in_project("[[tool.uv.index]]", '[[tool.uv.index]]\nurl = "$evil"\n', asks=True),
    _in_project(
        "an index for one project",
        '[[tool.uv.index]]\nname = "own"\nurl = "$evil"\nexplicit = true\n'
        '[tool.uv.sources]\nfrob = { index = "own" }\n',
        asks=True,
    ),
    _in_project(
        "a flat index", '[[tool.uv.index]]\nurl = "$wheels"\nformat = "flat"\n', ends=Ends.REFUSED
    ),
    _in_project("find-links", '[tool.uv]\nfind-links = ["$wheels"]\n', ends=Ends.REFUSED),
    _in_project(
        "a source by URL", '[tool.uv.sources]\nfrob = { url = "$url" }\n', ends=Ends.REFUSED
    ),
    _in_project(
        "a source by path", '[tool.uv.sources]\nfrob = { path = "$wheel" }\n', ends=Ends.REFUSED
    ),
    _in_project(
        "a source in a repository",
        '[tool.uv.sources]\nfrob = { git = "$origin/frob.git" }\n',
        bare=Bare.ASKS,
        ends=Ends.REFUSED,
    ),
    _in_project(
        "override-dependencies",
        '[tool.uv]\noverride-dependencies = ["frob @ $url"]\n',
        project=_NEAR,
        ends=Ends.REFUSED,
    ),
    _in_project(
        "constraint-dependencies",
        '[tool.uv]\nconstraint-dependencies = ["frob @ file://$wheel"]\n',
        ends=Ends.REFUSED,
    ),
    _in_project(
        "dependency-groups",
        '[dependency-groups]\ndev = ["frob @ file://$wheel"]\n',
        ends=Ends.REFUSED,
    ),
    _in_project(
        "build-system",
        '[build-system]\nrequires = ["frob @ file://$wheel"]\nbuild-backend = "frob"\n',
        project=f"{_HEAD}dependencies = []\n",
        bare=Bare.RUNS,
        ends=Ends.REFUSED,
    ),
    _in_project("no-binary-package", '[tool.uv]\nno-binary-package = ["frob"]\n', bare=Bare.RUNS),
)
_ARGUMENTS: Final = (
    _argument(
        "uv add --index $evil frob",
        asks=True,
        files={"work/pyproject.toml": f"{_HEAD}dependencies = []\n"},
    ),
    _argument("uv sync --default-index $evil", asks=True),
    _argument("uv sync --find-links $wheels", ends=Ends.REFUSED),
    _argument(
        "uv sync --config-file $folder/uv.toml",
        files={"uv.toml": '[[index]]\nurl = "$evil"\n'},
        ends=Ends.REFUSED,
    ),
    _argument(
        "uv --directory $folder/elsewhere sync",
        files={"elsewhere/pyproject.toml": _PROJECT + '[[tool.uv.index]]\nurl = "$evil"\n'},
        ends=Ends.REFUSED,
    ),
    _argument(
        "uv run --no-project --with frob --index $evil python -c 'import frob'",
        bare=Bare.RUNS,
        asks=True,
    ),
    _argument(
        "uv run --with-requirements $folder/more.txt python -c ''",
        bare=Bare.RUNS,
        ends=Ends.REFUSED,
    ),
    _argument("uv run --with-editable $tree python -c ''", bare=Bare.RUNS, ends=Ends.REFUSED),
    _argument(
        "uv build",
        files={"work/pyproject.toml": _BUILT},
        environ={"UV_INDEX": "$evil"},
        bare=Bare.RUNS,
        ends=Ends.REFUSED,
    ),
    _argument("uv tool install --index $evil frob", asks=True),
    _argument("uv run $origin/script.py", Kind.PLACE, bare=Bare.RUNS, ends=Ends.REFUSED),
    _argument(
        "uv add $url",
        Kind.PLACE,
        ends=Ends.REFUSED,
        files={"work/pyproject.toml": f"{_HEAD}dependencies = []\n"},
    ),
    _argument(
        "uv add -r $folder/more.txt",
        Kind.PLACE,
        ends=Ends.REFUSED,
        files={"work/pyproject.toml": f"{_HEAD}dependencies = []\n"},
    ),
    _argument("uv tool install $wheel", Kind.PLACE, ends=Ends.REFUSED),
    _argument("uvx --index $evil frob", bare=Bare.RUNS, asks=True),
    _argument("uvx --find-links $wheels frob", bare=Bare.RUNS, ends=Ends.REFUSED),
    _argument(
        "uvx --with-requirements $folder/more.txt --from near python -c ''",
        bare=Bare.RUNS,
        ends=Ends.REFUSED,
    ),
    _argument("uvx --from $url frob", Kind.PLACE, bare=Bare.RUNS, ends=Ends.REFUSED),
    _argument("uvx --with $wheel frob", Kind.PLACE, bare=Bare.RUNS, ends=Ends.REFUSED),
)
_METADATA: Final = (
    _script(
        "a script's own index",
        'dependencies = ["frob"]\n[[tool.uv.index]]\nurl = "$evil"\n',
        bare=Bare.RUNS,
        asks=True,
    ),
    _script(
        "a script's requirement by URL",
        'dependencies = ["frob @ $url"]\n',
        bare=Bare.RUNS,
        ends=Ends.REFUSED,
    ),
    _script(
        "a script's source by path",
        'dependencies = ["frob"]\n[tool.uv.sources]\nfrob = { path = "$wheel" }\n',
        bare=Bare.RUNS,
        ends=Ends.REFUSED,
    ),
    _door(
        "a wheel's address in uv.lock",
        Kind.METADATA,
        "uv sync --frozen",
        files={"work/uv.lock": _LOCK},
    ),
    _door(
        "a wheel on this machine in uv.lock",
        Kind.METADATA,
        "uv sync --frozen",
        files={
            "work/uv.lock": _LOCK.replace('registry = "$index"', 'path = "$wheel"').replace(
                'url = "$url"', 'filename = "frob-9.0-py3-none-any.whl"'
            )
        },
        ends=Ends.REFUSED,
    ),
    _door(
        "a source distribution, and nothing else",
        Kind.METADATA,
        files={"work/pyproject.toml": f'{_HEAD}dependencies = ["knob"]\n'},
        bare=Bare.RUNS,
    ),
    _door(
        "a member of the workspace",
        Kind.METADATA,
        files={
            "work/pyproject.toml": _WHOLE,
            "work/part/pyproject.toml": _PART,
        },
        ends=Ends.REFUSED,
    ),
)
_OTHERS: Final = (
    _door(Poison.UV.value, Kind.CACHE, poison=Poison.UV, ends=Ends.IGNORED),
    _door(
        "a uv in the current folder",
        Kind.PATH,
        environ={"PATH": ".:$folder/tools:/usr/bin:/bin"},
        files={"work/uv": _PROGRAM},
        bare=Bare.RUNS,
        ends=Ends.REFUSED,
    ),
    _door(
        "a Python in the current folder",
        Kind.PATH,
        environ={"PATH": ".:$folder/tools:/usr/bin:/bin", "UV_PYTHON": ""},
        files={"work/python3": _PROGRAM},
        bare=Bare.RUNS,
        ends=Ends.REFUSED,
    ),
    _door(
        "a Python in the current folder, for an environment",
        Kind.PATH,
        "uv venv",
        environ={"PATH": ".:$folder/tools:/usr/bin:/bin", "UV_PYTHON": ""},
        files={"work/python3": _PROGRAM},
        bare=Bare.RUNS,
        ends=Ends.REFUSED,
    ),
)

DOORS: Final = (*_VARIABLES, *_FILES, *_ARGUMENTS, *_METADATA, *_OTHERS)
