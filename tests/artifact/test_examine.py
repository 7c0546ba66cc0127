"""Every member is shown to whoever looks at texts and pickles, once and as a whole."""

from __future__ import annotations

import os
import pickle

import pytest

from guard.artifact.defect import DefectKind
from guard.artifact.source import Scanner
from tests.artifact.archives import DATA, INFO, content_of

EXEC = "import base64\nexec(base64.b64decode('cGFzcw=='))\n"
EVIL = pickle.dumps(os.getpid)


def test_texts_are_looked_at_wherever_they_lie() -> None:
    places = ["frob/a.py", f"{DATA}/purelib/b.py", f"{DATA}/scripts/c", f"{INFO}/d.py"]
    shebang = "#!/usr/bin/env python\n"
    content = content_of(dict.fromkeys(places, shebang + EXEC), scanner=Scanner())
    assert {t.member for t in content.traces if t.capability == "decoded-exec"} == set(places)


def test_without_a_scanner_texts_are_not_looked_at() -> None:
    assert content_of({"frob/a.py": EXEC}).traces == ()


def test_pickles_are_found_under_any_name() -> None:
    content = content_of({"frob/a.pkl": EVIL, "frob/b.dat": EVIL, "frob/c.pkl": pickle.dumps({})})
    assert {p.member: p.names for p in content.pickles} == {
        "frob/a.pkl": (f"{os.getpid.__module__}.getpid",),
        "frob/b.dat": (f"{os.getpid.__module__}.getpid",),
        "frob/c.pkl": (),
    }


def test_more_than_can_be_kept_is_a_defect_of_its_own() -> None:
    content = content_of({f"frob/{number}.pkl": EVIL for number in range(2001)})
    assert len(content.pickles) == 2000
    assert [d.message for d in content.of(DefectKind.UNSAFE_PICKLE)] == [
        "more than the 2000 that are kept"
    ]


@pytest.mark.parametrize(("name", "count"), [("a.py", 1), ("a.js", 1), ("a.bin", 0)])
def test_code_that_is_too_large_to_be_looked_at_is_a_defect(name: str, count: int) -> None:
    content = content_of({f"frob/{name}": EXEC.encode() + b"#" * (64 << 20)}, scanner=Scanner())
    assert len(content.of(DefectKind.SUSPICIOUS_CODE)) == count
