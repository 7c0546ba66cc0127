"""The rules say which sources are parsed: they must not hide what the parser would show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from guard.artifact import source_ast
from guard.artifact.source import Scanner

SCANNER: Final = Scanner()

PROCESS: Final = [
    "os.system",
    "os.popen",
    "os.execv",
    "os.spawnl",
    "os.posix_spawn",
    "posix.system",
    "subprocess.run",
    "subprocess.call",
    "subprocess.Popen",
    "subprocess.check_output",
    "subprocess.getoutput",
    "pty.spawn",
]
NETWORK: Final = [
    "requests.get",
    "requests.post",
    "requests.request",
    "urllib.request.urlopen",
    "httpx.get",
    "httpx.post",
]
DECODE: Final = [
    "base64.b64decode",
    "base64.urlsafe_b64decode",
    "base64.b32hexdecode",
    "base64.a85decode",
    "base64.decodebytes",
    "binascii.unhexlify",
    "binascii.a2b_base64",
    "zlib.decompress",
    "lzma.decompress",
    "codecs.decode",
    "marshal.loads",
]
RUN: Final = [
    "builtins.exec",
    "builtins.eval",
    "types.FunctionType",
    "runpy.run_path",
    "os.system",
    "os.popen",
    "os.execv",
    "subprocess.run",
    "subprocess.Popen",
    "subprocess.check_output",
    "posix.system",
    "pty.spawn",
]


def forms(path: str) -> Iterator[str]:
    """Ways to get at a function, as a text with `;` before the expression."""
    module, _, name = path.rpartition(".")
    above, _, last = module.rpartition(".")
    yield f"import {module};{path}"
    yield f"import {module} as m;m.{name}"
    yield f"import re, {module} as m;m.{name}"
    yield f"import \\\n  {module} as m;m.{name}"
    yield f"from {module} import {name};{name}"
    yield f"from {module} import {name} as f;f"
    yield f"from {module} import (\n    {name} as f,\n);f"
    yield f"import {module}\ng = {path}\n;g"
    yield f"import {module};getattr({module}, '{name}')"
    yield f"import {module};getattr({module}, '{name[:2]}' + '{name[2:]}')"
    if not above:
        yield f"__import__('{module}').{name}"
        yield f"import importlib;importlib.import_module('{module}').{name}"
    else:
        yield f"from {above} import {last};{last}.{name}"
        yield f"from {above} import {last} as m;m.{name}"


def hidden(paths: list[str], call: str, capability: str) -> list[str]:
    """The ways that a parser sees, and the scanner does not; `call` is made with `{}`."""
    found = []
    for form in (form for path in paths for form in forms(path)):
        before, _, expression = form.rpartition(";")
        text = f"{before}\n{call.format(expression)}\n"
        spots = source_ast.spots(source_ast.parse(text))
        traces = SCANNER.traces("frob/a.py", text.encode(), offset=0)
        if capability in dict(spots) and capability not in {each.capability for each in traces}:
            found.append(text)
    return found


@pytest.mark.parametrize(
    ("paths", "call", "capability"),
    [
        pytest.param(PROCESS, "{}('id')", "import-time-process", id="process"),
        pytest.param(NETWORK, "exec({}('x').text)", "download-and-run", id="fetch"),
        pytest.param(DECODE, "exec({}('x'))", "decoded-exec", id="decode"),
        pytest.param(
            RUN, "import base64\n{}(base64.b64decode('x'))", "decoded-exec", id="run decoded"
        ),
        pytest.param(
            RUN,
            "import urllib.request\n{}(urllib.request.urlopen('x').read())",
            "download-and-run",
            id="run fetched",
        ),
        pytest.param(
            NETWORK,
            "import os\n{}('x', dict(os.environ))",
            "environment-harvest",
            id="send environment",
        ),
    ],
)
def test_the_rules_hide_nothing(paths: list[str], call: str, capability: str) -> None:
    assert hidden(paths, call, capability) == []
