"""The walk of a team that has just found the guard: from its first policy to its first audit."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.e2e.guarded import (
    LONG_AGO,
    TIMEOUT,
    Environment,
    Guard,
    assert_paragraph,
    at,
    cloned,
    scrubbed,
    to,
    untouched,
)
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel

REASON = "the gateway needs it"


def past_the_guard(pip: Path, target: Environment, index: LoopbackIndex, name: str) -> None:
    """Install with plain pip, as somebody does who has never heard of the guard."""
    subprocess.run(
        [pip, "-m", "pip", "--python", target.python, "install", "-q", "-i", index.url, name],
        check=True,
        timeout=TIMEOUT,
        env=scrubbed(),
    )


def test_from_the_first_policy_to_the_first_audit(
    tmp_path: Path,
    target: Environment,
    bare_template: Path,
    pip_template: Path,
    guard: Guard,
    index: LoopbackIndex,
) -> None:
    for version in ("1.83.1", "1.84.0"):
        index.add(a_wheel("litellm", version, requires=["httpx"]), uploaded=LONG_AGO)
    for name in ("httpx", "requests", "six"):
        index.add(a_wheel(name, "2.0"), uploaded=LONG_AGO)

    assert guard("policy", "init").code == 0
    assert guard("check", "litellm", *at(index)).code == 0
    ran = guard("approve", "litellm==1.83.1", "--yes", "--reason", REASON, *at(index))
    assert ran.code == 0, ran.said
    policy = guard.work / "guard.toml"
    policy.write_text('approval = "required"\n' + policy.read_text())

    ran = guard.install("litellm", into=target, index=index)
    assert ran.code == 0, ran.said
    assert target.installed() == {"litellm": "1.83.1", "httpx": "2.0"}
    with untouched(target):
        ran = guard.install("requests", into=target, index=index)
    assert_paragraph(
        ran,
        77,
        "denied[unapproved-file]: nobody has approved requests 2.0",
        "help: to ask for it: guard approve requests==2.0 --reason …",
    )

    assert guard("lock", "litellm", *at(index)).code == 0
    ci = Environment(cloned(bare_template, tmp_path / "ci"))
    ran = guard("sync", "--locked", *to(ci), *at(index))
    assert ran.code == 0, ran.said
    assert ci.installed() == {"litellm": "1.83.1", "httpx": "2.0"}
    assert guard("audit", *to(ci), *at(index)).code == 0

    past_the_guard(pip_template / "bin" / "python", ci, index, "six")
    ran = guard("audit", *to(ci), *at(index))
    assert_paragraph(ran, 77, "denied[unapproved-file]: nobody has approved six 2.0")
    assert_paragraph(ran, 77, "denied[unguarded-install]", "no file of six 2.0 was ever let in")

    ran = guard("sync", "--locked", *to(ci), *at(index))
    assert (ran.code, ci.installed()) == (0, {"litellm": "1.83.1", "httpx": "2.0"})
    assert guard("audit", *to(ci), *at(index)).code == 0
    listed = guard("log").out.splitlines()
    assert [line.split()[3] for line in listed] == ["approve", "install", "install", "sync", "sync"]
    assert guard("log", "verify").code == 0


def test_what_was_only_checked_was_not_let_in(
    target: Environment, pip_template: Path, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(a_wheel("six", "2.0"), uploaded=LONG_AGO)
    assert guard("check", "six", *at(index)).code == 0
    past_the_guard(pip_template / "bin" / "python", target, index, "six")
    ran = guard("audit", *to(target), *at(index))
    assert_paragraph(ran, 0, "warning[unguarded-install]", "no file of six 2.0 was ever let in")
