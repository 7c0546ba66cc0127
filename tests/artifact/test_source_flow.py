"""Where data and functions go within a module, short or long: what a stranger's code may do."""

from __future__ import annotations

from typing import Final

import pytest

from guard.artifact.source import Scanner

SCANNER: Final = Scanner()
FILLER: Final = "".join(f"def filler_{n}(a, b):\n    return a + b * {n}\n\n\n" for n in range(200))
LONG: Final = "".join(f"    value_{n} = compute({n})\n" for n in range(100))

DECODES: Final = "import base64\ndef dec():\n    return base64.b64decode('x')\n"
FETCHES: Final = "import requests\ndef dec():\n    return requests.get('x').text\n"
STARTS: Final = "import os\ndef evil(*a, **k):\n    os.system('id')\n"

DATA: Final = {
    "keyword": ("def run(code):\n    exec(code)\nrun(code=dec())\n"),
    "keyword only": ("def run(*, code):\n    exec(code)\nrun(code=dec())\n"),
    "second": ("def run(a, code):\n    exec(code)\nrun(1, dec())\n"),
    "method": ("class B:\n    def run(self, x):\n        exec(x)\nB().run(dec())\n"),
    "method second": ("class B:\n    def run(self, a, x):\n        exec(x)\nB().run(1, dec())\n"),
    "self method": (
        "class B:\n"
        "    def run(self, x):\n"
        "        exec(x)\n"
        "    def go(self):\n"
        "        self.run(dec())\n"
    ),
    "static": ("class B:\n    @staticmethod\n    def run(x):\n        exec(x)\nB.run(dec())\n"),
    "static second": (
        "class B:\n    @staticmethod\n    def run(a, x):\n        exec(x)\nB.run(1, dec())\n"
    ),
    "classmethod": (
        "class B:\n    @classmethod\n    def run(cls, x):\n        exec(x)\nB.run(dec())\n"
    ),
    "unbound": ("class B:\n    def run(self, x):\n        exec(x)\nB.run(None, dec())\n"),
    "init": ("class B:\n    def __init__(self, x):\n        exec(x)\nB(dec())\n"),
    "init keyword": ("class B:\n    def __init__(self, x):\n        exec(x)\nB(x=dec())\n"),
    "lambda": ("r = lambda x: exec(x)\nr(dec())\n"),
    "star": ("def run(*a):\n    exec(a[0])\nrun(dec())\n"),
    "stars": ("def run(**k):\n    exec(k['a'])\nrun(a=dec())\n"),
    "given stars": ("def run(a):\n    exec(a)\nrun(*[dec()])\n"),
    "given dict": ("def run(a):\n    exec(a)\nrun(**{'a': dec()})\n"),
    "inherited": (
        "class A:\n"
        "    def run(self, x):\n"
        "        exec(x)\n"
        "class B(A):\n"
        "    def go(self):\n"
        "        self.run(dec())\n"
    ),
    "inherited inst": (
        "class A:\n    def run(self, x):\n        exec(x)\nclass B(A):\n    pass\nB().run(dec())\n"
    ),
    "super": (
        "class A:\n"
        "    def run(self, x):\n"
        "        exec(x)\n"
        "class B(A):\n"
        "    def go(self):\n"
        "        super().run(dec())\n"
    ),
    "thread": (
        "import threading\n"
        "def run(x):\n"
        "    exec(x)\n"
        "threading.Thread(target=run, args=(dec(),)).start()\n"
    ),
    "map": ("def run(x):\n    exec(x)\nlist(map(run, [dec()]))\n"),
    "partial": ("import functools\ndef run(x):\n    exec(x)\nfunctools.partial(run, dec())()\n"),
    "attr of instance": (
        "class A:\n    def __init__(self):\n        self.x = dec()\na = A()\nexec(a.x)\n"
    ),
    "call": ("class A:\n    def __call__(self, x):\n        exec(x)\nA()(dec())\n"),
    "global": ("X = None\ndef f():\n    global X\n    X = dec()\ndef g():\n    exec(X)\n"),
    "dict item": ("T = {}\nT['a'] = dec()\nexec(T['a'])\n"),
    "alias function": ("def run(x):\n    exec(x)\nr = run\nr(dec())\n"),
    "walrus": ("if (x := dec()):\n    exec(x)\n"),
    "for": ("for x in [dec()]:\n    exec(x)\n"),
    "with": (
        "from contextlib import contextmanager\n"
        "@contextmanager\n"
        "def c():\n"
        "    yield dec()\n"
        "with c() as x:\n"
        "    exec(x)\n"
    ),
    "property": ("class A:\n    @property\n    def x(self):\n        return dec()\nexec(A().x)\n"),
    "nested def": ("def f():\n    def g(x):\n        exec(x)\n    g(dec())\n"),
    "async": ("async def d():\n    return dec()\nasync def f():\n    exec(await d())\n"),
    "match": ("match dec():\n    case x:\n        exec(x)\n"),
    "try": ("try:\n    x = dec()\nexcept Exception:\n    x = ''\nexec(x)\n"),
    "unpack": ("a, b = 1, dec()\nexec(b)\n"),
    "append": ("l = []\nl.append(dec())\nexec(l[0])\n"),
    "setattr": ("class A: pass\nsetattr(A, 'x', dec())\nexec(A.x)\n"),
    "globals": ("globals()['x'] = dec()\nexec(x)\n"),
    "default": ("def f(x=dec()):\n    exec(x)\n"),
    "reverse order": (
        "def a():\n"
        "    exec(b())\n"
        "def b():\n"
        "    return c()\n"
        "def c():\n"
        "    return d()\n"
        "def d():\n"
        "    return e()\n"
        "def e():\n"
        "    return f()\n"
        "def f():\n"
        "    return dec()\n"
    ),
    "del": ("import sys\nsys.modules['x'] = dec()\nexec(sys.modules['x'])\n"),
    "join": ("x = ''.join([dec().decode()])\nexec(x)\n"),
    "format": "exec('{}'.format(dec()))",
    "percent": "exec('%s' % dec())",
    "strip": "exec(dec().strip())",
    "comp": "exec([x for x in [dec()]][0])",
    "lambda return": ("f = lambda: dec()\nexec(f())\n"),
}
"""Ways from `dec` to `exec`."""

ONLY_SHORT_DATA: Final = {"property"}
"""Not followed in a module of which parts are left out."""

RUN: Final = {
    "plain": "evil()",
    "inherited inst": (
        "class A:\n"
        "    def run(self, *a):\n"
        "        os.system('id')\n"
        "class B(A):\n"
        "    pass\n"
        "B().run()\n"
    ),
    "inherited var": (
        "class A:\n"
        "    def run(self, *a):\n"
        "        os.system('id')\n"
        "class B(A):\n"
        "    pass\n"
        "b = B()\n"
        "b.run()\n"
    ),
    "inherited self": (
        "class A:\n"
        "    def run(self, *a):\n"
        "        os.system('id')\n"
        "class B(A):\n"
        "    def __init__(self):\n"
        "        self.run()\n"
        "B()\n"
    ),
    "inherited init": (
        "class A:\n    def __init__(self):\n        evil()\nclass B(A):\n    pass\nB()\n"
    ),
    "super": (
        "class A:\n"
        "    def run(self, *a):\n"
        "        os.system('id')\n"
        "class B(A):\n"
        "    def __init__(self):\n"
        "        super().run()\n"
        "B()\n"
    ),
    "super name": (
        "class A:\n"
        "    def run(self, *a):\n"
        "        os.system('id')\n"
        "class B(A):\n"
        "    def __init__(self):\n"
        "        A.run(self)\n"
        "B()\n"
    ),
    "instance call": ("class A:\n    def __call__(self):\n        evil()\nA()()\n"),
    "instance call var": ("class A:\n    def __call__(self):\n        evil()\na = A()\na()\n"),
    "thread": ("import threading\nthreading.Thread(target=evil).start()\n"),
    "thread sub": (
        "import threading\n"
        "class T(threading.Thread):\n"
        "    def run(self):\n"
        "        evil()\n"
        "T().start()\n"
    ),
    "thread sub var": (
        "import threading\n"
        "class T(threading.Thread):\n"
        "    def run(self):\n"
        "        evil()\n"
        "t = T()\n"
        "t.start()\n"
    ),
    "map": "list(map(evil, [1]))",
    "partial": ("import functools\nfunctools.partial(evil)()\n"),
    "atexit": ("import atexit\natexit.register(evil)\n"),
    "getattr": (
        "class A:\n    def run(self, *a):\n        os.system('id')\ngetattr(A(), 'run')()\n"
    ),
    "globals": "globals()['evil']()",
    "vars": "vars()['evil']()",
    "eval name": "eval('evil')()",
    "eval call": "eval('evil()')",
    "dict": ("T = {'a': evil}\nT['a']()\n"),
    "list": ("for f in [evil]:\n    f()\n"),
    "listcomp": "[f() for f in [evil]]",
    "lambda": "(lambda: evil())()",
    "lambda var": ("f = lambda: evil()\nf()\n"),
    "decorator": ("@evil\ndef f(): pass\n"),
    "decorator factory": (
        "def deco(x):\n    evil()\n    return lambda f: f\n@deco(1)\ndef f(): pass\n"
    ),
    "inner returned": (
        "def outer():\n    def inner(f):\n        evil()\n    return inner\nouter()(1)\n"
    ),
    "decorator inner": (
        "def outer(x):\n"
        "    def inner(f):\n"
        "        evil()\n"
        "        return f\n"
        "    return inner\n"
        "@outer(1)\n"
        "def f(): pass\n"
    ),
    "class decorator": ("@evil\nclass A: pass\n"),
    "init_subclass": (
        "class A:\n    def __init_subclass__(cls):\n        evil()\nclass B(A): pass\n"
    ),
    "metaclass": (
        "class M(type):\n"
        "    def __new__(m, *a):\n"
        "        evil()\n"
        "        return type.__new__(m, *a)\n"
        "class B(metaclass=M): pass\n"
    ),
    "set_name": (
        "class A:\n    def __set_name__(self, o, n):\n        evil()\nclass B:\n    x = A()\n"
    ),
    "context": (
        "class A:\n"
        "    def __enter__(self):\n"
        "        evil()\n"
        "    def __exit__(self, *a): pass\n"
        "with A():\n"
        "    pass\n"
    ),
    "iter": (
        "class A:\n    def __iter__(self):\n        evil()\n        return iter([])\nlist(A())\n"
    ),
    "del": ("class A:\n    def __del__(self):\n        evil()\nA()\n"),
    "getitem": ("class A:\n    def __getitem__(self, i):\n        evil()\nA()[0]\n"),
    "add": ("class A:\n    def __add__(self, i):\n        evil()\nA() + 1\n"),
    "default": "def f(x=evil()): pass",
    "walrus": "(f := evil)()",
    "ifexp": "(evil if 1 else 0)()",
    "tuple unpack": ("f, g = evil, 1\nf()\n"),
    "attr store": ("class A: pass\nA.f = evil\nA.f()\n"),
    "self store": (
        "class A:\n    def __init__(self):\n        self.f = evil\n        self.f()\nA()\n"
    ),
    "class attr alias": ("class A:\n    f = evil\nA.f()\n"),
    "static": ("class A:\n    @staticmethod\n    def f():\n        evil()\nA.f()\n"),
    "param": ("def g(f):\n    f()\ng(evil)\n"),
    "param kw": ("def g(f):\n    f()\ng(f=evil)\n"),
    "returned": ("def g():\n    return evil\ng()()\n"),
    "generator": ("def g():\n    evil()\n    yield\nnext(g())\n"),
    "async": ("import asyncio\nasync def g():\n    evil()\nasyncio.run(g())\n"),
    "try": ("try:\n    raise ValueError\nexcept ValueError:\n    evil()\n"),
    "nested class": (
        "class A:\n    class B:\n        def run(self):\n            evil()\nA.B().run()\n"
    ),
    "sorted key": "sorted([1], key=evil)",
    "submit": (
        "from concurrent.futures import ThreadPoolExecutor\nThreadPoolExecutor().submit(evil)\n"
    ),
    "timer": ("import threading\nthreading.Timer(1, evil).start()\n"),
    "process": ("import multiprocessing\nmultiprocessing.Process(target=evil).start()\n"),
    "method ref": ("class A:\n    def run(self, *a):\n        os.system('id')\nf = A().run\nf()\n"),
    "class var chain": (
        "class A:\n"
        "    def run(self, *a):\n"
        "        os.system('id')\n"
        "class C:\n"
        "    a = A()\n"
        "C.a.run()\n"
    ),
    "self attr inst": (
        "class A:\n"
        "    def run(self, *a):\n"
        "        os.system('id')\n"
        "class C:\n"
        "    def __init__(self):\n"
        "        self.a = A()\n"
        "        self.a.run()\n"
        "C()\n"
    ),
    "factory": (
        "class A:\n"
        "    def run(self, *a):\n"
        "        os.system('id')\n"
        "def make():\n"
        "    return A()\n"
        "make().run()\n"
    ),
    "factory var": (
        "class A:\n"
        "    def run(self, *a):\n"
        "        os.system('id')\n"
        "def make():\n"
        "    return A()\n"
        "m = make()\n"
        "m.run()\n"
    ),
    "global alias fn": ("def f():\n    g = evil\n    g()\nf()\n"),
    "instance in func": (
        "class A:\n"
        "    def run(self, *a):\n"
        "        os.system('id')\n"
        "def f():\n"
        "    a = A()\n"
        "    a.run()\n"
        "f()\n"
    ),
    "chained": (
        "class A:\n"
        "    def a(self):\n"
        "        return self\n"
        "    def run(self):\n"
        "        evil()\n"
        "A().a().run()\n"
    ),
    "post_init": (
        "import dataclasses\n"
        "@dataclasses.dataclass\n"
        "class A:\n"
        "    def __post_init__(self):\n"
        "        evil()\n"
        "A()\n"
    ),
}
"""Ways to have `evil` run on import."""

ONLY_SHORT_RUN: Final = {"method ref", "factory var", "class var chain", "getattr"}

QUIET: Final = {
    "handed to a stranger": "import app\napp.add(evil)\n",
    "in a table": "COMMANDS = {'a': evil}\n",
    "in a list": "__all__ = ['evil']\nHANDLERS = [evil]\n",
    "a default": "def f(run=evil):\n    run()\n",
    "a method": "class A:\n    def run(self):\n        evil()\nA()\n",
    "an attribute of another kind": "class A:\n    x = evil\nA.y()\n",
    "a base that is not made": (
        "class A:\n    def __init__(self):\n        evil()\nclass B(A): pass\n"
    ),
    "returned and dropped": "def g():\n    return evil\ng()\n",
    "under main": "if __name__ == '__main__':\n    evil()\n",
    "composed": (
        "import functools\n"
        "def compose(*all):\n"
        "    return functools.reduce(lambda f, g: f, reversed(all))\n"
        "both = compose(evil, print)\n"
    ),
    "a property of its own": (
        "class cached:\n"
        "    def __init__(self, f):\n"
        "        self.f = f\n"
        "    def __get__(self, obj, kind):\n"
        "        return self.f(obj)\n"
        "class A:\n"
        "    @cached\n"
        "    def version(self):\n"
        "        return evil()\n"
        "a = A()\n"
    ),
}
"""What does not run `evil` on import."""


def shown(text: str) -> set[str]:
    """The capabilities that a module shows."""
    return {trace.capability for trace in SCANNER.traces("frob/a.py", text.encode(), offset=0)}


@pytest.mark.parametrize("way", DATA)
def test_data_are_followed_to_where_they_are_run(way: str) -> None:
    assert "decoded-exec" in shown(DECODES + DATA[way])
    assert "download-and-run" in shown(FETCHES + DATA[way])


@pytest.mark.parametrize("way", sorted(DATA.keys() - ONLY_SHORT_DATA))
def test_data_are_followed_in_a_long_module(way: str) -> None:
    assert "decoded-exec" in shown(DECODES + FILLER + DATA[way] + FILLER)


@pytest.mark.parametrize("way", RUN)
def test_functions_are_followed_to_where_they_run(way: str) -> None:
    assert "import-time-process" in shown(STARTS + RUN[way])


@pytest.mark.parametrize("way", sorted(RUN.keys() - ONLY_SHORT_RUN))
def test_functions_are_followed_in_a_long_module(way: str) -> None:
    assert "import-time-process" in shown(STARTS + FILLER + RUN[way] + FILLER)


@pytest.mark.parametrize("filler", ["", FILLER], ids=["short", "long"])
@pytest.mark.parametrize("way", QUIET)
def test_what_is_only_named_does_not_run(way: str, filler: str) -> None:
    assert "import-time-process" not in shown(STARTS + filler + QUIET[way] + filler)


def handed(first: str, count: int, *, up: bool, body: str = "") -> tuple[str, str]:
    """Functions that hand data up, or down, and the last one of them."""
    text, name = "", first
    for number in range(count):
        step = f"step_{'up' if up else 'down'}_{number}"
        given, call = ("", f"return {name}()") if up else ("it", f"{name}(it)")
        text += f"def {step}({given}):\n{body}    {call}\n"
        name = step
    return text, name


@pytest.mark.parametrize("body", ["", LONG], ids=["small", "large"])
@pytest.mark.parametrize("main", ["", "main()\n"], ids=["asked for", "on import"])
@pytest.mark.parametrize(("ups", "downs"), [(0, 2), (1, 1), (2, 0), (3, 3), (8, 8)])
def test_any_number_of_functions_may_be_between(ups: int, downs: int, main: str, body: str) -> None:
    up, source = handed("dec", ups, up=True, body=body)
    down, sink = handed("run", downs, up=False, body=body)
    run = "def run(it):\n    exec(it)\n"
    parts = [up, FILLER, run, down, FILLER, f"def main():\n    {sink}({source}())\n"]
    for order in (parts, parts[::-1]):
        assert "decoded-exec" in shown(DECODES + "".join(order) + main)
        assert "download-and-run" in shown(FETCHES + "".join(order) + main)


def test_what_is_not_joined_is_not_shown() -> None:
    up, _ = handed("dec", 2, up=True)
    down, sink = handed("run", 2, up=False)
    rest = f"def run(it):\n    exec(it)\n{down}def main(it):\n    {sink}(it)\n"
    assert shown(DECODES + up + FILLER + rest) == set()
    assert shown(DECODES + up + rest) == set()


def test_data_may_go_through_a_function_that_hands_them_on() -> None:
    fix = "def fix(it):\n    return it.strip()\n"
    rest = "def run(it):\n    exec(it)\ndef main():\n    run(fix(dec()))\n"
    assert "decoded-exec" in shown(DECODES + FILLER + fix + FILLER + rest)


def test_a_module_of_many_classes_takes_no_time() -> None:
    """Each has a method of every other one's name, and any attribute may hold any of them."""
    classes = "".join(
        f"class C{n}({f'C{n - 1}' if n else ''}):\n"
        f"    def __init__(self, it):\n        self.it = it\n"
        f"    def run(self, it):\n        self.it.run(C{(n * 7) % 200}(it))\n"
        for n in range(200)
    )
    text = f"import os\n{classes}C0(C1(C2(None))).run(os.environ)\nexec(bytes.fromhex('00'))\n"
    assert "decoded-exec" in shown(text)
    assert "import-time-process" not in shown(text)
