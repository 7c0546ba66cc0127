"""Reading members as text: which, within which limits, by whose rules, and never an exception."""

from __future__ import annotations

import ast
import os
import threading
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.artifact import source_ast
from guard.artifact.capabilities import capabilities, index, page, sources
from guard.artifact.content import Trace
from guard.artifact.source import Budget, Scanner
from guard.artifact.source_outline import Hits, relevant
from guard.errors import PolicyError

ROOT: Final = Path(__file__).parents[2]
SCANNER: Final = Scanner()
EVIL: Final = b"import subprocess\nsubprocess.run(['id'])\n"
FILLER: Final = b"".join(b"def f%d(x):\n    return x\n\n\n" % n for n in range(300))


def shown(data: bytes, name: str = "frob/a.py", scanner: Scanner = SCANNER) -> list[str]:
    return sorted({trace.capability for trace in scanner.traces(name, data, offset=0)})


def a_rule(text: str, folder: Path) -> Scanner:
    folder.mkdir(exist_ok=True)
    (folder / "own.yar").write_text(text)
    return Scanner([folder])


# -- which ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "size", "wanted"),
    [
        ("frob/a.py", 1, True),
        ("frob/a.py", 0, False),
        ("frob/a.py", 64 << 20, True),
        ("frob/a.py", (64 << 20) + 1, False),
        ("frob.pth", 100, True),
        ("frob/README", 100, True),
        ("frob/a.png", 100, True),
        ("frob/a.so", 1 << 20, True),
        ("frob/a.so", (1 << 20) + 1, False),
    ],
)
def test_which_members_are_read(name: str, size: int, wanted: bool) -> None:
    assert SCANNER.wants(name, size) is wanted


def test_a_trace_says_what_and_where() -> None:
    source = b"import subprocess\n\n\n    \nif True:\n    subprocess.run(['id'])   \n"
    assert SCANNER.traces("frob/a.py", source, offset=77) == (
        Trace(
            capability="import-time-process",
            text="subprocess.run(['id'])",
            line=6,
            member="frob/a.py",
            offset=77,
        ),
    )


def test_a_long_line_is_cut() -> None:
    source = b"import subprocess\nsubprocess.run(['" + b"x" * 5000 + b"'])\n"
    [trace] = SCANNER.traces("frob/a.py", source, offset=0)
    assert len(trace.text) == 160


def test_what_is_far_into_a_long_line_is_shown() -> None:
    source = b"const fs=require('fs');" + b"x();" * 3000 + b"eval(atob('AAAA'));" + b"y();" * 3000
    [trace] = SCANNER.traces("frob/a.js", source, offset=0)
    assert trace.text.startswith("eval(atob('AAAA'));y();")


def test_many_places_are_twenty_of_each_kind() -> None:
    source = b"import subprocess, requests\n" + b"subprocess.run('')\nrequests.get('')\n" * 500
    traces = SCANNER.traces("frob/a.py", source, offset=0)
    assert len(traces) == 40
    assert [t.line for t in traces if t.capability == "import-time-process"] == list(
        range(2, 41, 2)
    )


def test_the_order_is_that_of_kinds_and_lines() -> None:
    source = b"import subprocess, requests\n" + b"requests.get('')\nsubprocess.run('')\n" * 3
    traces = SCANNER.traces("frob/a.py", source, offset=0)
    assert [(t.capability[12:], t.line) for t in traces] == [
        *(("network", line) for line in (2, 4, 6)),
        *(("process", line) for line in (3, 5, 7)),
    ]


def test_litellm_1_82_7() -> None:
    """A long module that had done neither decodes a program and runs it in a child."""
    honest = b"import base64, os, subprocess\n" + FILLER * 4
    assert shown(honest, "litellm/proxy/proxy_server.py") == []
    attack = b"""\
b64_payload = "aW1wb3J0IG9zCm9zLmdldHBpZCgpCg=="
import sys, tempfile
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "p.py")
    with open(path, "wb") as stream:
        stream.write(base64.b64decode(b64_payload))
    subprocess.run([sys.executable, path])
"""
    half = len(honest) // 2
    cut = honest.index(b"def ", half)
    seen = shown(honest[:cut] + attack + honest[cut:], "litellm/proxy/proxy_server.py")
    assert {"decoded-exec", "import-time-process"} <= set(seen)


def test_litellm_1_82_8() -> None:
    line = (
        b"import os, subprocess, sys; subprocess.Popen([sys.executable, '-c', "
        b"\"import base64; exec(base64.b64decode('b3MuZ2V0cGlkKCk='))\"])\n"
    )
    assert {"decoded-exec", "import-time-process"} <= set(shown(line, "litellm_init.pth"))


@pytest.mark.parametrize(
    "content",
    [
        b"frob\n# import os; os.system('id')\n",
        b"./subprocess.run(['id'])\n",
        b"import frob_bootstrap\n",
    ],
)
def test_lines_of_a_pth_file_that_run_nothing_of_it(content: bytes) -> None:
    assert shown(content, "frob.pth") == []


def test_one_line_of_a_pth_file_does_not_hide_another() -> None:
    assert shown(b"import (\nimport os; os.system('id')\n", "frob.pth") == ["import-time-process"]


# -- limits ---------------------------------------------------------------------------------------


def test_what_is_no_python_is_judged_by_its_text() -> None:
    assert shown(b"print 'hello'\n" + EVIL) == ["import-time-process"]
    assert shown(b"print 'hello'\n") == []


@pytest.mark.parametrize(
    "deep",
    [
        b"x = " + b"(" * 5000 + b")" * 5000 + b"\n",
        b"x = " + b"-" * 20000 + b"1\n",
        b"x = " + b"+".join([b"1"] * 20000) + b"\n",
        b"x = a" + b".a()" * 20000 + b"\n",
        b"x = " + b"[" * 90 + b"]" * 90 + b"\n",
        b"".join(b" " * n + b"if x:\n" for n in range(99)) + b" " * 99 + b"pass\n",
        b"x = " + b"lambda: " * 5000 + b"1\n",
        b"x = f'{" + b"(f'{" * 60 + b"1" + b"}')" * 60 + b"}'\n",
    ],
)
def test_deep_nesting_hides_nothing(deep: bytes) -> None:
    assert "import-time-process" in shown(deep + EVIL)
    assert "import-time-process" in shown(FILLER + deep + EVIL)


@pytest.mark.parametrize(
    "tangle",
    [
        pytest.param(
            b"".join(b"a%d = a%d + a%d\n" % (n, n + 1, n + 1) for n in range(40)) + b"a40 = 'x'\n",
            id="doubling text",
        ),
        pytest.param(b"a = b\nb = c\nc = a\nd = a()\n", id="circle"),
        pytest.param(b"def f(): return f()\nexec(f())\n", id="recursion"),
        pytest.param(b"f = lambda: g()\ng = lambda: f()\nf()\n", id="two lambdas"),
        pytest.param(b"x = 'a' * 10 ** 9 * 10 ** 9\nexec('a' * 999999999)\n", id="large constants"),
        pytest.param(
            b"f(" + b"f," * 30000 + b")\ndef f():\n    import os\n    os.popen('')\n", id="uses"
        ),
        pytest.param((b"x = os.environ" + b".copy()" * 150 + b"\n") * 200, id="long chains"),
    ],
)
def test_a_tangle_is_given_up_in_time(tangle: bytes) -> None:
    source = b"import os, base64\nexec(base64.b64decode(''))\n" + tangle + FILLER + EVIL
    assert {"decoded-exec", "import-time-process"} <= set(shown(source))


def test_a_line_of_fifty_megabytes() -> None:
    source = b"x = '" + b"a" * (50 << 20) + b"'; import os; os.system('id')\n"
    assert shown(source) == ["import-time-process"]


def test_fifty_megabytes_of_lines() -> None:
    source = b"import os\nos.system('id')\n" + b"x = 1\n" * (8 << 20)
    assert shown(source) == ["import-time-process"]


def test_a_module_of_functions_that_is_too_long_to_be_parsed_whole() -> None:
    long = b"".join(b"def g%d():\n    return '%b'\n\n" % (n, b"y" * 900) for n in range(3000))
    assert len(long) > 2 * source_ast.LIMIT
    assert shown(long + EVIL + long) == ["import-time-process"]
    assert shown(long + b"def f():\n    import os\n    os.system('id')\n" + long) == []


@pytest.mark.parametrize(
    ("source", "more"),
    [
        pytest.param(b"x = 1\0\n" + EVIL, ["import-time-process"], id="NUL"),
        pytest.param(b"# coding: utf-7\n" + EVIL, ["import-time-process"], id="UTF-7"),
        pytest.param(
            b"# coding: utf-7\n" + EVIL.decode().encode("utf-7").replace(b"s", b"+AHM-"),
            ["import-time-process"],
            id="UTF-7 in full",
        ),
        pytest.param(EVIL.decode().encode("utf-16"), ["import-time-process"], id="UTF-16"),
        pytest.param(
            b"#!/usr/bin/python\n# -*- coding: rot13 -*-\n"
            + EVIL.translate(
                bytes.maketrans(b"abcdefghijklmnopqrstuvwxyz", b"nopqrstuvwxyzabcdefghijklm")
            ),
            ["hidden-payload", "import-time-process"],
            id="rot13",
        ),
        pytest.param(
            b"# vim: set fileencoding=unicode_escape :\nimport subprocess\n"
            b"subprocess\\x2erun(['id'])\n",
            ["import-time-process"],
            id="escapes",
        ),
        pytest.param(b"# coding: hex\n00\n", [], id="no text encoding"),
        pytest.param(b"# coding: frob\nx = 1\n", [], id="unknown"),
        pytest.param(b"#" + b"x" * 9000 + b"coding=utf-7\n", [], id="far to the right"),
        pytest.param(b"\r# coding: utf-7\rx = 1\r", [], id="after a lone return"),
        pytest.param(b"x = '\xff\xfe'\n", [], id="not UTF-8"),
        pytest.param(b"# coding: ascii\nx = '\xff'\n", [], id="not ASCII"),
    ],
)
def test_an_encoding_that_hides_something_is_told(source: bytes, more: list[str]) -> None:
    assert shown(source) == sorted([*more, "obfuscation"])


@pytest.mark.parametrize(
    "source",
    [
        b"# -*- coding: utf-8 -*-\nx = '\xc3\xa9'\n",
        b"\xef\xbb\xbfx = 1\n",
        b"# coding: latin-1\nx = '\xe9'\n",
        b"# -*- coding: iso-8859-15 -*-\nx = '\xa4'\n",
        b"# coding: cp1252\nx = '\x80'\n",
        b"# coding=euc-jp\nx = '\xa4\xa2'\n",
        b"x = 1\ny = 2\n# coding: utf-7 is not asked for here\n",
        b"encoding = 'rot13'\n",
    ],
)
def test_an_encoding_that_people_use_is_nothing(source: bytes) -> None:
    assert shown(source) == []
    assert "import-time-process" in shown(source + EVIL)


# -- what is left out of a long module -------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(b'x = """\ndef f():\n    """\nimport os\nos.system("id")\n'
        b'', id="def in a string"),
        pytest.param(
            b'if True:\n    x = """\ndef f():\n    """\n    import os\n    os.system("id")\n',
            id="def in a string in a block",
        ),
        pytest.param(
            b"def f():\n    x = '''\ndef g():\n    ''' # \"\"\"\n    import os\n"
            b"    os.system('id')\nf()\n# \"\"\"\n",
            id="quotes in a comment",
        ),
        pytest.param(
            b"def f():\n    x = 'a\\\ndef g(): # '''\n    import os\n    os.system('id')\n"
            b"f()\n'''\n'''\n",
            id="a string that goes on",
        ),
        pytest.param(b"def f(): return \\\n__import__('os').system('id')\nf()\n"
        b"", id="a line that goes on"),
        pytest.param(b"def f():\n    import os\n\x0c    os.system('id')\n\x0cf()\n"
        b"", id="form feeds"),
        pytest.param(b"def f():\r    import os\r    os.system('id')\rf()\r", id="lone returns"),
        pytest.param(b"def f(x=(\n__import__('os').system('id')\n)): pass\n"
        b"", id="a default at the left"),
        pytest.param(
            b"class A(dict[lambda:\n        0]):\n    def m(self):\n        def inner(): pass\n"
            b"    __import__('os').system('id')\n",
            id="an indent that is not the body's",
        ),
        pytest.param(
            b"class A:\n    def m(self):\n        pass\n    import os; os.system('id')\n"
            b"    def n(self):\n        pass\n",
            id="between two methods",
        ),
        pytest.param(
            b"def left_out():\n    import os\n    os.system('id')\nleft_out()\n"
            b"", id="the name of a gap"
        ),
        pytest.param(
            b"def f():\n    pass\ndef f():\n    import os\n    os.system('id')\nf()\n"
            b"def g(): pass\n",
            id="defined twice",
        ),
        pytest.param(
            b"import os as o\no.system('id')\nimport json as o\n", id="imported twice"
        ),
        pytest.param(b"__name__ = '__main__'\nif __name__ == '__main__':\n"
                     b"    import os\n    os.system('id')\n", id="another name"),
        pytest.param(
            b"if True:\n    def f():\n        import os\n        os.system('id')\nelse:\n"
            b"    f = 1\nf()\n",
            id="in a block",
        ),
        pytest.param(
            b"x = {}\ndef f() -> x[1:\n__import__('os').system('id')]:\n    pass\n",
            id="a slice in an annotation",
        ),
        pytest.param(
            b"def f(x=1, # it's (\n      y=__import__('os').system('id')):\n    pass\n",
            id="a default after a comment",
        ),
        pytest.param(
            b"def f(x='#', y=[\n  1], # )]\n z=__import__('os').system('id')):\n    pass\n",
            id="a default after what looks like a comment",
        ),
    ],
)  # fmt: skip
def test_what_is_left_out_hides_nothing(source: bytes) -> None:
    ast.parse(source)
    assert "import-time-process" in shown(source)
    assert "import-time-process" in shown(FILLER + source)
    assert "import-time-process" in shown(FILLER + source + FILLER)


PIECES: Final = (
    "import os\n",
    "import subprocess as s\n",
    "def run():\n    s.run(['id'])\n",
    "def other(x=1):\n    '''Says \"x\".'''\n    return x\n",
    "def both():\n    other()\n    run()\n",
    "class A:\n    def go(self):\n        os.system('id')\n\n    def stay(self):\n        pass\n",
    "class B(A):\n    x = 1\n\n    def __init__(self):\n        self.go()\n",
    "a = A()\n",
    "if a:\n    a.go()\n",
    "run()\n",
    "both()\n",
    "B()\n",
    "@both\ndef decorated():\n    pass\n",
    "text = '''\ndef f():\n    os.system('id')\n'''\n",
    "alias = run\n",
    "alias()\n",
    "def through():  # it's both()\n    alias()\n",
    "def late(x=other):  # noqa\n    through()\n    late()\n",
    "def soon(\n    x=both(),  # (both\n    y=1,  # 'y\n) -> None:  # :\n    late()\n",
    "class C(A):\n    def go(self) -> A:\n        late()\n\n    def on(self):\n        self.go()\n",
    "C().on()\n",
    "from os import (  # it's (\n    getpid,\n    system as start,  # noqa\n)\n",
    "start('id')\n",
    "def begin():\n    start('id')\n",
    "begin()\n",
    "@start\n@both\ndef twice():\n    pass\n",
    "C().go()\n",
    "late()\n",
    "x = f'''{other('a') if a else 'b'}'''\n",
    "# os.system('id')\n",
    "x = f'''{other('{')}'''\n",
    "try:\n    other()\nexcept ValueError:\n    run()\n",
)


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=12))
@settings(deadline=None)
def test_a_cut_module_shows_what_the_whole_does(pieces: list[str]) -> None:
    source = ("".join(pieces) + FILLER.decode()).encode()
    words = (b"s.run", b"os.system")
    hits = {at for word in words for at in range(len(source)) if source.startswith(word, at)}
    hits |= {source.find(word) for word in (b"import subprocess as", b"from os import")} - {-1}
    cut = relevant(source, Hits(on_import=hits))
    whole = source_ast.spots(source_ast.parse(source.decode()), follow=False)
    found = source_ast.spots(source_ast.parse(cut.decode()), follow=False) if cut else set()
    assert found == whole


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"x = f'''{1:'}{2 +'} ''' + '}'''\n", id="a quote in a format"),
        pytest.param(b"x = f'''{1 + {'a': 2}['a']}'''\n", id="braces in braces"),
        pytest.param(b'x = f"""{1 + "a"""}"""\n', id="quotes beside quotes"),
        pytest.param(b"x = f'''{1 # '}\n}'''\n", id="a comment in braces"),
    ],
)
def test_a_string_that_may_end_elsewhere_in_another_python_is_not_cut_at(text: bytes) -> None:
    source = FILLER + text + EVIL
    assert relevant(source, Hits(on_import={source.index(b"subprocess.run")})) == source


def test_code_and_what_it_runs_may_be_apart() -> None:
    """The way from one to the other is an attribute of an object, in a long module."""
    fetch = (
        b"import requests\nclass A:\n    def a(self):\n        self.b = requests.get('x').text\n"
    )
    run = b"class B:\n    def c(self, it):\n        exec(it.b)\n"
    assert "download-and-run" in shown(fetch + FILLER + run)
    assert "download-and-run" in shown(run + FILLER + fetch)


LONG: Final = b"".join(b"    value_%d = compute(%d)\n" % (n, n) for n in range(200))


@pytest.mark.parametrize("begin", [b"def main():\n", b"if compute(0):\n"])
def test_what_is_long_may_take_it_from_one_to_the_other(begin: bytes) -> None:
    unpack = b"import base64, requests\ndef unpack(it):\n    return base64.b64decode(it)\n"
    fetch = b"def fetch(it):\n    return requests.get(it).text\n"
    run = b"def run(it):\n    exec(it)\n"
    source = FILLER + unpack + fetch + FILLER.replace(b"f", b"g") + run + begin + LONG
    assert "decoded-exec" in shown(source + b"    run(unpack('x'))\n")
    assert "download-and-run" in shown(source + b"    run(fetch('x'))\n")
    assert "decoded-exec" not in shown(source + b"    run(fetch('x'))\n")


def test_a_name_for_a_module_that_is_put_together_is_found_among_all() -> None:
    source = b"import os, subprocess\n" + FILLER + b"globals()['sub' + 'process'].run(['id'])\n"
    assert {"import-time-process", "obfuscation"} <= set(shown(source))


def test_what_honest_packages_say_word_for_word_hides_nothing_else() -> None:
    honest = b"__import__('pkg_resources').declare_namespace(__name__)\n"
    assert shown(honest) == []
    assert shown(honest + b"__import__('os').system('id')\n") == ["import-time-process"]
    other = b"__import__('pkg_resources').declare_namespace.__globals__['os'].system('id')\n"
    assert shown(other) == ["import-time-process"]


# -- rules ----------------------------------------------------------------------------------------


def test_a_users_rule_is_matched_with_every_kind(tmp_path: Path) -> None:
    scanner = a_rule('rule ACME_token { strings: $a = "acme_" condition: $a }', tmp_path)
    for name in ("frob/a.py", "frob/a.js", "frob/a.sh", "frob/a.txt", "frob/a.png", "frob/x"):
        [trace] = scanner.traces(name, b"\nx = 'acme_1'\n", offset=0)
        assert (trace.capability, trace.line, trace.text) == ("acme-token", 2, "x = 'acme_1'")


def test_a_users_rule_has_an_id_and_may_ask_for_the_kind(tmp_path: Path) -> None:
    text = 'rule x { meta: id = "acme" strings: $a = "acme_" condition: $a and kind == "text" }'
    scanner = a_rule(text, tmp_path)
    assert shown(b"acme_1", "frob/a.md", scanner) == ["acme"]
    assert shown(b"acme_1", "frob/a.py", scanner) == []


@pytest.mark.parametrize("name", ["NO-KEBAB", "", "a b", "a--b", "-a"])
def test_an_id_that_no_policy_could_name_is_not_taken(name: str, tmp_path: Path) -> None:
    text = f'rule of_mine {{ meta: id = "{name}" condition: true }}'
    [trace] = a_rule(text, tmp_path).traces("a.txt", b"x", offset=0)
    assert (trace.capability, trace.line) == ("of-mine", None)


def test_a_users_rule_does_not_change_what_is_shipped(tmp_path: Path) -> None:
    text = 'rule import_time_process { meta: look = "import" condition: false }'
    assert shown(EVIL, scanner=a_rule(text, tmp_path)) == ["import-time-process"]


def test_the_same_names_in_two_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yara").write_text(f'rule r {{ meta: id = "{name}" condition: true }}')
    assert shown(b"x", "a.txt", Scanner([tmp_path])) == ["a", "b"]


@pytest.mark.parametrize(
    "text",
    [
        "rule { condition: true }",
        "rule a { condition: nothing }",
        'include "other.yar"\nrule a { condition: true }',
        "rule a { strings: $a = /(/ condition: $a }",
    ],
)
def test_a_bad_rule_file_is_told_at_once(text: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        a_rule(text, tmp_path)
    assert caught.value.source == str(tmp_path / "own.yar")
    assert caught.value.reason
    assert caught.value.hint


def test_a_folder_without_rules_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="YARA rules"):
        Scanner([tmp_path])
    with pytest.raises(PolicyError, match="YARA rules"):
        Scanner([tmp_path / "missing"])
    (tmp_path / "a.yar").write_bytes(b"\xff\xfe")
    with pytest.raises(PolicyError, match="YARA rules"):
        Scanner([tmp_path])


def test_too_many_rules_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yar").write_bytes(b"// x\n" * (4 << 20))
    with pytest.raises(PolicyError, match="YARA rules"):
        Scanner([tmp_path])


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_rule_file_that_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.yar").touch(mode=0)
    with pytest.raises(PolicyError, match="YARA rules"):
        Scanner([tmp_path])


def test_the_digest_is_of_all_rules(tmp_path: Path) -> None:
    first = a_rule("rule a { condition: true }", tmp_path / "1").digest
    again = a_rule("rule a { condition: true }", tmp_path / "1").digest
    other = a_rule("rule a { condition: false }", tmp_path / "1").digest
    assert SCANNER.digest == Scanner().digest
    assert len({SCANNER.digest, first, other}) == 3
    assert first == again


def test_threads_share_a_scanner() -> None:
    scanner = Scanner()
    found: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: found.append(shown(EVIL, scanner=scanner)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [["import-time-process"]] * 8


# -- any bytes ------------------------------------------------------------------------------------

NAMES: Final = st.sampled_from(
    ["a.py", "a.pth", "a.js", "a.sh", "a.png", "a.gif", "a.wav", "a.so", "a.txt", "run", "a.PY"]
)
PARTS: Final = st.sampled_from(
    [
        *(b"import os\n", b"exec(", b"base64.b64decode(", b"'''", b'"""', b"\\\n", b"def f():\n"),
        *(b"class A:\n", b"os.system(", b"getattr(os, ", b"'a' + 'b'", b")", b"\n", b"\r", b"\f"),
        *(
            b"# coding: utf-7\n",
            b"# coding: utf-16\n",
            b"\xff\xfe",
            b"\xef\xbb\xbf",
            b"\0",
            b"    ",
        ),
        *(b"A" * 2000, b" " * 200 + b";", b"RIFF", b"WAVEdata", b"\x89PNG\r\n\x1a\n", b"GIF89a"),
        *(b"lambda: ", b"[::-1]", b"os.environ", b"f'''{", b"}'''", b"@f\n", b"import (", b"%"),
        *(b"\xf0\x9d\x98\x80(", b"\xe2\x80\xae", b"#!"),
    ]
)


@given(NAMES, st.lists(st.one_of(PARTS, st.binary(max_size=40)), max_size=30).map(b"".join))
@settings(deadline=None, max_examples=300)
def test_any_bytes_are_traces(name: str, data: bytes) -> None:
    for trace in SCANNER.traces(name, data, offset=3):
        assert trace.capability in capabilities()
        assert trace.member == name
        assert trace.offset == 3
        assert len(trace.text) <= 160
        assert trace.line is None or trace.line >= 1


@given(st.lists(PARTS, max_size=30).map(b"".join))
@settings(deadline=None, max_examples=100)
def test_any_bytes_after_a_long_module_are_traces(data: bytes) -> None:
    for trace in SCANNER.traces("a.py", FILLER + data + FILLER, offset=0):
        assert trace.capability in capabilities()


# -- what is written down --------------------------------------------------------------------------


def test_every_capability_has_its_file() -> None:
    assert {c.file: c.id for c in capabilities().values()} == {
        name: name.removesuffix(".yar").replace("_", "-") for name in sources()
    }


@pytest.mark.parametrize("name", capabilities())
def test_every_capability_is_explained(name: str) -> None:
    text = page(capabilities()[name])
    assert (ROOT / f"docs/capabilities/{name}.md").read_text(encoding="utf-8") == text
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## Why it matters",
        "## Where it is honest",
    ]


def test_the_index_lists_every_capability() -> None:
    assert (ROOT / "docs/capabilities/index.md").read_text(encoding="utf-8") == index()
    pages = {path.stem for path in (ROOT / "docs/capabilities").glob("*.md")}
    assert pages == {"index", *capabilities()}


@pytest.mark.parametrize("name", sources())
def test_a_rule_file_shows_one_capability(name: str) -> None:
    ids = [line for line in sources()[name].splitlines() if line.startswith("    id = ")]
    rules = [line for line in sources()[name].splitlines() if line.startswith("rule ")]
    assert len(ids) == len(rules) > 0
    assert len(set(ids)) == 1


CODE = b"import base64\nexec(base64.b64decode('cGFzcw=='))\n"


def shifted(word: bytes) -> bytes:
    # Wide letters, which Python takes for the plain ones in a name.
    return b"\x1b$B" + b"".join(bytes([0x23, letter]) for letter in word) + b"\x1b(B"


@pytest.mark.parametrize(
    "source",
    [
        b"x = 1  # coding: rot13\n" + CODE,
        b"x = 1\n# coding: rot13\n" + CODE,
        b"'''\n# coding: rot13\n'''\n" + CODE,
        b"# coding: iso2022_jp\nimport base64\n"
        + shifted(b"exec")
        + b"(base64."
        + shifted(b"b64decode")
        + b"('cGFzcw=='))\n",
        b"# coding: gbk\nx = '\xe4\xbd\xa0\\'\n" + CODE + b"#'\n",
    ],
)
def test_a_source_is_read_in_the_encoding_that_python_reads_it_in(source: bytes) -> None:
    compile(source, "m.py", "exec")
    found = Scanner().traces("m.py", source, offset=0)
    assert "decoded-exec" in {trace.capability for trace in found}


def test_star_imports_cost_no_more_the_more_there_are() -> None:
    budget = Budget()
    source = b"import subprocess\n" + b"from os import *\n" * 20_000 + b"system(a)\n" * 20_000
    assert Scanner().traces("m.py", source, offset=0, budget=budget)
    assert budget.parsed < Budget().parsed


def test_what_is_beyond_the_budget_is_judged_by_its_text() -> None:
    scanner, spent = Scanner(), Budget(parsed=10)
    found = scanner.traces("m.py", CODE, offset=0, budget=spent)
    assert {trace.capability for trace in found} >= {"decoded-exec"}
    assert spent.parsed < 0
