"""What runs at every start of Python, by every way into a site folder (W07, W08, W09)."""

from __future__ import annotations

import hashlib

import pytest

from guard.artifact.content import HookKind, StartupHook
from guard.artifact.startup import lines, owned, runs_at_start
from guard.artifact.wheel import read
from tests.artifact.archives import DATA, FILENAME, MemoryArchive, complaints, content_of, members

CODE = "import os; os.getpid()"
WAYS = [
    "{}",
    f"{DATA}/purelib/{{}}",
    f"{DATA}/platlib/{{}}",
    f"{DATA}/data/lib/python3.11/site-packages/{{}}",
    f"{DATA}/data/Lib/site-packages/{{}}",
    f"{DATA}/data/lib/python3/dist-packages/{{}}",
    f"{DATA}/data/{{}}",
]
every_way = pytest.mark.parametrize("way", WAYS)


def hooks(name: str, body: bytes | str) -> list[tuple[str, str, int | None]]:
    return [(h.kind.value, h.text, h.line) for h in content_of({name: body}).hooks]


@every_way
def test_an_executable_line_is_found_by_every_way(way: str) -> None:
    name = way.format("evil.pth")
    content = content_of({name: f"{CODE}\n"})
    assert content.hooks == (
        StartupHook(
            kind=HookKind.LINE,
            text=CODE,
            sha256=hashlib.sha256(CODE.encode()).hexdigest(),
            line=1,
            member=name,
            offset=3000,
        ),
    )
    assert content.defects == ()


@every_way
def test_a_start_file_is_found_by_every_way(way: str) -> None:
    body = "# comment\n\nevil:main\n"
    assert hooks(way.format("evil.start"), body) == [("start", "evil:main", 3)]


@every_way
@pytest.mark.parametrize(
    "module",
    [
        "sitecustomize.py",
        "usercustomize.py",
        "sitecustomize/__init__.py",
        "usercustomize/__init__.pyc",
        "sitecustomize.pyc",
        "sitecustomize.pyw",
        "sitecustomize.so",
        "sitecustomize.abi3.so",
        "sitecustomize.cpython-311-x86_64-linux-gnu.so",
        "sitecustomize/__init__.cpython-311-x86_64-linux-gnu.so",
        "usercustomize.cp311-win_amd64.pyd",
        "SiteCustomize.py",
        "_virtualenv.py",
    ],
)
def test_a_customizing_module_is_found_by_every_way(way: str, module: str) -> None:
    name = way.format(module)
    content = content_of({name: "x = 1\n"})
    [hook] = content.hooks
    assert (hook.kind, hook.member, hook.line) == (HookKind.MODULE, name, None)
    assert hook.text.endswith(module)
    assert hook.sha256 == hashlib.sha256(b"x = 1\n").hexdigest()


@pytest.mark.parametrize("where", ["lib/python3.11", "lib64/python3.14t", "Lib"])
def test_the_standard_librarys_folder_is_a_way_too(where: str) -> None:
    content = content_of({f"{DATA}/data/{where}/sitecustomize.py": ""})
    assert [hook.kind for hook in content.hooks] == [HookKind.MODULE]


@pytest.mark.parametrize(
    "name",
    [
        "frob/evil.pth",
        "frob/sitecustomize.py",
        "sitecustomize.txt",
        "sitecustomize/readme.md",
        "mysitecustomize.py",
        "sitecustomize_more.py",
        "evil.pth.txt",
        "pth",
        "evil.started",
        f"{DATA}/scripts/evil.pth",
        f"{DATA}/headers/evil.pth",
        f"{DATA}/data/share/evil.pth",
        f"{DATA}/data/share/sitecustomize.py",
        f"{DATA}/data/lib/python3.11/site-packages/frob/evil.pth",
    ],
)
def test_where_site_does_not_look_nothing_runs(name: str) -> None:
    assert content_of({name: f"{CODE}\n"}).hooks == ()


@pytest.mark.parametrize(
    "body",
    [
        b"import evil\n",
        b"import evil",
        b"import\tevil\n",
        b"import evil\r\n",
        b"import evil\r",
        b"\xef\xbb\xbfimport evil\n",
        b"# comment\nimport evil\n",
        b"#\r\rimport evil",
        b"#\x0bimport evil",
        b"#\x0cimport evil",
        b"#\x1cimport evil",
        b"#\xc2\x85import evil",
        b"#\xe2\x80\xa8import evil",
        b"\xff\nimport evil\n",
        b"# \xe9\x85import evil\n",
        b"# \x81\x36\xa6\x35import evil\n",  # a line separator in GB 18030
        b"\n\n   \nimport evil\n",
        b"import evil" + b" " * (1 << 20) + b"\n",
    ],
)
def test_a_line_is_executed_however_it_is_encoded_and_ended(body: bytes) -> None:
    assert "pth line" in {kind for kind, *_ in hooks("evil.pth", body)}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "\n\r\n",
        "# import evil\n",
        "#import evil\n",
        "frob\n",
        "frob\n./frob\nfrob/\nfrob/lib\nfrob\\lib\n.\nFrob\n",
        "frob   \n",
    ],
)
def test_a_line_that_adds_a_plain_folder_of_the_wheel_is_fine(body: str) -> None:
    assert content_of({"frob.pth": body, "frob/lib/x.py": ""}).hooks == ()


@pytest.mark.parametrize(
    "line",
    [
        "/tmp/evil",  # noqa: S108 - a line, not a file
        "..",
        "../evil",
        "frob/../../evil",
        "..\\evil",
        "C:\\evil",
        "C:evil",
        "\\\\server\\evil",
        "otherproject/bootstrap",
        "frob.py",
        "frob/data.zip",
        "frob/hidden",
        "frob/package",
        " frob",
        " import evil",
        "Import evil",
        "important",
        "import\x0bevil",
    ],
)
def test_a_line_that_adds_anything_else_is_a_hook(line: str) -> None:
    parts = {
        "frob/data.zip": "",
        "frob/hidden/sitecustomize.py": "",
        "frob/package/usercustomize/__init__.py": "",
        "evil.pth": f"frob\n{line}\n",
    }
    found = content_of(parts).hooks
    assert {(h.kind, h.line) for h in found} == {(HookKind.PATH, 2)}


def test_what_is_utf_8_is_no_other_encoding() -> None:
    assert hooks("a.pth", "# caf\u00e9: import evil\n") == []


def test_every_line_counts() -> None:
    body = "import good\nfrob\nimport bad\n"
    assert hooks("a.pth", body) == [
        ("pth line", "import good", 1),
        ("pth path", "frob", 2),
        ("pth line", "import bad", 3),
    ]


def test_the_digest_is_of_the_whole_line_and_of_nothing_else() -> None:
    long = "import a; " + "b" * 5000
    [hook] = content_of({"a.pth": f"{long}  \r\n"}).hooks
    assert hook.sha256 == hashlib.sha256(long.encode()).hexdigest()
    assert hook.text == long[:2000]


def test_a_line_that_only_some_pythons_cut_short_is_shown_whole_and_in_parts() -> None:
    found = hooks("a.pth", "import known\x0cimport evil")
    assert [text for _, text, _ in found] == [
        "import known\x0cimport evil",
        "import known",
        "import evil",
    ]


def test_a_data_folder_is_no_site_folder_of_another() -> None:
    parts = {"a.pth": "share/x\n", f"{DATA}/data/share/x/y.py": ""}
    assert [h.kind for h in content_of(parts).hooks] == [HookKind.PATH]
    parts = {f"{DATA}/data/a.pth": "share/x\n", f"{DATA}/data/share/x/y.py": ""}
    assert content_of(parts).hooks == ()


def test_what_a_wheel_owns() -> None:
    assert owned(["A/b.py", "c/sitecustomize.py", "d/usercustomize/__init__.pyc"]) == {
        "a": False,
        "a/b.py": True,
        "c": True,
        "c/sitecustomize.py": True,
        "d": True,
        "d/usercustomize": True,
        "d/usercustomize/__init__.pyc": True,
    }


def test_names_of_nothing_but_separators_come_to_an_end() -> None:
    content = content_of({"a.pth": "frob\n", "/": b"", "//": b"", "/x/y": "", "x//y": ""})
    assert [hook.text for hook in content.hooks] == ["frob"]


def test_a_package_needs_no_more_than_its_init() -> None:
    assert runs_at_start("sitecustomize/__init__.py")
    assert not runs_at_start("sitecustomize/other.py")
    assert not runs_at_start("frob/sitecustomize/__init__.py")


def test_a_startup_file_beyond_all_measure_is_a_defect() -> None:
    archive = MemoryArchive(members({"a.pth": "# fine\n"}), claimed={"a.pth": (4 << 20) + 1})
    content = read(archive, FILENAME)
    assert complaints(content)[-1] == (
        "startup-hook",
        "a.pth",
        "a startup file that is too long to be read",
    )
    long = content_of({"a.pth": b"import evil" + b"#" * ((4 << 20) - 11)})
    assert (len(long.hooks), long.defects) == (1, ())


def test_a_model_that_is_called_pth_may_be_as_long_as_it_likes() -> None:
    archive = MemoryArchive(
        members({"frob/model.pth": b"\x80\x02import x"}), claimed={"frob/model.pth": 9 << 30}
    )
    content = read(archive, FILENAME)
    assert (content.hooks, content.defects) == ((), ())


def test_a_hook_cannot_hide_behind_many() -> None:
    known = "import a\n" * 200
    assert content_of({"a.pth": known}).defects == ()
    content = content_of({"a.pth": f"{known}import evil\n"})
    assert len(content.hooks) == 200
    assert complaints(content) == [("startup-hook", None, "more than 200 startup hooks")]


def test_lines_of_nothing_are_none() -> None:
    assert list(lines("a.pth", b"", {})) == []
