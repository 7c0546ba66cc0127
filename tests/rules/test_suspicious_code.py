"""`suspicious-code`: what malware does and few honest packages do."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from inline_snapshot import snapshot

from guard.artifact.capabilities import capabilities
from guard.artifact.content import Trace
from guard.artifact.defect import DefectKind
from guard.artifact.source import Scanner
from guard.model import Absent, Candidate, Level, Unknown
from guard.rules.suspicious_code import SuspiciousCode
from tests.artifact.archives import MemoryArchive, members
from tests.builders import a_candidate, findings
from tests.rules.contents import with_content, with_defects

EVIL = "import base64, subprocess\nexec(base64.b64decode('b3MuZ2V0cGlkKCk='))\n"


def a_trace(member: str = "frob/a.py", capability: str = "decoded-exec", line: int = 3) -> Trace:
    return Trace(capability=capability, text="exec(x)", line=line, member=member, offset=7)


def with_traces(*traces: Trace) -> Candidate:
    return with_content(traces=traces)


def traces_of(changes: dict[str, str]) -> tuple[Trace, ...]:
    """What a scanner says of a wheel with `changes`."""
    archive, scanner = MemoryArchive(members(changes)), Scanner()
    return tuple(
        trace
        for member in archive.members
        for trace in scanner.traces(
            member.name, b"".join(archive.chunks(member)), offset=member.offset
        )
    )


def test_a_harmless_wheel_is_allowed() -> None:
    assert (
        findings(SuspiciousCode(), with_content(traces=traces_of({"frob/b.py": "x = 1\n"}))) == []
    )


def test_code_that_is_decoded_and_run_is_worth_a_warning() -> None:
    [finding] = findings(SuspiciousCode(), with_content(traces=traces_of({"frob/b.py": EVIL})))
    assert finding.level is Level.WARN
    assert finding.message == snapshot("decoded-exec: it runs code that it decodes first")
    assert finding.detail == snapshot(
        ("where: 'frob/b.py' at byte 3000, line 2: \"exec(base64.b64decode('b3MuZ2V0cGlkKCk='))\"",)
    )


def test_a_policy_may_deny_it() -> None:
    [finding] = findings(SuspiciousCode(level=Level.DENY), with_traces(a_trace()))
    assert finding.level is Level.DENY


@pytest.mark.parametrize(("count", "lines"), [(1, 1), (5, 5), (6, 6), (99, 6)])
def test_many_files_are_one_finding(count: int, lines: int) -> None:
    traces = [a_trace(f"frob/{number:03}.py") for number in range(count)]
    [finding] = findings(SuspiciousCode(), with_traces(*traces[::-1]))
    assert len(finding.detail) == lines
    assert finding.detail[0] == "where: 'frob/000.py' at byte 7, line 3: 'exec(x)'"
    if count > 5:
        assert finding.detail[-1] == f"where: and in {count - 5} more files"


def test_of_one_file_the_first_line_is_shown() -> None:
    [finding] = findings(SuspiciousCode(), with_traces(a_trace(line=9), a_trace(line=2)))
    assert finding.detail == ("where: 'frob/a.py' at byte 7, line 2: 'exec(x)'",)


def test_each_capability_is_a_finding() -> None:
    found = findings(
        SuspiciousCode(ignore=()),
        with_traces(*(a_trace(capability=name) for name in reversed(capabilities()))),
    )
    assert [finding.message.partition(":")[0] for finding in found] == sorted(capabilities())


def test_a_rule_of_the_users_is_named() -> None:
    [finding] = findings(SuspiciousCode(), with_traces(a_trace(capability="acme-token")))
    assert finding.message == "acme-token: it matches a rule of your own"


def test_what_many_packages_do_is_left_out() -> None:
    early = [a_trace(capability=f"import-time-{what}") for what in ("network", "process")]
    assert findings(SuspiciousCode(), with_traces(*early)) == []
    assert len(findings(SuspiciousCode(ignore=()), with_traces(*early))) == 2


def test_what_is_left_out_hides_nothing_else() -> None:
    pair = (a_trace(), a_trace(capability="obfuscation"))
    for traces in (pair, pair[::-1]):
        [finding] = findings(SuspiciousCode(ignore=("decoded-exec",)), with_traces(*traces))
        assert finding.message.startswith("obfuscation")


def test_untrusted_text_is_shown_as_such() -> None:
    trace = Trace(
        capability="obfuscation", text="\x1b[2J\u202e" + "x" * 200, member="a\n", offset=0
    )
    [finding] = findings(SuspiciousCode(), with_traces(trace))
    assert finding.detail == ("where: 'a\\n' at byte 0: '\\x1b[2J\\u202e" + "x" * 115 + "…'",)


def test_a_defect_of_its_kind_is_a_finding() -> None:
    candidate = with_defects(DefectKind.SUSPICIOUS_CODE, "more than 2000 traces")
    assert [f.message for f in findings(SuspiciousCode(), candidate)] == ["more than 2000 traces"]
    assert findings(SuspiciousCode(), with_defects(DefectKind.UNSAFE_PATH, "other")) == []


def test_a_wheel_that_could_not_be_read_is_unknown() -> None:
    [finding] = findings(SuspiciousCode(), a_candidate(content=Unknown("the disk is full")))
    assert finding.unknown
    assert "the disk is full" in finding.message


def test_what_is_no_wheel_has_no_content() -> None:
    assert findings(SuspiciousCode(), a_candidate(content=Absent("no wheel"))) == []


@pytest.mark.parametrize("name", ["", "Decoded-Exec", "a_b", "a--b", "*"])
def test_a_capability_has_a_name_that_can_be_one(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"ignore": [name]}, SuspiciousCode)


def test_the_words_are_those_of_the_capabilities() -> None:
    for name, capability in capabilities().items():
        [finding] = findings(SuspiciousCode(ignore=()), with_traces(a_trace(capability=name)))
        summary = capability.summary
        assert finding.message == f"{name}: it {summary[0].lower()}{summary[1:]}"


def test_the_documentation_names_every_capability() -> None:
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", SuspiciousCode.__doc__ or ""))
    assert set(capabilities()) <= named


def test_a_folder_of_rules_is_taken_as_it_is_written() -> None:
    rule = msgspec.convert({"rules": ["security/yara"]}, SuspiciousCode)
    assert [Path(folder) for folder in rule.rules] == [Path("security/yara")]
