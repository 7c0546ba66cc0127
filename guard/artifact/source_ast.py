"""What a Python module does when it is imported, and what it does with data that it decodes.

This is the second look, at files whose text says that it may matter. It follows names through
imports, assignments and constant expressions, and calls into the functions and classes of the same
file, also where these are handed on; what is put together from data at run time it does not see.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Final

from guard.artifact import source_calls as calls
from guard.artifact.source_flow import Flow, handed
from guard.artifact.source_names import Names
from guard.artifact.source_units import Module, TangledError, Unit, read_module
from guard.artifact.source_values import DECODED, ENVIRONMENT, FETCHED, NOTHING

LIMIT: Final = 1 << 20
"""Bytes of source that are parsed; beyond these the text alone decides."""

Spot = tuple[str, int]
"""A capability, and the line that shows it."""

_NESTED: Final = re.compile(
    r"\b(?:exec|eval|compile)\b.{0,200}?(?:decode|decompress|fromhex|unhexlify|marshal|\[::-1\])",
    re.DOTALL,
)
_DOWNLOAD: Final = re.compile(
    r"\b(?:curl|wget)\b[^\n]{0,300}?(?:\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b|\|\s*python|chmod\s+\S{0,40}[x7]"
    r"|&&\s*(?:ba)?sh\b|;\s*(?:ba)?sh\b|\|\s*node\b)"
    r"|(?i:downloadstring|downloadfile|invoke-webrequest|start-bitstransfer)"
    r"|(?i:\biwr\b[^\n]{0,200}\biex\b|certutil\b[^\n]{0,80}-urlcache|mshta\s+https?:)"
)
_FETCHER: Final = re.compile(r"(?:\S*/)?(?:curl|wget)(?:\.exe)?\b")
_ENVIRONMENT: Final = re.compile(r"(?:^|[;&|]\s*)(?:printenv\b|env\s*[|>;])")
_INTERPRETER: Final = re.compile(
    r"(?:\S*/)?(?:python[\d.]*|(?:ba|z|da)?sh|node|bun|perl|ruby|pwsh)"
)
_UNPICKLES: Final = frozenset({"pickle.loads", "dill.loads", "cloudpickle.loads", "_pickle.loads"})
_RUN: Final = frozenset({"ctypes.CDLL", "ctypes.cdll.LoadLibrary", "runpy.run_path"})


_WORD: Final = re.compile(r"[^\W\d]\w*")


class UnparsableError(Exception):
    """The source is no Python that can be read here, or it is nested too deeply."""


def parse(source: str) -> ast.Module:
    """Return the tree of `source`. Raises `UnparsableError`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnparsableError(type(error).__name__) from error


def spots(tree: ast.Module, *, follow: bool = True) -> set[Spot]:
    """Return what the module shows; `follow` says whether to look where data go.

    Raises `UnparsableError` if it is nested too deeply.
    """
    try:
        analysis = _Analysis(tree)
        found = set(analysis.on_import())
        found |= set(analysis.anywhere()) if follow else set()
    except (RecursionError, MemoryError, TangledError) as error:
        raise UnparsableError(type(error).__name__) from error
    analysis.forget()
    return found


class _Analysis:
    def __init__(self, tree: ast.Module) -> None:
        self.module: Module = read_module(tree)
        self.names = Names(self.module)
        self.flow = Flow(self.module, self.names)
        self.early = self._reached()

    def forget(self) -> None:
        """Let go of the tree: units refer to each other, so it would wait to be collected."""
        self.flow.forget()
        self.names.forget()
        self.module.forget()

    def on_import(self) -> Iterator[Spot]:
        """Yield what happens when the module is imported."""
        for unit in self.early:
            for call in unit.calls:
                for function in (call.func, *handed(call)):
                    origin = self.names.origin(function, unit)
                    if origin is None:
                        continue
                    if calls.starts_process(origin):
                        yield "import-time-process", call.lineno
                    elif calls.uses_network(origin):
                        yield "import-time-network", call.lineno

    def anywhere(self) -> Iterator[Spot]:
        """Yield what happens with such data, and where names are that nobody is to read."""
        writes: dict[Unit, int] = {}
        runs: dict[Unit, list[int]] = {}
        for unit in self.module.units:
            for call in unit.calls:
                self.names.origin(call, unit)  # a look-up by a name that is put together
                origin = self.names.origin(call.func, unit) or ""
                yield from self._uses(call, origin, unit)
                written = self._written(call, origin, unit)
                writes[unit] = writes.get(unit, NOTHING) | written
                if not written and (calls.starts_process(origin) or origin in _RUN):
                    runs.setdefault(unit, []).append(call.lineno)
        yield from self._dropped(writes, runs)
        for line, name in self.names.constructed.items():
            if _is_telling(name):
                yield "obfuscation", line

    def _reached(self) -> set[Unit]:
        """Return the units that run when the module is imported."""
        top, aside = self.module.units[:2]
        named = any(isinstance(t, ast.Name) and t.id == "__name__" for t, _ in top.binds)
        pending = [top, aside] if named else [top]
        early = set(pending)
        while pending:
            unit = pending.pop()
            for found in self._started(unit):
                if found not in early:
                    early.add(found)
                    pending.append(found)
        return early

    def _started(self, unit: Unit) -> Iterator[Unit]:
        functions = [(call.func, *handed(call)) for call in unit.calls]
        functions.append(tuple(decorator for decorator, _ in unit.decorators))
        for function in (each for group in functions for each in group):
            yield from (found for found, _ in self.flow.called(function, unit))
        for call in unit.calls:
            yield from self._named(call, unit)
        for classes in unit.classes.values():
            for found in classes:
                yield from self._defined(found.node, unit)

    def _named(self, call: ast.Call, unit: Unit) -> Iterator[Unit]:
        """Yield the functions that are named in constant code that is run."""
        if call.args and calls.executes(self.names.origin(call.func, unit) or ""):
            code = self.names.fold(call.args[0], unit)
            functions = self.module.units[0].functions
            for word in _WORD.findall(code) if isinstance(code, str) else ():
                yield from functions.get(word, [])

    def _defined(self, node: ast.ClassDef, unit: Unit) -> Iterator[Unit]:
        """Yield what runs because a class is defined: of its bases and of its metaclass."""
        hooks: list[tuple[ast.expr, tuple[str, ...]]]
        hooks = [(base, ("__init_subclass__",)) for base in node.bases]
        hooks += [
            (keyword.value, ("__new__", "__init__", "__prepare__", "__call__"))
            for keyword in node.keywords
            if keyword.arg == "metaclass"
        ]
        for value, names in hooks:
            for name in names:
                yield from self.flow.method(value, name, unit)

    def _uses(self, call: ast.Call, origin: str, unit: Unit) -> Iterator[Spot]:
        line = call.lineno
        if calls.executes(origin):
            yield from self._executed(call, unit)
        elif calls.starts_process(origin):
            yield from self._commanded(call, unit)
        elif calls.uses_network(origin):
            if self._given(call, unit) & ENVIRONMENT:
                yield "environment-harvest", line
        elif origin in _UNPICKLES and call.args:
            given = call.args[0]  # a pickle that is written down in the source runs what it says
            if self.flow.of(given, unit) & DECODED and self.names.fold(given, unit) is not None:
                yield "decoded-exec", line
        elif calls.serializes(origin) and self._given(call, unit) & ENVIRONMENT:
            yield "environment-harvest", line

    def _given(self, call: ast.Call, unit: Unit) -> int:
        holds = NOTHING
        for node in (*call.args, *(k.value for k in call.keywords if k.arg != "env")):
            holds |= self.flow.of(node, unit)
        return holds

    def _executed(self, call: ast.Call, unit: Unit) -> Iterator[Spot]:
        holds = self.flow.of(call.args[0], unit) if call.args else NOTHING
        if holds & DECODED or any(map(_NESTED.search, self._texts(call, unit))):
            yield "decoded-exec", call.lineno
        if holds & FETCHED:
            yield "download-and-run", call.lineno

    def _commanded(self, call: ast.Call, unit: Unit) -> Iterator[Spot]:
        """Yield what the command of a new process says."""
        texts = self._texts(call, unit)
        holds = NOTHING
        command = [*call.args, *(k.value for k in call.keywords if k.arg == "args")]
        for node in command:
            holds |= self.flow.of(node, unit)
        if any(map(_INTERPRETER.fullmatch, texts)) or self._runs_itself(call, unit):
            for keyword in call.keywords:
                if keyword.arg == "input":
                    holds |= self.flow.of(keyword.value, unit)
        if holds & DECODED or any(map(_NESTED.search, texts)):
            yield "decoded-exec", call.lineno
        if holds & FETCHED or any(map(_DOWNLOAD.search, texts)):
            yield "download-and-run", call.lineno
        if any(map(_ENVIRONMENT.search, texts)):
            yield "environment-harvest", call.lineno

    def _runs_itself(self, call: ast.Call, unit: Unit) -> bool:
        return any(
            isinstance(node, ast.Attribute) and self.names.origin(node, unit) == "sys.executable"
            for argument in call.args
            for node in ast.walk(argument)
        )

    def _texts(self, call: ast.Call, unit: Unit) -> list[str]:
        """Return the constant texts among the arguments of a call, and what names stand for."""
        found: list[str] = []
        for given in (*call.args, *(keyword.value for keyword in call.keywords)):
            named = unit.visible(given.id) if isinstance(given, ast.Name) else None
            argument = named or given
            whole = self.names.fold(argument, unit)
            if isinstance(whole, (str, bytes)):
                found.append(whole if isinstance(whole, str) else whole.decode("latin-1"))
                continue
            parts = [self._part(node, unit) for node in ast.walk(argument)]
            found += [part for part in parts if part]
            found.append(" ".join(part for part in parts if part))
        return found

    def _part(self, node: ast.AST, unit: Unit) -> str | None:
        self.module.spend()
        if isinstance(node, (ast.Constant, ast.Name)):
            text = self.names.fold(node, unit)
            return text if isinstance(text, str) else None
        return None

    def _written(self, call: ast.Call, origin: str, unit: Unit) -> int:
        """Return what a call puts into a file."""
        match call.func:
            case ast.Attribute(attr=name) if name in calls.WRITES:
                return self._given(call, unit) & ~ENVIRONMENT
            case _:
                pass
        if origin.endswith(("urlretrieve", "wget.download")):
            return FETCHED
        if origin == "shutil.copyfileobj":
            return self._given(call, unit) & ~ENVIRONMENT
        if calls.starts_process(origin) and any(map(_FETCHER.match, self._texts(call, unit))):
            return FETCHED
        return NOTHING

    def _dropped(self, writes: dict[Unit, int], runs: dict[Unit, list[int]]) -> Iterator[Spot]:
        """Yield where a file is written from such data, and something is run beside it."""
        groups = [[unit] for unit in self.module.units if unit not in self.early]
        for group in (*groups, [unit for unit in self.module.units if unit in self.early]):
            holds = NOTHING
            for unit in group:
                holds |= writes.get(unit, NOTHING)
            lines = [line for unit in group for line in runs.get(unit, [])]
            if lines and holds & DECODED:
                yield "decoded-exec", min(lines)
            if lines and holds & FETCHED:
                yield "download-and-run", min(lines)


def _is_telling(name: str) -> bool:
    """Tell whether a name that was put together is one that somebody would want to hide."""
    return (
        calls.executes(name)
        or calls.starts_process(name)
        or calls.uses_network(name)
        or calls.decodes(name)
        or name in {"os", "subprocess", "socket", "base64", "marshal", "zlib", "builtins", "ctypes"}
        or name in {"__import__", "urllib.request", "requests", "compile", "pty", "posix", "nt"}
    )
