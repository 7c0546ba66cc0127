"""The doors of `uv pip`."""

from __future__ import annotations

from typing import Final, Unpack

from tests.e2e.doors.door import Bare, Door, Ends, Kind, Poison, Row, Tool, shown

_INSTALL: Final = "uv pip install frob"
_BY_FILE: Final = "frob @ file://$wheel\n"
_PROGRAM: Final = "#!/bin/sh\necho ran > '$marker'\n"
_BUILT: Final = '[build-system]\nrequires = ["frob"]\nbuild-backend = "frob"\n'
_UNISOLATED: Final = """\
[build-system]
requires = ["absent"]
build-backend = "back"
backend-path = ["."]
"""
"""What is built only where nobody asks for its requirements."""

_OF_FILES: Final = {"UV_DEFAULT_INDEX": ""}


def _door(name: str, kind: Kind, command: str = _INSTALL, **row: Unpack[Row]) -> Door:
    row["files"] = {"more.txt": _BY_FILE, **row.get("files", {})}
    return Door(name=name, kind=kind, tool=Tool.UV_PIP, command=command, **row)


def _variable(name: str, value: str, command: str = _INSTALL, **row: Unpack[Row]) -> Door:
    row["environ"] = {name.partition(" ")[0]: value, **row.get("environ", {})}
    return _door(name, Kind.ENVIRONMENT, command, **row)


def _configured(
    name: str, path: str, text: str, command: str = _INSTALL, **row: Unpack[Row]
) -> Door:
    row["files"] = {path: text}
    return _door(name, Kind.FILE, command, **row)


def _argument(words: str, kind: Kind = Kind.ARGUMENT, **row: Unpack[Row]) -> Door:
    return _door(shown(words), kind, words, **row)


def _line(text: str, **row: Unpack[Row]) -> Door:
    row["files"] = {"work/requirements.txt": text, "work/more.txt": _BY_FILE}
    return _door(shown(text), Kind.LINE, "uv pip install -r requirements.txt", **row)


_VARIABLES: Final = (
    _variable("UV_INDEX", "$evil", asks=True),
    _variable("UV_INDEX_URL", "$evil", environ=_OF_FILES, asks=True),
    _variable("UV_DEFAULT_INDEX", "$evil", asks=True),
    _variable("UV_EXTRA_INDEX_URL", "$evil", asks=True),
    _variable("UV_FIND_LINKS", "$wheels", ends=Ends.PASSED_OVER),
    _variable(
        "UV_CONFIG_FILE",
        "$folder/uv.toml",
        files={"uv.toml": '[[index]]\nurl = "$evil"\n'},
        asks=True,
    ),
    _variable("UV_OVERRIDE", "$folder/more.txt", command="uv pip install near"),
    _variable(
        "UV_BUILD_CONSTRAINT",
        "$folder/more.txt",
        command="uv pip install $folder/source",
        files={"source/pyproject.toml": _BUILT},
        bare=Bare.RUNS,
    ),
    _variable("UV_CONSTRAINT", "$folder/more.txt"),
    _variable(
        "UV_INDEX_STRATEGY",
        "unsafe-best-match",
        environ={"UV_INDEX": "$index", "UV_DEFAULT_INDEX": "$evil"},
        asks=True,
    ),
    _variable(
        "UV_NO_VERIFY_HASHES",
        "1",
        command="uv pip install -r $folder/locked.txt",
        files={"locked.txt": "frob==9.0 --hash=sha256:" + "0" * 64 + "\n"},
        environ={"UV_INDEX": "$evil"},
        asks=True,
    ),
    _variable(
        "UV_INSECURE_HOST",
        "127.0.0.1:$port",
        environ={"UV_INDEX": "$evil"},
        tls=True,
        asks=True,
        ends=Ends.UNDECIDED,
    ),
    _variable(
        "UV_NO_BUILD_ISOLATION",
        "1",
        "uv pip install $folder/source",
        files={
            "source/pyproject.toml": _UNISOLATED,
            "source/back.py": "import pathlib; pathlib.Path('$marker').write_text('ran')\n",
        },
        bare=Bare.RUNS,
    ),
    _variable("ALL_PROXY", "$origin", environ={"NO_PROXY": ""}, asks=True),
    _variable(
        "UV_CACHE_DIR of somebody else", "$folder/uv-cache", poison=Poison.UV, ends=Ends.IGNORED
    ),
    _variable("UV_OFFLINE with a cache", "1", poison=Poison.UV, ends=Ends.UNDECIDED),
)
_CONFIGURATION: Final = (
    _configured(
        "index of the user", "home/config/uv/uv.toml", '[[index]]\nurl = "$evil"\n', asks=True
    ),
    _configured(
        "index of all users", "home/xdg/uv/uv.toml", '[[index]]\nurl = "$evil"\n', asks=True
    ),
    _configured("uv.toml of the folder", "work/uv.toml", '[[index]]\nurl = "$evil"\n', asks=True),
    _configured(
        "[pip] extra-index-url", "work/uv.toml", '[pip]\nextra-index-url = ["$evil"]\n', asks=True
    ),
    _configured("find-links", "work/uv.toml", 'find-links = ["$wheels"]\n', ends=Ends.PASSED_OVER),
    _configured(
        "override-dependencies",
        "work/uv.toml",
        'override-dependencies = ["frob @ $url"]\n',
        command="uv pip install near",
        asks=True,
    ),
    _configured(
        "[tool.uv] index", "work/pyproject.toml", '[[tool.uv.index]]\nurl = "$evil"\n', asks=True
    ),
    _configured(
        "[tool.uv.pip] find-links",
        "work/pyproject.toml",
        '[tool.uv.pip]\nfind-links = ["$wheels"]\n',
        ends=Ends.PASSED_OVER,
    ),
    _configured(
        "[tool.uv.pip] index-url",
        "work/pyproject.toml",
        '[tool.uv.pip]\nindex-url = "$evil"\n',
        environ=_OF_FILES,
        asks=True,
    ),
    _configured(
        "http-proxy",
        "work/uv.toml",
        'http-proxy = "$origin"\n',
        environ={"NO_PROXY": "", "ALL_PROXY": "", "HTTPS_PROXY": ""},
        asks=True,
    ),
    _configured("no-binary", "work/uv.toml", '[pip]\nno-binary = ["frob"]\n', bare=Bare.RUNS),
)
_ARGUMENTS: Final = (
    _argument("uv pip install --index $evil frob", asks=True),
    _argument("uv pip install --extra-index-url=$evil frob", asks=True),
    _argument("uv pip install -f $wheels frob", ends=Ends.PASSED_OVER),
    _argument("uv pip install --overrides $folder/more.txt near", ends=Ends.REFUSED),
    _argument("uv pip install -c $folder/more.txt frob"),
    _argument("uv pip install -r $origin/requirements.txt", ends=Ends.REFUSED),
    _argument(
        "uv pip install --config-file $folder/uv.toml frob",
        files={"uv.toml": '[[index]]\nurl = "$evil"\n'},
        ends=Ends.REFUSED,
    ),
    _argument("uv pip install --no-binary frob frob", bare=Bare.RUNS, ends=Ends.REFUSED),
    _argument("uv pip install $url", kind=Kind.PLACE),
    _argument("uv pip install 'frob @ $url'", kind=Kind.PLACE),
    _argument("uv pip install $wheel", kind=Kind.PLACE),
    _argument("uv pip install $tree", kind=Kind.PLACE, bare=Bare.RUNS),
    _argument("uv pip install -e $tree", kind=Kind.PLACE, bare=Bare.RUNS),
    _argument("uv pip install git+$origin/frob.git", kind=Kind.PLACE, bare=Bare.ASKS),
)
_LINES: Final = (
    _line("--extra-index-url $evil\nfrob\n", asks=True),
    _line(
        "--index-url $${EVIL}\nfrob\n", asks=True, environ={"EVIL": "$evil", "UV_DEFAULT_INDEX": ""}
    ),
    _line("-f ../wheels\nfrob\n", ends=Ends.PASSED_OVER),
    _line("-r more.txt\n"),
    _line("-c more.txt\nfrob\n"),
    _line("-r $origin/requirements.txt\n", ends=Ends.REFUSED),
)
_PYLOCK: Final = """\
lock-version = "1.0"
created-by = "somebody"
[[packages]]
name = "frob"
version = "9.0"
[[packages.wheels]]
name = "frob-9.0-py3-none-any.whl"
url = "$url"
hashes = { sha256 = "$hash" }
"""
_OTHERS: Final = (
    _door(
        "a wheel's address in pylock.toml",
        Kind.METADATA,
        "uv pip sync pylock.toml",
        files={"work/pylock.toml": _PYLOCK},
        asks=True,
    ),
    _door(
        "a source distribution, and nothing else",
        Kind.METADATA,
        "uv pip install knob",
        bare=Bare.RUNS,
    ),
    _door(
        "uv pip compile of a source tree",
        Kind.METADATA,
        "uv pip compile $folder/more.in",
        files={"more.in": "knob @ file://$tree\n"},
        bare=Bare.RUNS,
        ends=Ends.REFUSED,
    ),
    _door(
        "python of [tool.uv.pip] in the checkout",
        Kind.FILE,
        "uv --quiet pip install frob",
        guarded="uv --quiet pip install frob",
        files={
            "work/pyproject.toml": '[tool.uv.pip]\npython = "fake/python"\n',
            "work/fake/python": _PROGRAM,
        },
        bare=Bare.RUNS,
        ends=Ends.REFUSED,
    ),
    _door(Poison.UV.value, Kind.CACHE, poison=Poison.UV, ends=Ends.IGNORED),
)

DOORS: Final = (*_VARIABLES, *_CONFIGURATION, *_ARGUMENTS, *_LINES, *_OTHERS)
