"""Whatever is wrong with a policy is said with its source, its key and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.errors import PolicyError
from guard.policy import load, parse

# What is written, the key that must be named, and what must be said: in the message or the hint.
WRONG = [
    ("ruless = {}", "ruless", "did you mean `rules`?"),
    ("zzz = 1", "zzz", "one of: extends, lockdown, approval, rules, index, deny, exempt"),
    ("rules = 3", "rules", "expected a table, got a number"),
    ("rules.fresh-upload = 3", "rules.fresh-upload", 'rules.fresh-upload.level = "deny"'),
    ('rules.fresh-upload = "deny"', "rules.fresh-upload", 'rules.fresh-upload.level = "deny"'),
    ('rules.fresh-uplod.age = "7 days"', "rules.fresh-uplod", "did you mean `fresh-upload`?"),
    ("rules.zzz = {}", "rules.zzz", "`guard rule` lists them"),
    ('rules.fresh-upload.aeg = "7 days"', "rules.fresh-upload.aeg", "did you mean `age`?"),
    (
        "rules.fresh-upload.zzz = 1",
        "rules.fresh-upload.zzz",
        "one of: level, age, waive-fixes, exempt-indexes",
    ),
    ("rules.fresh-upload.indexes = []", "rules.fresh-upload.indexes", "did you mean"),
    ("rules.fresh-upload.exempt_indexes = []", "rules.fresh-upload.exempt_indexes", "did you mean"),
    ("rules.fresh-upload.age = 7", "rules.fresh-upload.age", 'a duration such as "7 days"'),
    ("rules.fresh-upload.age = 7.0", "rules.fresh-upload.age", 'a duration such as "7 days"'),
    ('rules.fresh-upload.age = "7"', "rules.fresh-upload.age", 'a duration such as "7 days"'),
    ('rules.fresh-upload.age = "-7 days"', "rules.fresh-upload.age", 'a duration such as "7 days"'),
    ("rules.fresh-upload.age = true", "rules.fresh-upload.age", 'a duration such as "7 days"'),
    (
        "rules.fresh-upload.age = 2026-01-01",
        "rules.fresh-upload.age",
        'a duration such as "7 days"',
    ),
    ('rules.fresh-upload.level = "denied"', "rules.fresh-upload.level", "one of: off, warn, deny"),
    ('rules.fresh-upload.level = "DENY"', "rules.fresh-upload.level", "one of: off, warn, deny"),
    ("rules.fresh-upload.level = true", "rules.fresh-upload.level", "one of: off, warn, deny"),
    ("rules.yanked-file.pinned-level = 0", "rules.yanked-file.pinned-level", "one of: off, warn"),
    (
        'rules.fresh-upload.exempt-indexes = ["internal"]',
        "rules.fresh-upload.exempt-indexes",
        "add an [[index]] table of that name",
    ),
    ('rules.direct-url.allow = "https://x/"', "rules.direct-url.allow", "expected a list"),
    ("rules.direct-url.allow = [1]", "rules.direct-url.allow[0]", "expected a text in quotes"),
    ('extends = "lenient"', "extends", "one of: observe, default, strict"),
    ('extends = "../policies/default"', "extends", "one of: observe, default, strict"),
    ('extends = ["default"]', "extends", "expected a text in quotes"),
    ('extends = ""', "extends", "expected some text"),
    ('deny = {name = "x", reason = "r"}', "deny", "[[deny]], in two brackets"),
    ('[[deny]]\nreason = "r"', "deny[0].name", "deny[0] needs it"),
    ('[[deny]]\nname = "x"', "deny[0].reason", "deny[0] needs it"),
    ('[[deny]]\nname = ""\nreason = "r"', "deny[0].name", "expected some text"),
    ('[[deny]]\nname = "x"\nreason = ""', "deny[0].reason", "expected some text"),
    ('[[deny]]\nname = "x y"\nreason = "r"', "deny[0]", "`*` is the only wildcard"),
    ('[[deny]]\nname = "x?"\nreason = "r"', "deny[0]", "`*` is the only wildcard"),
    ('[[deny]]\nname = "x."\nreason = "r"', "deny[0]", "no project name begins or ends"),
    ('[[deny]]\nname = "-x"\nreason = "r"', "deny[0]", "no project name begins or ends"),
    ('[[deny]]\nname = "x"\nreason = "r"\nversion = "1"', "deny[0].version", "`versions`?"),
    ('[[deny]]\nname = "x"\nreason = "r"\nversions = "1.0"', "deny[0]", '">=1.2,<2"'),
    ('[[deny]]\nname = "x"\nreason = "r"\nversions = ""', "deny[0].versions", "some text"),
    ('[[deny]]\nname = "x"\nreason = "r"\nversions = " "', "deny[0]", "no version can match"),
    ('[[deny]]\nname = "x"\nreason = "r"\nversions = ","', "deny[0]", "no version can match"),
    ('[[deny]]\nname = "x"\nreason = "r"\nversions = ">2,<1"', "deny[0]", "no version can match"),
    ('[[deny]]\nname = "x"\nreason = "r"\nversions = ["==1"]', "deny[0].versions", "a text in"),
    (f'[[deny]]\nname = "x"\nreason = "r"\nversions = "=={"1" * 5000}"', "deny[0]", "4300 digits"),
    ('[[index]]\nname = "i"\nurl = "packages"', "index[0]", "expected an absolute URL such as"),
    ('[[index]]\nname = "i"\nurl = "https://[x/"', "index[0]", "expected an absolute URL such as"),
    ('[[index]]\nname = "i"\nurl = "https://x:y/"', "index[0]", "expected an absolute URL such as"),
    ('[[index]]\nname = "i"\nurl = "https://x/"\nowns = []', "index[0].owns", "at least one entry"),
    ('[[index]]\nname = "i"\nurl = "https://x/"\nowns = ["/"]', "index[0]", "only wildcard"),
    ('[[index]]\nname = "i"\nurl = "https://x/"\nowns = "a"', "index[0].owns", "expected a list"),
    ('[[exempt]]\nname = "*"\nrule = "yanked-file"\nreason = "r"', "exempt[0]", "set its level"),
    ('[[exempt]]\nname = "*-*"\nrule = "yanked-file"\nreason = "r"', "exempt[0]", "set its level"),
    ('[[exempt]]\nname = "x"\nrule = "*"\nreason = "r"', "exempt[0]", "`guard rule` lists them"),
    ('[[exempt]]\nname = "x"\nreason = "r"', "exempt[0].rule", "exempt[0] needs it"),
    ('[[exempt]]\nname = "x"\nrule = "yanked-file"', "exempt[0].reason", "exempt[0] needs it"),
]
EXEMPT = '[[exempt]]\nname = "x"\nrule = "yanked-file"\nreason = "r"\n'
WRONG += [
    (f"{EXEMPT}sha256 = []", "exempt[0].sha256", "at least one entry"),
    (f'{EXEMPT}sha256 = ["abc"]', "exempt[0]", "64 hexadecimal digits"),
    (f'{EXEMPT}sha256 = ["sha256:{"a" * 57}"]', "exempt[0]", "64 hexadecimal digits"),
    (f'{EXEMPT}expires = "2027-03-01"', "exempt[0].expires", "a date such as 2027-03-01"),
    (f"{EXEMPT}expires = 2027-03-01T00:00:00Z", "exempt[0].expires", "a date such as 2027-03-01"),
    (f"{EXEMPT}expires = 30", "exempt[0].expires", "a date such as 2027-03-01"),
    (f"{EXEMPT}\n{EXEMPT}until = 1", "exempt[1].until", "one of: name, rule, reason"),
]


@pytest.mark.parametrize(("text", "at", "said"), WRONG, ids=[text[:60] for text, _, _ in WRONG])
def test_what_is_wrong_is_said_with_its_place_and_its_remedy(text: str, at: str, said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse(text, source="guard.toml")
    error = caught.value
    assert (error.source, error.at) == ("guard.toml", at)
    assert said in f"{error.message} {error.hint}"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_good_entry_hides_no_bad_one(order: tuple[int, int]) -> None:
    entries = ['[[deny]]\nname = "x"\nreason = "r"\n', '[[deny]]\nname = "x"\nversions = "1"\n']
    with pytest.raises(PolicyError) as caught:
        parse("".join(entries[i] for i in order), source="guard.toml")
    assert caught.value.at == f"deny[{order.index(1)}].reason"


@pytest.mark.parametrize(
    "text", ["=", "[", "a = ", "a = 1\na = 2", "\x00", "a = [" * 5000, f"a = {'9' * 5000}"]
)
def test_what_is_not_toml(text: str) -> None:
    with pytest.raises(PolicyError, match="not TOML") as caught:
        parse(text, source="guard.toml")
    assert caught.value.source == "guard.toml"
    assert caught.value.reason


def test_the_password_of_an_index_is_not_repeated() -> None:
    text = '[[index]]\nname = "i"\nurl = "https://user:secret@x:y/"\n'
    with pytest.raises(PolicyError) as caught:
        parse(text, source="guard.toml")
    assert "secret" not in f"{vars(caught.value)}"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="could not be read") as caught:
        load(str(tmp_path / "guard.toml"))
    assert caught.value.reason == "No such file or directory"
    assert (
        caught.value.hint == "name a file or one of the presets: observe, default, strict, ai-stack"
    )


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="could not be read"):
        load(str(tmp_path))


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "guard.toml"
    path.write_bytes(b'extends = "default"\n# \xff\n')
    with pytest.raises(PolicyError, match="not UTF-8") as caught:
        load(str(path))
    assert caught.value.source == str(path)


def test_a_file_that_nobody_can_have_written(tmp_path: Path) -> None:
    path = tmp_path / "guard.toml"
    path.write_text(f"# {'x' * 1_000_000}\n")
    with pytest.raises(PolicyError, match="larger than 1000000 bytes"):
        load(str(path))


@pytest.mark.parametrize(
    "text", ["", "tool = 1", "[tool]\n", "[tool.other]\n", "[[tool]]\nguard = 1\n", "guard = {}\n"]
)
def test_a_pyproject_without_the_table(text: str, tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(text)
    with pytest.raises(PolicyError, match="there is no such table") as caught:
        load(str(path))
    assert (caught.value.source, caught.value.at) == (str(path), "tool.guard")


@pytest.mark.parametrize("text", ["[tool]\nguard = 1\n", "[[tool.guard]]\n"])
def test_a_pyproject_with_something_else_in_its_place(text: str, tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(text)
    with pytest.raises(PolicyError, match="expected a table"):
        load(str(path))
