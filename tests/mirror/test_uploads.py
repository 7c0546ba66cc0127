"""Projects of one's own: uploaded, judged, never written over, and nobody else's name."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uv

from guard.mirror.server.app import Gate
from guard.mirror.server.asgi import Problem, Request, Send
from guard.mirror.server.uploading import Uploading
from guard.mirror.uploads.uploads import Uploads
from guard.sources.trust_root import TrustRoot
from tests.e2e.guarded import LONG_AGO, TIMEOUT, Environment, scrubbed
from tests.fakes import LoopbackIndex
from tests.faults import status
from tests.local_sigstore import Identity, LocalSigstore
from tests.mirror.backends import Kept
from tests.mirror.mirrored import Answered, Mirrored, mirrored, serving
from tests.wheels import Artifact, a_wheel, an_sdist

OWN = a_wheel("acme-tool", "1.0", requires_python=">=3.9")
OTHER_BYTES = a_wheel("acme-tool", "1.0", files={"acme_tool.py": "x = 2\n"})
MARKED = a_wheel("acme-tool", "1.1", files={"acme_tool.pth": "import os\n"})
PUBLIC = a_wheel("frob", "1.0")
BOUNDARY = "b0undary"
SIGSTORE = LocalSigstore.create()


class ByToken(Gate):
    """Lets everybody read, and those upload who know the word."""

    async def __call__(self, request: Request, send: Send) -> bool:
        return True

    async def uploader(self, request: Request, send: Send) -> str | None:
        known = base64.b64encode(b"__token__:word").decode()
        if request.header(b"authorization") == f"Basic {known}":
            return "builder"
        await Problem(status=401, title="Unauthorized").send(request, send)
        return None


@pytest.fixture
def mirror(index: LoopbackIndex, tmp_path: Path, kept: Kept) -> Iterator[Mirrored]:
    index.add(PUBLIC, uploaded=LONG_AGO)
    root = TrustRoot(SIGSTORE.trusted_root_json(), "test")
    with mirrored(tmp_path, index, root=root, gate=ByToken(), kept=kept) as running:
        yield running


def form(artifact: Artifact, **changes: str | None) -> bytes:
    said: dict[str, str | None] = {
        ":action": "file_upload",
        "protocol_version": "1",
        "metadata_version": "2.2",
        "name": artifact.name,
        "version": artifact.version,
        "filetype": "bdist_wheel" if artifact.filename.endswith(".whl") else "sdist",
        "requires_python": artifact.requires_python,
        "sha256_digest": artifact.sha256,
        "description": "long\r\n" * 1000,
    }
    filename = changes.pop("filename", artifact.filename)
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (said | changes).items()
        if value is not None
    ]
    head = f'Content-Disposition: form-data; name="content"; filename="{filename}"\r\n\r\n'
    content = f"--{BOUNDARY}\r\n{head}".encode() + artifact.content + b"\r\n"
    return "".join(parts).encode() + content + f"--{BOUNDARY}--\r\n".encode()


def upload(mirror: Mirrored, body: bytes, **headers: str) -> Answered:
    token = base64.b64encode(b"__token__:word").decode()
    named = {
        "content_type": f"multipart/form-data; boundary={BOUNDARY}",
        "authorization": f"Basic {token}",
    }
    return mirror.post("/legacy/", body, **(named | headers))


def left(mirror: Mirrored) -> list[Path]:
    return list(mirror.folder.glob("uploads/*"))


def test_what_is_uploaded_is_served(mirror: Mirrored) -> None:
    assert upload(mirror, form(OWN)).status == 200
    (entry,) = mirror.listed("acme-tool").values()
    assert entry["requires-python"] == ">=3.9"
    assert entry["hashes"] == {"sha256": OWN.sha256}
    assert entry["core-metadata"] == {"sha256": hashlib.sha256(OWN.metadata).hexdigest()}
    assert "upload-time" in entry
    assert mirror.file(OWN).raw == OWN.content
    assert mirror.file(OWN, ending=".metadata").raw == OWN.metadata
    assert {"name": "acme-tool"} in mirror.get(
        "/simple/", accept="application/vnd.pypi.simple.v1+json"
    ).document["projects"]
    assert left(mirror) == []


def test_what_is_denied_is_not_taken(mirror: Mirrored) -> None:
    answered = upload(mirror, form(MARKED))
    assert answered.status == 403
    assert answered.document["findings"][0]["rule"] == "startup-hook"
    assert mirror.file(MARKED).status == 404
    assert mirror.page("acme-tool").status == 404
    assert upload(mirror, form(an_sdist("acme-tool", "1.0"))).status == 403
    assert left(mirror) == []


def test_it_is_judged_again_under_another_policy(mirror: Mirrored) -> None:
    assert upload(mirror, form(OWN)).status == 200
    mirror.says('[[deny]]\nname = "acme-tool"\nversions = "==1.0"\nreason = "leaked"\n')
    assert mirror.file(OWN).document["title"] == "Revoked"
    assert mirror.page("acme-tool").status == 404
    mirror.says("")
    assert mirror.file(OWN).status == 200


def test_nothing_is_written_over(mirror: Mirrored) -> None:
    assert upload(mirror, form(OWN)).status == 200
    assert upload(mirror, form(OWN)).status == 200  # the very same once more
    answered = upload(mirror, form(OTHER_BYTES))
    assert (answered.status, answered.document["title"]) == (
        409,
        "acme_tool-1.0-py3-none-any.whl is there already, and has other bytes",
    )
    assert mirror.file(OWN).raw == OWN.content
    assert list(mirror.listed("acme-tool")) == [OWN.filename]


def test_a_name_has_one_owner(mirror: Mirrored, index: LoopbackIndex) -> None:
    for _ in range(2):  # whether anybody has asked for it before, or not
        answered = upload(mirror, form(a_wheel("frob", "9.0")))
        assert answered.status == 403
        assert b"127.0.0.1" not in answered.everything
        assert list(mirror.listed("frob")) == [PUBLIC.filename]
    assert upload(mirror, form(OWN)).status == 200
    theirs = a_wheel("acme-tool", "99.0")
    index.add(theirs, uploaded=LONG_AGO)
    assert list(mirror.listed("acme-tool")) == [OWN.filename]
    assert mirror.file(theirs).status == 404


def test_a_name_that_may_be_somebody_elses_is_not_taken(
    mirror: Mirrored, index: LoopbackIndex
) -> None:
    index.fault("*", status(503))
    answered = upload(mirror, form(OWN))
    assert (answered.status, answered.headers["retry-after"]) == (503, "5")
    index.heal()
    assert upload(mirror, form(OWN)).status == 200


def test_the_policy_may_give_a_name_to_nobody_but_an_index(mirror: Mirrored) -> None:
    mirror.says(
        '[[index]]\nname = "own"\nurl = "https://packages.example.com/simple"\nowns = ["acme-*"]\n'
    )
    assert upload(mirror, form(OWN)).status == 403


@pytest.mark.parametrize(
    "changes",
    [
        {":action": "submit"},
        {":action": None},
        {"filetype": "bdist_egg"},
        {"filetype": "sdist"},
        {"name": "frob"},
        {"name": ""},
        {"version": "2.0"},
        {"version": "x"},
        {"requires_python": "whatever"},
        {"sha256_digest": "0" * 64},
        {"sha256_digest": "é"},
        {"filename": "../../acme_tool-1.0-py3-none-any.whl"},
        {"filename": "acme_tool-1.0-py3-none-any.whl\\0"},
        {"filename": ""},
        {"filename": "acme_tool-1.0-py3-none-any.exe"},
        {"attestations": "{}"},
        {"attestations": "[]"},
        {"attestations": "[1]"},
        {"attestations": "[" * 5000},
        {"attestations": "[{}]"},
        {"name": "x" * 70_000},
    ],
    ids=repr,
)
def test_a_form_that_does_not_say_what_it_should(
    changes: dict[str, str | None], mirror: Mirrored
) -> None:
    answered = upload(mirror, form(OWN, **changes))
    assert answered.status == 400, answered
    assert mirror.file(OWN).status == 404
    assert left(mirror) == []


def test_what_is_no_form_at_all(mirror: Mirrored) -> None:
    whole = form(OWN)
    end = f"--{BOUNDARY}--".encode()
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    for body, said in [
        (whole, "text/plain"),
        (whole, "multipart/form-data"),
        (whole, "multipart/form-data; boundary=other"),
        (whole[:-20], kind),
        (whole[: len(whole) // 2], kind),
        (b"\0" * 5000, kind),
        (whole.replace(end, whole), kind),
        (end[:-2] + b"\r\n" + b"a: b\r\n" * 3000, kind),
        ((end[:-2] + b"\r\na: b\r\n\r\n\r\n") * 3000 + whole, kind),
    ]:
        answered = upload(mirror, body, content_type=said)
        assert answered.status == 400, (said, body[:100], answered)
    assert left(mirror) == []


def test_a_file_may_be_too_large(mirror: Mirrored) -> None:
    own = mirror.own
    uploading = Uploading(Uploads(own.mirror, own.judge, own.owners, own.intake), limit=100)
    mirror.app._uploading = uploading
    assert upload(mirror, form(OWN)).status == 413
    assert left(mirror) == []


def test_not_everybody_may_upload(
    mirror: Mirrored, index: LoopbackIndex, tmp_path: Path, kept: Kept
) -> None:
    assert upload(mirror, form(OWN), authorization="Basic eDp4").status == 401
    assert mirror.get("/legacy/", method="GET", authorization="x").status == 401
    (tmp_path / "open").mkdir()
    with mirrored(tmp_path / "open", index, kept=kept) as unguarded:
        assert upload(unguarded, form(OWN)).status == 404


class TestAttestations:
    PINNED = """\
    [[publisher]]
    name = "acme-tool"
    identities = [{ kind = "GitHub", repository = "acme/widget", workflow = "release.yml" }]
    attestation = "required"
    """

    def sent(self, identity: Identity, artifact: Artifact = OWN) -> str:
        minted = SIGSTORE.attest(artifact.filename, artifact.content, identity)
        return f"[{minted.to_json().decode()}]"

    def test_they_are_verified_and_passed_on(self, mirror: Mirrored) -> None:
        mirror.says(self.PINNED)
        assert upload(mirror, form(OWN)).status == 403  # without any
        answered = upload(mirror, form(OWN, attestations=self.sent(Identity.github())))
        assert answered.status == 200, answered
        url = mirror.listed("acme-tool")[OWN.filename]["provenance"]
        provenance = json.loads(mirror.get(url.removeprefix("../..")).raw)
        (bundle,) = provenance["attestation_bundles"]
        assert bundle["publisher"]["kind"] == "GitHub"
        assert bundle["publisher"]["repository"] == "acme/widget"
        mirror.says(self.PINNED + "# another day\n[[deny]]\nname = 'x'\nreason = 'y'\n")
        assert mirror.file(OWN).status == 200  # by the provenance that is kept

    def test_another_publisher_is_denied(self, mirror: Mirrored) -> None:
        mirror.says(self.PINNED)
        other = Identity.github(repository="elsewhere/widget")
        answered = upload(mirror, form(OWN, attestations=self.sent(other)))
        assert answered.status == 403
        assert answered.document["findings"][0]["rule"] == "unexpected-publisher"

    def test_one_that_does_not_verify_is_refused(self, mirror: Mirrored) -> None:
        of_other_bytes = self.sent(Identity.github(), OTHER_BYTES)
        answered = upload(mirror, form(OWN, attestations=of_other_bytes))
        assert answered.status == 400
        stranger = LocalSigstore.create().attest(OWN.filename, OWN.content, Identity.github())
        forged = f"[{stranger.to_json().decode()}]"
        assert upload(mirror, form(OWN, attestations=forged)).status == 400


def test_uv_publish(mirror: Mirrored, target: Environment, tmp_path: Path) -> None:
    with serving(mirror, gate=ByToken()) as served:

        def publish(*words: str, code: int = 0) -> str:
            command = [uv.find_uv_bin(), "publish", "--no-config", *words]
            command += ["--publish-url", f"{served.origin}/legacy/"]
            done = subprocess.run(
                command,
                env=scrubbed(HOME=str(tmp_path)),
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
            assert done.returncode == code, done.stderr
            return done.stderr

        wheel = OWN.write_to(tmp_path)
        publish("--token", "word", str(wheel))
        publish("--token", "word", "--check-url", served.url, str(wheel))
        assert "401" in publish("--token", "wrong", str(wheel), code=2)
        assert "startup-hook" in publish("--token", "word", str(MARKED.write_to(tmp_path)), code=2)
        changed = publish("--token", "word", str(OTHER_BYTES.write_to(tmp_path)), code=2)
        assert "is there already" in changed
        words = (uv.find_uv_bin(), "pip", "install", "--python", target.python)
        subprocess.run(
            [*words, "--default-index", served.url, "acme-tool"],
            env=scrubbed(HOME=str(tmp_path), UV_CACHE_DIR=str(tmp_path / "uv")),
            check=True,
            timeout=TIMEOUT,
        )
    assert target.installed() == {"acme_tool": "1.0"}


@pytest.mark.online
def test_twine_upload(mirror: Mirrored, fetched: Callable[..., Path], tmp_path: Path) -> None:
    with serving(mirror, gate=ByToken()) as served:
        command = [
            fetched("twine") / "twine",
            "upload",
            "--non-interactive",
            "--disable-progress-bar",
        ]
        command += ["--repository-url", f"{served.origin}/legacy/", "-u", "__token__", "-p", "word"]
        for _ in range(2):
            done = subprocess.run(
                [*map(str, command), str(OWN.write_to(tmp_path))],
                env=scrubbed(HOME=str(tmp_path)),
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
    assert mirror.file(OWN).raw == OWN.content
