"""What the constant expressions of a Python module come to, without running it.

Texts that are put together from pieces, numbers or encoded data are what names are hidden in.
"""

from __future__ import annotations

import ast
import base64
import binascii
import codecs
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from guard.artifact.source_units import Unit

Value: TypeAlias = str | bytes | int

_LONGEST: Final = 1 << 16
"""Characters of a constant that are put together; a name needs far fewer."""

_DEPTH: Final = 40
_ERRORS: Final = (ValueError, TypeError, LookupError, ArithmeticError)

_PLAIN_METHODS: Final = frozenset({"lower", "upper", "strip", "lstrip", "rstrip", "swapcase"})
_DECODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "base64.b64decode": base64.b64decode,
    "base64.urlsafe_b64decode": base64.urlsafe_b64decode,
    "base64.standard_b64decode": base64.b64decode,
    "base64.b32decode": base64.b32decode,
    "base64.b16decode": base64.b16decode,
    "base64.b85decode": base64.b85decode,
    "base64.a85decode": base64.a85decode,
    "binascii.a2b_base64": binascii.a2b_base64,
    "binascii.unhexlify": binascii.unhexlify,
    "binascii.a2b_hex": binascii.unhexlify,
    "bytes.fromhex": binascii.unhexlify,
    "bytearray.fromhex": binascii.unhexlify,
}
_CODECS: Final[dict[str, Callable[[bytes], Value]]] = {
    "rot13": lambda data: codecs.encode(data.decode("latin-1"), "rot13"),
    "hex": binascii.unhexlify,
    "hexcodec": binascii.unhexlify,
    "base64": base64.b64decode,
    "base64codec": base64.b64decode,
    "unicodeescape": lambda data: data.decode("unicode_escape"),
    **{
        name: lambda data, name=name: str(data, name)  # type: ignore[misc]
        for name in ("utf8", "ascii", "latin1", "utf16", "utf16le", "utf7")
    },
}


class Constants:
    """Folds expressions; `origin` says what the name of a function stands for."""

    def __init__(self, origin: Callable[[ast.expr, Unit], str | None]) -> None:
        self._origin = origin
        self._folders: dict[type[ast.expr], Callable[[Any, Unit, int], Value | None]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.BinOp: self._operation,
            ast.JoinedStr: self._formatted,
            ast.FormattedValue: self._formatted_part,
            ast.Subscript: self._part,
            ast.Call: self._call,
        }

    def fold(self, node: ast.expr, unit: Unit, depth: int = 0) -> Value | None:
        """Return the text, the bytes or the number that `node` must come to, or `None`."""
        unit.module.spend()
        folder = self._folders.get(type(node))
        if folder is None or depth > _DEPTH:
            return None
        try:
            found = folder(node, unit, depth + 1)
        except _ERRORS:
            return None  # it would raise when it is run, too
        too_long = isinstance(found, (str, bytes)) and len(found) > _LONGEST
        return None if too_long else found

    @staticmethod
    def _constant(node: ast.Constant, _unit: Unit, _depth: int) -> Value | None:
        plain = isinstance(node.value, (str, bytes, int)) and not isinstance(node.value, bool)
        return node.value if plain else None  # type: ignore[return-value]

    def _name(self, node: ast.Name, unit: Unit, depth: int) -> Value | None:
        found = unit.visible(node.id)
        return None if found is None else self.fold(found, unit, depth)

    def _operation(self, node: ast.BinOp, unit: Unit, depth: int) -> Value | None:
        left, right = self.fold(node.left, unit, depth), self.fold(node.right, unit, depth)
        match node.op, left, right:
            case ast.Add(), str(), str():
                return left + right
            case ast.Add(), bytes(), bytes():
                return left + right
            case ((ast.Add() | ast.Sub() | ast.BitXor()), int(), int()):
                return _arithmetic(node.op, left, right)
            case ast.Mult(), str() | bytes(), int() if 0 <= right * len(left) <= _LONGEST:
                return left * right
            case ast.Mod(), str(), str() if left.count("%") == 1 and "%s" in left:
                return left % right
            case _:
                return None

    def _formatted(self, node: ast.JoinedStr, unit: Unit, depth: int) -> Value | None:
        return self._joined("", node.values, unit, depth)

    def _formatted_part(self, node: ast.FormattedValue, unit: Unit, depth: int) -> Value | None:
        return self.fold(node.value, unit, depth) if node.format_spec is None else None

    def _joined(
        self, between: str | bytes, values: Iterable[ast.expr], unit: Unit, depth: int
    ) -> Value | None:
        found = [self.fold(value, unit, depth) for value in values]
        if isinstance(between, str):
            texts = [value for value in found if isinstance(value, str)]
            return between.join(texts) if len(texts) == len(found) else None
        parts = [value for value in found if isinstance(value, bytes)]
        return between.join(parts) if len(parts) == len(found) else None

    def _part(self, node: ast.Subscript, unit: Unit, depth: int) -> Value | None:
        text = self.fold(node.value, unit, depth)
        if not isinstance(text, (str, bytes)):
            return None
        if isinstance(node.slice, ast.Slice):
            limits = (node.slice.lower, node.slice.upper, node.slice.step)
            return text[slice(*map(_number, limits))]
        index = self.fold(node.slice, unit, depth)
        return text[index] if isinstance(index, int) else None

    def _call(self, node: ast.Call, unit: Unit, depth: int) -> Value | None:
        if isinstance(node.func, ast.Attribute):
            held = self.fold(node.func.value, unit, depth)
            if isinstance(held, (str, bytes)):
                return self._method(held, node.func.attr, node.args, unit, depth)
        function = self._origin(node.func, unit)
        if function is None or not node.args:
            return None
        if function in {"bytes", "bytearray"} and isinstance(node.args[0], (ast.List, ast.Tuple)):
            return bytes(self._numbers(node.args[0], unit, depth))
        return _applied(function, [self.fold(each, unit, depth) for each in node.args])

    def _method(
        self, held: str | bytes, name: str, arguments: list[ast.expr], unit: Unit, depth: int
    ) -> Value | None:
        if name == "join" and arguments:
            return self._join(held, arguments[0], unit, depth)
        values = [self.fold(argument, unit, depth) for argument in arguments]
        if name == "decode":
            return _decode(held, values[0] if values else "utf-8")
        return _changed(held, name, values) if isinstance(held, str) else None

    def _join(self, between: str | bytes, node: ast.expr, unit: Unit, depth: int) -> Value | None:
        match node:
            case ast.List(elts=values) | ast.Tuple(elts=values):
                return self._joined(between, values, unit, depth)
            case ast.Call(func=ast.Name(id="reversed"), args=[ast.List(elts=values)]):
                return self._joined(between, values[::-1], unit, depth)
            case ast.Call(func=ast.Name(id="reversed"), args=[value]):
                text = self.fold(value, unit, depth)
                return text[::-1] if isinstance(text, str) and between == "" else None
            case ast.Call(func=ast.Name(id="map"), args=[ast.Name(id="chr"), values]):
                return "".join(map(chr, self._numbers(values, unit, depth)))
            case (
                ast.GeneratorExp(
                    elt=ast.Call(func=ast.Name(id="chr"), args=[ast.Name()]), generators=[each]
                )
                | ast.ListComp(
                    elt=ast.Call(func=ast.Name(id="chr"), args=[ast.Name()]), generators=[each]
                )
            ):
                return "".join(map(chr, self._numbers(each.iter, unit, depth)))
            case _:
                return None

    def _numbers(self, node: ast.expr, unit: Unit, depth: int) -> list[int]:
        """Return the numbers in a list. Raises `TypeError` or `ValueError` if it is no list."""
        if isinstance(node, ast.Name):
            node = unit.visible(node.id) or node
        if not isinstance(node, (ast.List, ast.Tuple)):
            raise TypeError(node)
        found = [self.fold(value, unit, depth) for value in node.elts[:_LONGEST]]
        numbers = [value for value in found if isinstance(value, int)]
        if len(numbers) != len(found):
            raise ValueError(node)
        return numbers


def _arithmetic(operator: ast.operator, left: int, right: int) -> int:
    if isinstance(operator, ast.Add):
        return left + right
    return left - right if isinstance(operator, ast.Sub) else left ^ right


def _applied(function: str, values: list[Value | None]) -> Value | None:
    """Return what a function of the standard library makes of `values`."""
    value = values[0]
    if function in {"str", "codecs.decode"} and value is not None and len(values) > 1:
        return _decode(value, values[1])
    match function, value:
        case "chr", int():
            return chr(value)
        case (("str" | "bytes"), str()):
            return value
        case _, str() | bytes() if function in _DECODERS:
            return _DECODERS[function](value.encode() if isinstance(value, str) else value)
        case _:
            return None


def _changed(text: str, method: str, values: list[Value | None]) -> Value | None:
    """Return what a method of a text makes of it."""
    match method, values:
        case "encode", _:
            return text.encode()
        case _, [] if method in _PLAIN_METHODS:
            return str(getattr(text, method)())
        case "replace", [str() as old, str() as new]:
            return text.replace(old, new) if len(text) * (len(new) + 1) < _LONGEST else None
        case "format", _:
            simple = all(isinstance(value, str) for value in values) and ":" not in text
            return text.format(*values) if simple else None
        case _:
            return None


def _number(node: ast.expr | None) -> int | None:
    match node:
        case None:
            return None
        case ast.Constant(value=int() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as value)):
            return -value
        case _:
            raise ValueError(node)


def _decode(value: Value, encoding: Value | None) -> Value | None:
    if not isinstance(encoding, str) or isinstance(value, int):
        return None
    codec = _CODECS.get(encoding.lower().replace("_", "").replace("-", ""))
    data = value.encode() if isinstance(value, str) else value
    return None if codec is None else codec(data)
