"""Every way in which a wheel can be wrong, and the rule that says so: W01 to W25 of the research.

What is beyond the files of one plan is not here: the names of the release before (W11), a sidecar
(W23).
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from guard.artifact.container import from_bytes
from guard.artifact.wheel import inspect, read
from guard.model import Candidate
from guard.sources.overlaps import Coming, overlaps
from tests.artifact.archives import DATA, FILENAME, INFO, METADATA, WHEEL, members
from tests.builders import a_candidate, a_file, a_verdict
from tests.wheels import a_wheel

CODE = "import os; os.getpid()\n"
ELF = b"\x7fELF" + bytes(60)
POINTS = f"{INFO}/entry_points.txt"
SITE = f"{DATA}/data/lib/python3.11/site-packages"

PATH, RECORD, META = {"unsafe-path"}, {"record-mismatch"}, {"metadata-mismatch"}
HOOK, COMMAND, BINARY = {"startup-hook"}, {"shadowing-command"}, {"undeclared-binary"}

Parts = Mapping[str, bytes | str | None]
_NONE: Mapping[str, int] = MappingProxyType({})


def zipped(parts: Mapping[str, bytes], modes: Mapping[str, int]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, body in parts.items():
            entry = zipfile.ZipInfo(name)
            entry.filename = name  # as it is, also with a backslash
            entry.create_system = 3
            entry.external_attr = modes.get(name, stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, body)
    return buffer.getvalue()


def candidate(
    parts: Mapping[str, bytes], filename: str, modes: Mapping[str, int] = _NONE
) -> Candidate:
    content = read(from_bytes(zipped(parts, modes)), filename)
    file = a_file("frob", "1.0", filename=filename)
    assert (file.project, file.version) == (canonicalize_name("frob"), Version("1.0"))
    return a_candidate(file=file, content=content)


def objections(
    parts: Mapping[str, bytes], filename: str = FILENAME, modes: Mapping[str, int] = _NONE
) -> set[str]:
    """The rules that object to such a wheel, under the policy that is built in."""
    return {str(f.rule) for f in a_verdict(candidate(parts, filename, modes)).findings}


ADDED: list[tuple[str, Parts, set[str]]] = [
    ("W01 upwards", {"../x": ""}, PATH | RECORD),
    ("W01 upwards inside", {"frob/../x": ""}, PATH | RECORD),
    ("W01 absolute", {"/x": ""}, PATH | RECORD),
    ("W01 drive", {"C:/x": ""}, PATH | RECORD),
    ("W01 drive without a slash", {"C:x": ""}, PATH | RECORD),
    ("W01 share", {"//server/x": ""}, PATH | RECORD),
    ("W02 backslash", {"p\\..\\x": ""}, PATH | RECORD),
    ("W03 case", {"a.py": "", "A.py": ""}, PATH),
    ("W03 form", {"\u00e9.py": "", "e\u0301.py": ""}, PATH),
    ("W03 full width", {"a.py": "", "\uff41.py": ""}, PATH),
    ("W03 trailing dot", {"a.py.": ""}, PATH),
    ("W04 device", {"NUL.py": ""}, PATH),
    ("W04 stream", {"a.py:s": ""}, PATH),
    ("W04 AppleDouble", {"._a": ""}, PATH),
    ("W06 below a file", {"a": "", "a/b": ""}, PATH),
    ("W06 below a file, by .data", {"a": "", f"{DATA}/purelib/a/b": ""}, PATH),
    ("W07 top level", {"a.pth": CODE}, HOOK),
    ("W07 purelib", {f"{DATA}/purelib/a.pth": CODE}, HOOK),
    ("W07 platlib", {f"{DATA}/platlib/a.pth": CODE}, HOOK),
    ("W07 data", {f"{SITE}/a.pth": CODE}, HOOK),
    ("W07 data on Windows", {f"{DATA}/data/Lib/site-packages/a.pth": CODE}, HOOK),
    ("W07 root of Windows", {f"{DATA}/data/a.pth": CODE}, HOOK),
    ("W07 folder only", {"a.pth": "frob\n", "frob/a.py": ""}, set()),
    ("W07 byte order mark", {"a.pth": "\ufeff" + CODE}, HOOK),
    ("W07 tab", {"a.pth": CODE.replace(" ", "\t", 1)}, HOOK),
    ("W07 CRLF", {"a.pth": "# x\r\n" + CODE}, HOOK),
    ("W07 long", {"a.pth": CODE.strip() + ";" * (1 << 20)}, HOOK),
    ("W08 alone", {"a.start": "evil:main\n"}, HOOK),
    ("W08 with its .pth", {"a.start": "evil:main\n", "a.pth": "# x\n"}, HOOK),
    ("W09 module", {"sitecustomize.py": ""}, HOOK),
    ("W09 package", {"usercustomize/__init__.py": ""}, HOOK),
    ("W09 extension", {"sitecustomize.abi3.so": ""}, HOOK),
    ("W09 by data", {f"{SITE}/sitecustomize.py": ""}, HOOK),
    ("W10 over its own", {f"{DATA}/purelib/frob.py": ""}, PATH),
    ("W12 pip", {POINTS: "[console_scripts]\npip = frob:main\n"}, COMMAND),
    ("W12 git", {POINTS: "[gui_scripts]\ngit = frob:main\n"}, COMMAND),
    ("W13 python", {POINTS: "[console_scripts]\npython3.11 = frob:main\n"}, COMMAND),
    ("W14 path", {POINTS: "[console_scripts]\n../x = frob:main\n"}, COMMAND),
    ("W14 separator", {POINTS: "[console_scripts]\na/b = frob:main\n"}, COMMAND),
    ("W14 equals", {POINTS: "[console_scripts]\na = b = frob:main\n"}, META),
    ("W14 line", {POINTS: "[console_scripts]\na = frob:x\x0cpip = frob:main\n"}, COMMAND),
    ("W15 python", {f"{DATA}/scripts/python3.99": ""}, COMMAND),
    ("W15 activate", {f"{DATA}/data/bin/activate": ""}, COMMAND),
    ("W15 configuration", {f"{DATA}/data/pyvenv.cfg": ""}, PATH),
    ("W15 library", {f"{DATA}/data/lib/python3.11/ssl.py": ""}, PATH),
    ("W16 key", {f"{DATA}/unknown/x": ""}, PATH),
    ("W16 other", {"other-1.0.data/purelib/x": ""}, META),
    ("W17 two", {"other-2.0.dist-info/METADATA": METADATA}, META),
    ("W17 case", {"FROB-1.0.dist-info/METADATA": METADATA}, META | PATH | RECORD),
    ("W17 by .data", {f"{DATA}/purelib/pip-99.dist-info/METADATA": METADATA}, META),
    ("W20 ELF", {"frob/run": ELF}, BINARY),
    ("W21 image", {"frob/a.png": ELF}, BINARY),
    ("W21 compiled", {"frob/a.pyc": bytes(16)}, BINARY),
    ("W21 cached", {"__pycache__/frob.cpython-311.pyc": b"\xa7\r\r\n\x01" + bytes(11)}, BINARY),
    ("W24 version", {f"{INFO}/METADATA": METADATA.replace("2.1", "99")}, META),
    ("W24 twice", {f"{INFO}/METADATA": f"{METADATA}Name: other\n"}, META),
    ("W24 folded", {f"{INFO}/METADATA": f"{METADATA}Requires-Dist: a\n  b\n"}, META),
    ("W24 body", {f"{INFO}/METADATA": f"{METADATA}\nRequires-Dist: evil\n"}, META),
    ("W24 NUL", {f"{INFO}/METADATA": f"{METADATA}Summary: a\0b\n"}, META),
    ("W24 no header", {f"{INFO}/METADATA": f"{METADATA}evil\nSummary: a\n"}, META),
    ("W24 not UTF-8", {f"{INFO}/METADATA": METADATA.encode() + b"Summary: \xff\n"}, META),
    ("W25 tag", {f"{INFO}/WHEEL": WHEEL.replace("py3-none-any", "cp39-cp39-win32")}, META),
    ("W25 build", {f"{INFO}/WHEEL": f"{WHEEL}Build: 7\n"}, META),
]


@pytest.mark.parametrize(
    ("parts", "rules"), [pytest.param(parts, rules, id=name) for name, parts, rules in ADDED]
)
def test_what_is_added_is_objected_to(parts: Parts, rules: set[str]) -> None:
    assert objections(members(parts)) == rules


def test_what_is_not_wrong_is_not_objected_to() -> None:
    assert objections(members()) == set()


@pytest.mark.parametrize(
    "mode",
    [stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o644, stat.S_IFCHR | 0o644, stat.S_IFREG | 0o4755],
)
def test_w05_a_special_mode_is_objected_to(mode: int) -> None:
    assert objections(members(), modes={"frob.py": mode}) == PATH


@pytest.mark.parametrize(
    ("victim", "path", "planted"),
    [
        ("pip", "pip/__init__.py", "pip/__init__.py"),
        ("pip", "pip/__init__.py", f"{DATA}/purelib/pip/__init__.py"),
        ("pip", "pip/__init__.py", f"{SITE}/pip/__init__.py"),
        ("six", "six.py", f"{DATA}/platlib/six.py"),
        ("six", "six.py", "six/__init__.py"),
        ("certifi", "certifi/cacert.pem", "certifi/cacert.pem"),
        ("typing-extensions", "typing_extensions.py", "Typing_Extensions.py"),
    ],
)
def test_w10_a_file_of_another_wheel_is_objected_to(
    victim: str, path: str, planted: str, tmp_path: Path
) -> None:
    theirs = a_wheel(victim, "1.0", files={path: "x = 1\n"})
    parts = members({planted: CODE})
    (tmp_path / FILENAME).write_bytes(zipped(parts, {}))
    plan = [
        Coming(file=a_file(name, "1.0"), content=inspect(place, place.name), path=place)
        for name, place in (("frob", tmp_path / FILENAME), (victim, theirs.write_to(tmp_path)))
    ]
    over, _ = overlaps(plan, None)
    found = a_verdict(replace(candidate(parts, FILENAME), overlaps=over)).findings
    assert {str(finding.rule) for finding in found} == {"foreign-file"}


def test_w10_a_module_that_the_standard_library_has_too_is_found_after_it() -> None:
    assert objections(members({"ssl.py": CODE, "typing.py": CODE})) == set()


@pytest.mark.parametrize(
    ("name", "version"), [("other", "1.0"), ("frob", "2.0")], ids=["name", "version"]
)
def test_w17_another_name_or_version_is_objected_to(name: str, version: str) -> None:
    assert objections(members(), f"{name}-{version}-py3-none-any.whl") == META


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("frob.py,sha256=4", "frob.py,sha256=5"),
        ("frob.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", "frob.py,"),
        ("frob.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0", "frob.py,,"),
        (
            "frob.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0",
            "frob.py,md5=1B2M2Y8AsgTpgAmY7PhCfg,0",
        ),
        (
            "frob.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0",
            "frob.py,sha1=2jmj7l5rSw0yVb_vlWAYkK_YBwk,0",
        ),
        ("frob.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n", ""),
        ("frob.py,", "absent.py,,\nfrob.py,"),
        ("frob.py,", "frob.py,,\nfrob.py,"),
        ("frob.py,", "./frob.py,"),
        ("frob.py,", "..\\frob.py,,\nfrob.py,"),
        ("frob.py,", "../../../../x,,\nfrob.py,"),
        ("frob.py,", "\udcff,,\nfrob.py,"),
    ],
    ids=[
        *("hash", "hash without value", "no hash", "md5", "sha1", "missing line", "extra line"),
        *("duplicate", "dot", "backslash", "W19 upwards", "not UTF-8"),
    ],
)
def test_w18_a_record_that_is_wrong_is_objected_to(old: str, new: str) -> None:
    parts = members()
    text = parts[f"{INFO}/RECORD"].decode()
    assert old in text
    changed = text.replace(old, new, 1).encode("utf-8", "surrogateescape")
    assert objections({**parts, f"{INFO}/RECORD": changed}) == RECORD


def test_w22_a_url_among_the_requirements_is_a_fact() -> None:
    text = f"{METADATA}Requires-Dist: a @ file:///x ; extra == 'b'\nProvides-Extra: b\n"
    found = candidate(members({f"{INFO}/METADATA": text}), FILENAME)
    assert found.content.url_requirements == ('a @ file:///x ; extra == "b"',)  # type: ignore[union-attr]


def test_w23_the_digest_to_compare_a_sidecar_with_is_a_fact() -> None:
    one = candidate(members(), FILENAME).content
    other = candidate(members({f"{INFO}/METADATA": f"{METADATA}\n"}), FILENAME).content
    assert one.metadata_sha256 != other.metadata_sha256  # type: ignore[union-attr]


def test_a_wrong_part_hides_no_other() -> None:
    parts: Parts = {"a.pth": CODE, f"{DATA}/scripts/git": "", f"{DATA}/unknown/x": "", "b": ELF}
    assert objections(members(parts)) == HOOK | COMMAND | PATH | BINARY
    assert objections(dict(reversed(members(parts).items()))) == HOOK | COMMAND | PATH | BINARY
