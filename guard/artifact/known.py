"""What well-known projects ship that looks like an attack: known by its exact content only.

A line that imports a module of its own wheel is known for that project alone: anywhere else the
same line runs other code. Each entry was taken from a published file; nothing is matched in part.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from packaging.utils import NormalizedName

_LINES: Final = {
    # name of the project: sha256 of a line of its .pth file, without trailing white space
    "cmeel": {"d7653749466689f937ef0e48d9edba9af6d09a201cb47e339352888b17c59b89"},
    # a1_coverage.pth: starts coverage where COVERAGE_PROCESS_START or _CONFIG is set
    "coverage": {
        "c3b8d29a0e339d512307ed96990c65f1a8d157b35f698902fb9172e5ebab42ca",  # 7.13.0
        "2cbb286eeaf39b2cd7d68cb09c1bc3cfb0cc8d27da949004d0c22698f127f270",  # since then
    },
    "pip-system-certs": {"7cbfaa9f071ee704a816370fc0d6002b036b9ee4a595a799854a9aa0ced53927"},
    # pytest-cov.pth, until 6.2: starts coverage where COV_CORE_SOURCE is set
    "pytest-cov": {"b8e1b828090bfec4b25656d04cd0948d3e70221ea8281ac0e12569eef48ae2a6"},
    # pywin32.pth: `import pywin32_bootstrap`, which makes its DLLs loadable
    "pywin32": {"83598b2ecf9f534da73cc7edbc552f44beaf9440e0b9331cf4770f0a91a78239"},
    # distutils-precedence.pth: puts setuptools' own distutils in place of the standard library's
    "setuptools": {
        "9c275d0a3df30f356788727b0748aacd5bdd11367b10c654609299750fec53bf",  # 49
        "792f1e64bdbc639bc9e69672208025d82d37f615b5a6bbff981b444ec1f214a5",  # 51 to 59
        "2f70c2fa9227e9db9348215d9c7b246d2786aac7516f86d71a5952c7c225aa16",  # 50, and since 60
    },
}

LAUNCHERS: Final = frozenset(
    {
        # sha256 of the Windows launchers that setuptools carries: until 65, and since 69
        "75f12ea2f30d9c0d872dade345f30f562e6d93847b6a509ba53beec6d0b2c346",  # cli-32, cli
        "28b001bb9a72ae7a24242bfab248d767a1ac5dec981c672a3944f7a072375e9a",  # cli-64
        "a3d6a6c68c2e759f7c36f35687f6b60d163c2e1a0846a4c07a4c4006a96d88c7",  # cli-arm64
        "5c1af46c7300e87a73dacf6cf41ce397e3f05df6bd9c7e227b4ac59f85769160",  # gui-32, gui
        "69828c857d4824b9f850b1e0597d2c134c91114b7a0774c41dffe33b0eb23721",  # gui-64
        "4c416738a0e2fa6ab766ccf1a9b0a80974e733f9615168dd22a069afa7d5b38d",  # gui-arm64
        "32acc1bc543116cbe2cff10cb867772df2f254ff2634c870aef0b46c4b696fdb",  # cli-32, cli
        "bbb3de5707629e6a60a0c238cd477b28f07f0066982fda953fa6fcec39073a4a",  # cli-64
        "b9a7d08da880dfac8bcf548eba4b06fb59b6f09b17d33148a0f6618328926c61",  # cli-arm64
        "85dae1e95d77845f2cb59bcac3d4afe74bbe4c91a9bcc5bf4a71cd43104dbe7c",  # gui-32, gui
        "3471b6140eadc6412277dbbefe3fef8c345a0f1a59776086b80a3618c3a83e3b",  # gui-64
        "e694f4743405c8b5926ff457db6fe7f1a12dec7c16a9c3864784d3f4e07ae097",  # gui-arm64
        # of those that distlib carries, and pip within it: 0.3.4, pip 20 and 21, and since 0.3.6
        "bda47146c8261d90553356fc445e2a6de7abdf018fe6eaa0451069cb214e489b",  # t32
        "6043ad7bafd3d6618df6b41beb1c8ab576a96afb9f7df2a6df8aea2368c4bea5",  # t64
        "84fb6546e0e0b6befebf9f052b1250ef419ac00c97bba237db6ba03741e18ad3",  # t64-arm
        "73607b8b45197d34433d7303f35811cf2c96c9e2b8e8ed7589037faa93f65b6d",  # w32
        "e9ea4f95cf93c30c99a0954b5e52cf792af56249fce79d56655020abae9568f6",  # w64
        "fc9ee9f6c5f5a569a844d534a262b149a70b8fd67cb21b7950a10868f1fdb2a7",  # w64-arm
        "352df104254095ddf925514d99bfb5411c95b5386e90caf06557979f82e16844",  # t32
        "a00a877acefcad45953343ad56a22152f7aaba5fcf2a10215d84169d47fbcd1d",  # t64
        "f1618387a688f162408e7811350a72269076d52bf6d0f09860548d5b57d677ac",  # t64-arm
        "949b6765d794c53656c9afc45b90d9a2cfcae6bb30444086b29225f19242217b",  # w32
        "d1a473a0dd813bd3565b810dcb8ff8bc7907478a994c564d55200925894e0d32",  # w64
        "43f1ddcd5bbdcf161d6816b79b4889e7f75d2ce12ab4f7bcc77d16003a17cdaf",  # w64-arm
        "6b4195e640a85ac32eb6f9628822a622057df1e459df7c17a12f97aeabc9415b",  # t32
        "81a618f21cb87db9076134e70388b6e9cb7c2106739011b6a51772d22cae06b7",  # t64
        "ebc4c06b7d95e74e315419ee7e88e1d0f71e9e9477538c00a93a9ff8c66a6cfc",  # t64-arm
        "47872cc77f8e18cf642f868f23340a468e537e64521d9a3a416c8b84384d064b",  # w32
        "7a319ffaba23a017d7b1e18ba726ba6c54c53d6446db55f92af53c279894f8ad",  # w64
        "c5dc9884a8f458371550e09bd396e5418bf375820a31b9899f6499bf391c7b2e",  # w64-arm
    }
)

VIRTUALENV: Final = frozenset(
    {
        # sha256 of `import _virtualenv`, and of what that has been in virtualenv and in uv
        "69ac3d8f27e679c81b94ab30b3b56e9cd138219b1ba94a1fa3606d5a76a1433d",  # the line
        "684b8c07932ba4a84ac2e5ae9afe49ef04e92bac3d8d4191d455cf09d093e5fc",  # 20.0 to 20.4
        "c9199315871b11b12df226f890a38e66e63191e1adbfb11a66e6861151b33fca",  # 20.16
        "0f20351ea7e90039c46d3fabdef991f28b1e3ff33eb13ee6f0d5cd21ea0e8b14",  # 20.26
        "bec6155ff7bfc88f8e79e481f27fd7ee0a3b40eeca9bfeb41f4c4b997b2f8100",  # 20.35
        "cfb3db86aaa53bb62b5ff764970bec2d71c9228590a0ebec57f6ec926cc0bf1a",  # uv 0.13
    }
)
"""What is in no RECORD because no wheel brings it: it comes with an environment."""

_FINDS: Final = (
    "sys.modules.setdefault({name!r}, importlib.util.module_from_spec("
    "importlib.machinery.PathFinder.find_spec({name!r}, [os.path.dirname(p)])))"
)
_MAKES: Final = "sys.modules.setdefault({name!r}, types.ModuleType({name!r}))"
_HEAD: Final = "import sys, types, os;"
_FOLDER: Final = "p = os.path.join(sys._getframe(1).f_locals['sitedir'], *{parts!r});"
_TAIL: Final = (
    "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)"
)
_SINCE_33: Final = (
    f"{_HEAD}has_mfs = sys.version_info > (3, 5);{_FOLDER}"
    "importlib = has_mfs and __import__('importlib.util');"
    f"has_mfs and __import__('importlib.machinery');m = has_mfs and {_FINDS};"
)
_SINCE_69: Final = (
    f"{_HEAD}{_FOLDER}importlib = __import__('importlib.util');"
    f"__import__('importlib.machinery');m = {_FINDS};m = m or {_MAKES};{_TAIL}"
)
_UNTIL_28: Final = (
    f"{_HEAD}{_FOLDER}ie = os.path.exists(os.path.join(p,'__init__.py'));"
    f"m = not ie and {_MAKES};{_TAIL}"
)
_NAMESPACES: Final = (
    _SINCE_69,
    f"{_SINCE_33}m = m or {_MAKES};{_TAIL}",
    f"{_SINCE_33}m = m or not has_mfs and {_MAKES};{_TAIL}",
    _UNTIL_28,
)
"""The line of `-nspkg.pth`, in every form that setuptools gave it: a module is made, none runs."""

_PARTS: Final = re.compile(r"\['sitedir'\], \*\(('[A-Za-z_]\w*'(?:, '[A-Za-z_]\w*')*),?\)\)")
_EXTENSIONS: Final = (".so", ".pyd", ".dll", ".fwork")


def is_known_line(project: NormalizedName, sha256: str) -> bool:
    """Tell whether the line of that digest is one that `project` has shipped for years."""
    return sha256 in _LINES.get(project, ())


def is_namespace_line(line: str, paths: Collection[str]) -> bool:
    """Tell whether `line` does nothing but declare a namespace package, as setuptools wrote it.

    The whole line is made anew from the name in it and compared. `paths` are what the wheel puts
    in the site folder: a namespace that is an extension module would be loaded to be made.
    """
    found = _PARTS.search(line)
    if found is None:
        return False
    parts = tuple(part.strip("'") for part in found[1].split(", "))
    name, child = ".".join(parts), parts[-1]
    more = ""
    if len(parts) > 1:
        more = f";m and setattr(sys.modules[{'.'.join(parts[:-1])!r}], {child!r}, m)"
    if line not in {form.format(name=name, parts=parts) + more for form in _NAMESPACES}:
        return False
    home = "/".join(parts)
    return not any(
        path.startswith((f"{home}.", f"{home}/__init__.")) and path.lower().endswith(_EXTENSIONS)
        for path in paths
    )
