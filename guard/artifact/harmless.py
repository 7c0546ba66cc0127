"""What a pickle may import without being able to do anything but make data of data.

A name is here if calling it does no harm whatever its arguments are, as long as these are made with
names of this list: it runs no code, reads and writes no file, and looks nothing up by a name that
is given to it. So these are missing, among others: `getattr` and all of `operator`, `type` with its
three arguments, `functools.partial`, `torch.storage._load_from_bytes`, which loads another pickle,
and joblib's `NDArrayWrapper`, which loads another file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_TYPES: Final = """
bool bytearray bytes complex dict float frozenset hash int list object range set slice str tuple
"""
_STANDARD_LIBRARY: Final = {
    "builtins": _TYPES,
    "__builtin__": f"{_TYPES} long unicode xrange",
    "_codecs": "encode",
    "array": "array _array_reconstructor",
    "collections": "Counter OrderedDict defaultdict deque",
    "copy_reg": "_reconstructor __newobj__",
    "copyreg": "_reconstructor __newobj__ __newobj_ex__",
    "datetime": "date datetime time timedelta timezone",
    "decimal": "Decimal",
    "fractions": "Fraction",
    "pathlib": "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath",
    "pathlib._local": "PosixPath PurePosixPath PureWindowsPath WindowsPath",
    "re": "_compile",
    "types": "SimpleNamespace",
    "uuid": "UUID",
}
"""With the names that they had in Python 2, as they are written up to protocol 2."""

_NUMPY: Final = """
bool_ bytes_ complex128 complex64 datetime64 dtype float16 float32 float64 int16 int32 int64 int8
ndarray str_ timedelta64 uint16 uint32 uint64 uint8
"""
_SCIENCE: Final = {
    "numpy": _NUMPY,
    "numpy.random": "__RandomState_ctor",
    "numpy.ma.core": "MaskedArray _mareconstruct",
    "numpy.matrixlib.defmatrix": "matrix",
    "numpy.random._mt19937": "MT19937",
    "numpy.random._pcg64": "PCG64 PCG64DXSM",
    "numpy.random._philox": "Philox",
    "numpy.random._pickle": "__bit_generator_ctor __generator_ctor __randomstate_ctor",
    "numpy.random._sfc64": "SFC64",
    **{
        f"numpy.{core}.{module}": names
        for core in ("core", "_core")
        for module, names in {
            "_internal": "_reconstruct",
            "multiarray": "_reconstruct scalar",
            "numeric": "_frombuffer",
            "records": "recarray record",
        }.items()
    },
    **{
        f"scipy.sparse.{prefix}{form}": f"{form}_array {form}_matrix"
        for form in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
        for prefix in ("", "_")
    },
    "pandas._libs.internals": "_unpickle_block",
    "pandas.core.frame": "DataFrame",
    "pandas.core.indexes.base": "Index _new_Index",
    "pandas.core.indexes.range": "RangeIndex",
    "pandas.core.internals.blocks": "new_block",
    "pandas.core.internals.managers": "BlockManager SingleBlockManager",
    "pandas.core.series": "Series",
    "joblib.numpy_pickle": "NumpyArrayWrapper",
}
"""The module of a class changes with the versions, and older files keep the older name."""

_STORAGES: Final = """
BFloat16 Bool Byte Char ComplexDouble ComplexFloat Double Float Half Int Long QInt32 QInt8 QUInt8
Short
"""
_NUMBERS: Final = """
bfloat16 bool complex128 complex64 float16 float32 float64 int16 int32 int64 int8 qint32 qint8
quint8 uint8
"""
_TORCH: Final = {
    "torch": " ".join(
        ("Size Tensor device", _NUMBERS, *(f"{name}Storage" for name in _STORAGES.split()))
    ),
    "torch._tensor": "_rebuild_from_type_v2",
    "torch._utils": """
        _rebuild_device_tensor_from_numpy _rebuild_meta_tensor_no_storage _rebuild_nested_tensor
        _rebuild_parameter _rebuild_parameter_with_state _rebuild_qtensor _rebuild_sparse_tensor
        _rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3
    """,
    "torch.jit._pickle": """
        build_boollist build_doublelist build_intlist build_tensor_from_id build_tensorlist
        restore_type_tag
    """,
    "torch.nn.parameter": "Parameter",
    "torch.serialization": "_get_layout",
    "torch.storage": "UntypedStorage",
}


def _names() -> Iterator[str]:
    for modules in (_STANDARD_LIBRARY, _SCIENCE, _TORCH):
        for module, names in modules.items():
            yield from (f"{module}.{name}" for name in names.split())


HARMLESS: Final = frozenset(_names())
