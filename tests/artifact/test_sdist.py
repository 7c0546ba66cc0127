"""A source distribution as a document, from the bytes of a real one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from guard.artifact.content import Content, Landing
from guard.artifact.sdist import inspect
from tests.artifact.tars import PKG_INFO, Part, content_of, folder, gzipped, sdist, tar, told
from tests.wheels import an_sdist

SHARED = Path(__file__).parents[3] / "shared/data"
REQUIRES = b"Requires-Dist: dep>=1\nRequires-Dist: direct @ https://example.com/x.zip\n"


def test_a_source_distribution_that_builds(tmp_path: Path) -> None:
    made = an_sdist("Frob.Nicate", "1.0", requires=["dep>=1"], files={"frob/__init__.py": "x"})
    content = inspect(made.write_to(tmp_path), made.filename)
    assert content.defects == ()
    assert (content.filename, content.name, content.version) == (
        made.filename,
        "Frob.Nicate",
        "1.0",
    )
    assert content.requires_dist == ("dep>=1",)
    assert content.metadata_sha256 == hashlib.sha256(made.metadata).hexdigest()


def test_what_it_says_of_itself() -> None:
    info = PKG_INFO + REQUIRES
    content = content_of(sdist(Part(content=b"abc"), folder(b"frob-1.0/d/"), info=info))
    assert content == Content(
        filename="frob-1.0.tar.gz",
        name="frob",
        version="1.0",
        metadata_sha256=hashlib.sha256(info).hexdigest(),
        requires_dist=("dep>=1", "direct @ https://example.com/x.zip"),
        url_requirements=("direct @ https://example.com/x.zip",),
        entries=4,
        size=len(info) + 3,
    )


def test_nothing_lands_before_it_is_built() -> None:
    content = content_of(sdist(Part(name=b"frob-1.0/evil.pth", content=b"import evil\n")))
    assert (content.landing, content.hooks, content.commands) == (Landing(), (), ())
    assert (content.tags, content.top_levels) == ((), ())


@pytest.mark.parametrize(
    ("filename", "root", "name", "version"),
    [
        ("frob_nicate-1.0.tar.gz", b"frob_nicate-1.0", b"frob-nicate", b"1.0"),
        ("Frob.Nicate-1.0.tar.gz", b"Frob.Nicate-1.0", b"Frob.Nicate", b"1.0"),
        ("frob-nicate-1.0.tar.gz", b"frob_nicate-1.0.0", b"FROB_NICATE", b"1"),
        ("frob_nicate-1!2.0rc1+a.tar.gz", b"frob_nicate-1!2.0rc1+a", b"frob.nicate", b"1!2rc1+a"),
    ],
)
def test_names_and_versions_are_compared_in_their_normal_form(
    filename: str, root: bytes, name: bytes, version: bytes
) -> None:
    info = b"Metadata-Version: 1.2\nName: %s\nVersion: %s\n" % (name, version)
    content = content_of(gzipped(tar(Part(name=root + b"/PKG-INFO", content=info))), filename)
    assert content.defects == ()
    assert content.name == name.decode()


def test_a_good_folder_does_not_hide_another_one() -> None:
    evil = Part(name=b"evil-1.0/PKG-INFO", content=PKG_INFO.replace(b"frob", b"evil"))
    good = Part(name=b"frob-1.0/PKG-INFO", content=PKG_INFO)
    for parts in ((evil, good), (good, evil)):
        content = content_of(gzipped(tar(*parts)))
        assert content.name == "frob"
        assert len(content.defects) == 2
    assert told(gzipped(tar(good, evil))) == snapshot("""\
metadata-mismatch at byte None: 2 top-level folders, not one: 'frob-1.0', 'evil-1.0'
metadata-mismatch at byte 1024 of 'evil-1.0/PKG-INFO': in 'evil-1.0', which is not what
  the filename says\
""")


def test_every_misplaced_file_is_told() -> None:
    parts = [Part(name=b"%d.py" % number) for number in range(30)]
    content = content_of(sdist(*parts))
    assert content.defects[-1].message == "and 10 more"
    assert len(content.defects) == 21


def test_pkg_info_beyond_all_measure_is_not_kept() -> None:
    info = PKG_INFO + b"\n" + b"a" * ((8 << 20) - len(PKG_INFO) - 1)
    assert content_of(sdist(info=info)).defects == ()
    assert told(sdist(info=info + b"a")) == snapshot("""\
metadata-mismatch at byte 512 of 'frob-1.0/PKG-INFO': 8388609 bytes, more than the
  8388608 that it may have\
""")


def test_what_is_wrong_with_pkg_info_is_told() -> None:
    assert told(sdist(info=PKG_INFO + b"Requires-Dist: ???\n")) == snapshot("""\
metadata-mismatch at byte 512 of 'frob-1.0/PKG-INFO': PKG-INFO: Requires-Dist is no
  requirement: '???'\
""")
    assert told(sdist(info=b"")) == snapshot("""\
metadata-mismatch at byte 512 of 'frob-1.0/PKG-INFO': PKG-INFO: Metadata-Version is not
  there, and not 1.x or 2.x
metadata-mismatch at byte 512 of 'frob-1.0/PKG-INFO': PKG-INFO: Name is not there, and
  no name
metadata-mismatch at byte 512 of 'frob-1.0/PKG-INFO': PKG-INFO: Version is not there,
  and no version\
""")


def test_an_unsafe_path_hides_nothing_else() -> None:
    link = Part(name=b"frob-1.0/a", content=b"", type=b"2", fields={"link": b"b"})
    content = content_of(sdist(link, info=PKG_INFO + REQUIRES))
    assert [str(defect.kind) for defect in content.defects] == ["unsafe-path"]
    assert len(content.url_requirements) == 1


def test_what_was_unsafe_before_the_archive_broke_is_told_too() -> None:
    link = Part(name=b"frob-1.0/a", content=b"", type=b"2", fields={"link": b"b"})
    content = content_of(sdist(link, end=b""))
    assert [str(d.kind) for d in content.defects] == ["ambiguous-archive", "unsafe-path"]
    assert (content.entries, content.size, content.name) == (3, 0, None)


def test_bytes_that_are_no_archive_are_a_content_with_a_defect(tmp_path: Path) -> None:
    for number, body in enumerate([b"", b"\x1f", b"\x1f\x8b", b"nonsense" * 1000]):
        path = tmp_path / str(number)
        path.write_bytes(body)
        content = inspect(path, "frob-1.0.tar.gz")
        assert [str(defect.kind) for defect in content.defects] == ["ambiguous-archive"]
        assert (content.entries, content.size, content.name) == (0, 0, None)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        inspect(tmp_path / "absent", "frob-1.0.tar.gz")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data are not here")
def test_published_source_distributions_have_no_defects() -> None:
    paths = sorted((SHARED / "attestations").glob("*.tar.gz"))
    assert len(paths) >= 5
    for path in paths:
        content = inspect(path, path.name)
        assert (content.defects, content.entries > 2) == ((), True)
