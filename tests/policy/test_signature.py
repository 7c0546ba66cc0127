"""Signed policies: who may write one, and what somebody with commit rights cannot do."""

from __future__ import annotations

import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.dsse import PrivateKey
from guard.errors import PolicyError
from guard.model import Level
from guard.policy import Files, Policy, effective
from guard.policy.load import table_of
from guard.policy.signature import Demand, Means, demand, signature, signature_path
from guard.publisher import Provenance
from guard.rules.fresh_upload import FreshUpload
from guard.sources.trust_root import from_file
from guard.sources.verifier import Verifier
from tests.attestations.minting import a_signature_bundle
from tests.builders import NOW
from tests.evidence.leaving import a_key, a_key_file
from tests.local_sigstore import Identity, LocalSigstore

TIGHT = '[rules.fresh-upload]\nage = "90 days"\n'
LOOSE = '[rules.fresh-upload]\nlevel = "off"\n'
NOTHING = "# nothing is approved\n"


def no_bundles(raw: bytes, sha256: str, root: str | None) -> Provenance:
    raise AssertionError("nobody asks for a bundle here")


MEANS = Means(now=NOW, bundle=no_bundles)


class Place:
    """A machine whose system demands signatures, and a checkout on it."""

    def __init__(self, folder: Path, more: str = "") -> None:
        self.folder = folder
        self.project = folder / "checkout" / "guard.toml"
        self.approvals = self.project.with_name("approvals.toml")
        self.system = folder / "etc" / "guard.toml"
        self.user = folder / "home" / "guard.toml"
        for path in (self.project, self.system, self.user):
            path.parent.mkdir(parents=True)
        (self.project.parent / ".git").mkdir()
        shutil.copy(a_key_file(folder).with_suffix(".pub"), self.system.parent / "policy.pub")
        self.system.write_text(f'[signature]\nrequired = true\nkey = "policy.pub"\n{more}')

    def sign(self, *files: Path, key: PrivateKey | None = None, at: datetime = NOW) -> Path:
        signed = files or (self.project,)
        place = signature_path(signed[0])
        place.write_bytes(signature(signed, key or a_key(self.folder), now=at))
        return place

    def policy(self, means: Means | None = MEANS, **more: object) -> Policy:
        files = {"system": self.system, "user": self.user, "folder": self.project.parent}
        return effective(Files(**(files | {"means": means} | more)))[0]  # type: ignore[arg-type]

    def refused(self, *words: str, **more: object) -> None:
        with pytest.raises(PolicyError) as error:
            self.policy(**more)  # type: ignore[arg-type]
        said = f"{error.value.message}: {error.value.reason}"
        assert all(word in said for word in words), said
        assert error.value.source == str(self.system)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_signed_policy_counts(place: Place) -> None:
    place.project.write_text(TIGHT)
    place.sign()
    assert place.policy().rule(FreshUpload).age == timedelta(days=90)


def test_where_there_is_none_none_must_be_signed(place: Place) -> None:
    assert place.policy().rule(FreshUpload).level is Level.DENY


def test_a_signature_never_loosens(place: Place) -> None:
    place.project.write_text(LOOSE)
    place.sign()
    assert place.policy().floor is not None, "it takes `guard policy trust` as before"


def test_a_policy_that_nobody_signed_stops_the_run(place: Place) -> None:
    place.project.write_text(TIGHT)
    place.refused("is not signed as it must be", "there is no `guard.toml.sig` beside it")


def test_one_that_was_changed_after_it_was_signed_stops_the_run(place: Place) -> None:
    place.project.write_text(TIGHT)
    place.sign()
    place.project.write_text(LOOSE)
    place.refused("`guard.toml` was changed after it was signed")


def test_a_stranger_s_signature_is_none(place: Place) -> None:
    place.project.write_text(TIGHT)
    place.sign(key=a_key(place.folder, 2))
    place.refused("signed by another key")


def test_approvals_that_nobody_signed_stop_the_run(place: Place) -> None:
    place.project.write_text(TIGHT)
    place.sign()
    place.approvals.write_text(NOTHING)
    place.refused("the signature is not about `approvals.toml`")
    place.sign(place.project, place.approvals)
    place.policy()
    place.approvals.write_text(NOTHING + "\n")
    place.refused("`approvals.toml` was changed after it was signed")


def test_older_approvals_do_not_go_with_a_newer_policy(place: Place) -> None:
    """Each pair was signed; what somebody has since taken back cannot be put beside the new one."""
    place.project.write_text(TIGHT)
    place.approvals.write_text("# much is approved\n")
    old = place.sign(place.project, place.approvals).read_bytes()
    place.project.write_text(TIGHT + "# and more\n")
    place.approvals.write_text(NOTHING)
    place.sign(place.project, place.approvals)
    place.approvals.write_text("# much is approved\n")
    place.refused("`approvals.toml` was changed")
    signature_path(place.project).write_bytes(old)
    place.refused("`guard.toml` was changed")


def test_approvals_signed_alone_do_not_go_with_a_policy(place: Place) -> None:
    place.project.write_text(TIGHT)
    place.sign()
    place.approvals.write_text(NOTHING)
    place.sign(place.approvals)
    place.refused("not about `approvals.toml`")


def test_all_of_an_old_commit_counts_no_longer_than_max_age(tmp_path: Path) -> None:
    place = Place(tmp_path, 'max-age = "90 days"\n')
    place.project.write_text(TIGHT)
    place.sign(at=NOW - timedelta(days=89))
    place.policy()
    place.sign(at=NOW - timedelta(days=91))
    place.refused("it was signed on 2025-12-31, not within the last 90 days")
    place.sign(at=NOW + timedelta(days=400))
    place.refused("not within the last 90 days")
    place.refused("no clock", means=None)


def test_a_signed_file_is_none_under_another_name(place: Place) -> None:
    other = place.project.with_name("loose.toml")
    other.write_text(LOOSE)
    signed = place.sign(other)
    other.rename(place.project)
    signed.rename(signature_path(place.project))
    place.refused("the signature is not about `guard.toml`")


def test_a_nearer_policy_must_be_signed_as_well(place: Place) -> None:
    place.project.write_text(TIGHT)
    place.sign()
    below = place.project.parent / "below" / "guard.toml"
    below.parent.mkdir()
    below.write_text(LOOSE)
    place.refused("below/guard.toml` is not signed", folder=below.parent)


def test_the_table_of_a_pyproject_must_be_signed_with_all_of_the_file(place: Place) -> None:
    path = place.project.with_name("pyproject.toml")
    path.write_text('[tool.guard]\nextends = "strict"\n[project]\nname = "a"\n')
    place.refused("there is no `pyproject.toml.sig`")
    place.sign(path)
    place.policy()


def test_the_users_own_must_be_signed_and_so_must_their_approvals(place: Place) -> None:
    place.user.write_text(LOOSE)
    place.refused(str(place.user))
    place.sign(place.user)
    assert place.policy().rule(FreshUpload).level is Level.OFF
    place.user.unlink()
    alone = place.user.with_name("approvals.toml")
    alone.write_text(NOTHING)
    place.refused(str(alone))
    place.sign(alone)
    place.policy()


@pytest.mark.parametrize("layer", ["user", "named"])
def test_approvals_that_are_named_must_be_signed(layer: str, tmp_path: Path) -> None:
    place = Place(tmp_path, f'layers = ["{layer}"]\n')
    named = place.folder / "mine.toml"
    named.write_text(NOTHING)
    place.refused(str(named), approvals=named)
    place.sign(named)
    place.policy(approvals=named)


def test_a_policy_that_is_named_must_be_signed(place: Place) -> None:
    named = place.folder / "named.toml"
    named.write_text(LOOSE)
    place.refused(str(named), named=str(named))
    place.sign(named)
    assert place.policy(named=str(named)).rule(FreshUpload).level is Level.OFF


def test_no_preset_goes_past_the_demand(place: Place) -> None:
    place.refused("the preset 'observe' is not signed", named="observe")


@pytest.mark.skipif(os.name != "posix", reason="there are no pipes with names here")
def test_a_pipe_is_no_way_past_it(place: Place) -> None:
    """As `--policy <(echo …)` makes one."""
    pipe = place.folder / "pipe"
    os.mkfifo(pipe)
    place.refused("there is no `pipe.sig`", named=str(pipe))


def test_only_the_layers_that_are_named_must_be_signed(tmp_path: Path) -> None:
    place = Place(tmp_path, 'layers = ["named"]\n')
    place.project.write_text(TIGHT)
    place.user.write_text(TIGHT)
    place.policy()
    place.refused("not signed", named="observe")


def test_what_is_not_required_is_not_looked_at(place: Place) -> None:
    place.system.write_text('[signature]\nkey = "policy.pub"\n')
    place.project.write_text(TIGHT)
    place.policy()


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("[signature]\nrequired = true\n", "signature"),
        ("[signature]\nrequired = true\nkey = []\n", "signature.key"),
        ("[signature]\nkeys = 'a'\n", "signature.keys"),
        ("[signature]\nkey = 'a'\nlayers = ['system']\n", "signature.layers"),
        ("[signature]\nkey = 'a'\nmax-age = 7\n", "signature.max-age"),
        ("[signature]\nidentities = [{ repository = 'a/b' }]\n", "signature.identities[0]"),
    ],
)
def test_a_demand_that_cannot_be_met_is_an_error(text: str, at: str, place: Place) -> None:
    place.system.write_text(text)
    with pytest.raises(PolicyError) as error:
        place.policy()
    assert (error.value.at or "").startswith(at)


def test_a_key_that_is_not_there_lets_nothing_through(place: Place) -> None:
    place.project.write_text(TIGHT)
    place.sign()
    (place.system.parent / "policy.pub").unlink()
    place.refused("could not be read")


@pytest.mark.parametrize("which", ["user", "project"])
def test_nobody_but_the_system_says_who_signs(which: str, tmp_path: Path) -> None:
    path = tmp_path / "guard.toml"
    path.write_text('[signature]\nrequired = false\nkey = "a"\n')
    with pytest.raises(PolicyError, match="only the system's own policy can say who signs"):
        effective(Files(user=path) if which == "user" else Files(folder=tmp_path))


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_no_byte_of_a_signed_file_or_its_signature_can_be_changed(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = Place(tmp_path_factory.mktemp("place"))
    place.project.write_text(TIGHT)
    place.approvals.write_text(NOTHING)
    paths = [place.sign(place.project, place.approvals), place.project, place.approvals]
    path = data.draw(st.sampled_from(paths))
    before = path.read_bytes()
    at = data.draw(st.integers(0, len(before.rstrip()) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda value: value != before[at]))
    path.write_bytes(before[:at] + bytes([value]) + before[at + 1 :])
    place.refused("is not signed as it must be")


OWNER = Identity.github()


@pytest.fixture(scope="module")
def sigstore() -> LocalSigstore:
    return LocalSigstore.create()


@pytest.fixture
def bundled(tmp_path: Path, sigstore: LocalSigstore) -> tuple[Place, Means]:
    """A system that wants bundles of a workflow, and a Sigstore that certifies workflows."""
    root = tmp_path / "root.json"
    root.write_bytes(sigstore.trusted_root_json())
    verifier = Verifier(from_file(str(root)))
    asked: list[str | None] = []

    def read(raw: bytes, sha256: str, name: str | None) -> Provenance:
        asked.append(name)
        return verifier.bundle(raw, filename="", sha256=sha256)

    place = Place(tmp_path)
    place.system.write_text(
        "[signature]\nrequired = true\ntrust-root = 'root.json'\n"
        f"identities = [{{ kind = 'GitHub', repository = '{OWNER.publisher['repository']}' }}]\n"
    )
    return place, Means(now=NOW, bundle=read)


def seal(sigstore: LocalSigstore, path: Path, identity: Identity = OWNER) -> None:
    bundle = a_signature_bundle(sigstore, identity, path.read_bytes())
    path.with_name(f"{path.name}.sigstore.json").write_bytes(bundle)


def test_a_sigstore_bundle_of_the_right_workflow_will_do(
    bundled: tuple[Place, Means], sigstore: LocalSigstore
) -> None:
    place, means = bundled
    place.project.write_text(TIGHT)
    place.refused("there is no `guard.toml.sigstore.json`", means=means)
    seal(sigstore, place.project)
    place.policy(means=means)
    place.approvals.write_text(NOTHING)
    place.refused("there is no `approvals.toml.sigstore.json`", means=means)
    seal(sigstore, place.approvals)
    place.policy(means=means)
    place.project.write_text(LOOSE)
    place.refused("is not signed", means=means)


def test_a_bundle_of_another_workflow_will_not(
    bundled: tuple[Place, Means], sigstore: LocalSigstore
) -> None:
    place, means = bundled
    place.project.write_text(TIGHT)
    seal(sigstore, place.project, Identity.github(repository="mallory/widget"))
    place.refused("signed by mallory/widget", means=means)
    place.refused("nothing here to verify a bundle with", means=None)


def test_any_bytes_as_a_bundle_are_refused(bundled: tuple[Place, Means]) -> None:
    place, means = bundled
    place.project.write_text(TIGHT)
    for raw in (b"", b"{}", b"\xff", b"[" * 100_000):
        place.project.with_name("guard.toml.sigstore.json").write_bytes(raw)
        place.refused("is not signed as it must be", means=means)


def test_by_default_nothing_is_demanded() -> None:
    assert demand({}, source=Path("guard.toml")) == Demand()


def test_a_demand_names_keys_beside_its_policy(place: Place) -> None:
    told = demand(table_of(place.system), source=place.system)
    assert told.keys == (place.system.parent / "policy.pub",)
    assert told.places == {"user", "project", "named"}
