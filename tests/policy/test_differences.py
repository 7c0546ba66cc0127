"""What a change of a policy lets through, told to whoever reviews it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Final

import pytest

from guard.cli import main
from guard.policy import load, parse
from guard.policy.differences import STRICTER, differences
from guard.policy.load import overlay
from guard.rules import CATALOGUE
from tests.e2e.guarded import TIMEOUT, Guard

GROUP: Final = '[[group]]\nname = "g"\nmembers = ["lite*"]\nrules.fresh-upload.age = "{}"\n'


def told(old: str, new: str) -> list[str]:
    base = load("default")
    found = differences(parse(old, source="old", base=base), parse(new, source="new", base=base))
    return [f"{each.effect} {each.words}" for each in found]


def option(rule: str, key: str, value: str) -> str:
    return f"[rules.{rule}]\n{key} = {value}\n"


@pytest.mark.parametrize(
    ("rule", "key", "loose", "tight"),
    [
        ("fresh-upload", "age", '"3 days"', '"14 days"'),
        ("fresh-upload", "level", '"off"', '"warn"'),
        ("fresh-upload", "waive-fixes", "true", "false"),
        ("yanked-file", "pinned-level", '"off"', '"deny"'),
        ("known-vulnerability", "severity", '"critical"', '"medium"'),
        ("known-vulnerability", "ignore", '["a", "b"]', '["a"]'),
        ("known-malware", "max-age", '"30 days"', '"1 day"'),
        ("missing-attestation", "every-file", "false", "true"),
        ("suspicious-change", "kinds", "5", "1"),
        ("oversized-archive", "max-bytes", "100", "10"),
        ("direct-url", "allow", '["https://a.example.com/**"]', "[]"),
    ],
)
def test_an_option_is_told_with_what_it_does(rule: str, key: str, loose: str, tight: str) -> None:
    one, other = option(rule, key, loose), option(rule, key, tight)
    (tightened,) = told(one, other)
    assert tightened.startswith(f"tightens rules.{rule}.{key} = ")
    (loosened,) = told(other, one)
    assert loosened.startswith(f"loosens rules.{rule}.{key} = ")


def test_a_list_with_other_members_is_neither_more_nor_less() -> None:
    one, other = (option("known-vulnerability", "ignore", f'["{name}"]') for name in "ab")
    (changed,) = told(one, other)
    assert changed.startswith("changes ")


def test_it_is_known_of_every_option_what_more_of_it_does() -> None:
    keys = {key for rule in CATALOGUE.values() for key in rule.options()}
    assert {key for key in keys if not key.endswith("level")} | {"level"} == set(STRICTER)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ('[[deny]]\nname = "x"\nreason = "no"\n', "tightens [[deny]] x in every version: no"),
        (
            '[[exempt]]\nname = "x"\nrule = "direct-url"\nreason = "why"\nexpires = 2027-01-01\n',
            "loosens [[exempt]] x from direct-url, until 2027-01-01: why",
        ),
        (
            '[[publisher]]\nname = "x"\nidentities = [{ kind = "GitHub", repository = "a/x" }]\n',
            "tightens [[publisher]] x: kind = GitHub, repository = a/x",
        ),
        (
            '[[index]]\nname = "i"\nurl = "https://a.example.com"\nowns = ["x"]\n',
            "changes [[index]] i https://a.example.com owns x",
        ),
        (GROUP.format("3 days"), 'loosens [[group]] g (lite*): rules.fresh-upload.age = "3 days"'),
        (GROUP.format("9 days"), 'tightens [[group]] g (lite*): rules.fresh-upload.age = "9 days"'),
        ('approval = "required"\n', 'tightens approval = "required"'),
    ],
)
def test_an_entry_is_told_and_so_is_that_it_is_gone(entry: str, expected: str) -> None:
    assert told("", entry) == [expected]
    (gone,) = told(entry, "")
    effects = {"tightens": "loosens", "loosens": "tightens", "changes": "changes"}
    assert gone.split()[0] == effects[expected.split(maxsplit=1)[0]]
    assert told(entry, entry) == []


def test_the_strict_preset_is_stricter_than_the_default() -> None:
    found = list(differences(load("default"), load("strict")))
    loosened = [each.words for each in found if each.effect == "loosens"]
    assert loosened == ['rules.known-vulnerability.severity = "high"  # instead of "low"']
    assert len(found) > 10


def test_it_starts_from_what_everybody_has(guard: Guard) -> None:
    """From the default, as a policy without `extends` does in a run."""
    (guard.work / "guard.toml").write_text('extends = "default"\n')
    (guard.work / "new.toml").write_text(option("fresh-upload", "age", '"3 days"'))
    ran = guard("policy", "diff", "guard.toml", "new.toml")
    assert (ran.code, ran.out) == (
        0,
        'loosens   rules.fresh-upload.age = "3 days"  # instead of "7 days"\n',
    )
    ran = guard("policy", "diff", "guard.toml", "new.toml", "--output-format", "json")
    assert json.loads(ran.out) == {
        "schema": 1,
        "differences": [
            {
                "effect": "loosens",
                "words": 'rules.fresh-upload.age = "3 days"  # instead of "7 days"',
            }
        ],
    }


def test_one_of_them_may_come_from_a_pipe(guard: Guard) -> None:
    ran = subprocess.run(
        guard.command("policy", "diff", "-", "strict"),
        env=guard.environment(),
        input=b'extends = "strict"\napproval = "required"\n',
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, b'loosens   approval = "optional"\n')


def test_what_is_shown_is_the_same_in_both_forms(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example = Path(__file__).parents[2] / "docs/examples/guard.toml"
    assert main(["policy", "show", "--policy", str(example)]) == 0
    again = tmp_path / "guard.toml"
    again.write_text(capsys.readouterr().out)
    assert list(differences(load(str(example)), load(str(again)))) == []
    assert main(["policy", "show", "--policy", str(example), "--output-format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rules"]["fresh-upload"]["age"] == {"value": "7 days", "origin": "default"}
    assert told["exempt"][0]["expires"] == "2026-12-24"
    assert told["publisher"][0]["identities"] == [
        {"kind": "GitHub", "repository": ["BerriAI/litellm"], "workflow": ["publish.yml"]}
    ]
    assert told["floors"] == []


def test_words_say_nothing_to_a_terminal(guard: Guard) -> None:
    deny = '[[deny]]\nname = "x"\nreason = "\\u001b[2J"\n'
    (guard.work / "new.toml").write_text(deny)
    assert "\x1b" not in guard("policy", "diff", "default", "new.toml").out
    found = differences(load("default"), overlay({}, load("default"), source="x"))
    assert list(found) == []
