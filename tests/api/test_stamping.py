"""Time stamps by a real authority (openssl ts) over a real socket."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import psycopg
import pytest
import typer
from typer.testing import CliRunner, Result

from api.audit.publishing import publish, statement_bytes
from api.audit.stamping import HttpAuthority, StampError, examine_stamps, granted, query, stamp_head, verify_stamp
from api.audit.tables import TreeHeadRow
from api.clock import now
from api.database import APP_ROLE, OWNER_ROLE
from scripts.commands import audit

CONFIG = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
certs = {folder}/ca.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""

SHA256 = bytes.fromhex("0609608648016503040201")


@dataclass
class Authority:
    folder: Path
    url: str = ""
    spoil: str = ""

    @property
    def trusted(self) -> Path:
        return self.folder / "ca.pem"

    def openssl(self, *arguments: object) -> bytes:
        command = ["openssl", *(str(one) for one in arguments)]
        return subprocess.run(command, check=True, capture_output=True, cwd=self.folder).stdout

    def answer(self, request: bytes) -> bytes:
        (self.folder / "query.tsq").write_bytes(request)
        self.openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-out", "answer.tsr")
        return (self.folder / "answer.tsr").read_bytes()


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Iterator[Authority]:
    made = Authority(tmp_path_factory.mktemp("tsa"))
    folder = made.folder
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    made.openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Root", "-days", "30")
    made.openssl("req", *key, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Time stamps")
    (folder / "tsa.ext").write_text("extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "tsa.ext", "-days", "30")
    made.openssl("x509", "-req", "-in", "tsa.csr", "-out", "tsa.pem", *signed)
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            status, body = 200, b""
            if made.spoil == "down":
                status = 503
            elif made.spoil == "other":
                body = made.answer(query(b"something else", 7))
            elif made.spoil == "cut":
                body = made.answer(request)[:40]
            elif made.spoil == "refuse":
                # A digest that this authority does not take (SHA-384's identifier).
                body = made.answer(request.replace(SHA256, SHA256[:-1] + b"\x02"))
            else:
                body = made.answer(request)
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def http(authority) -> Iterator[HttpAuthority]:
    authority.spoil = ""
    with httpx.Client(timeout=20) as client:
        yield HttpAuthority(authority.url, client)


def test_a_request_is_what_openssl_reads(authority):
    (authority.folder / "mine.tsq").write_bytes(query(b"a statement", 0x7F00FF))
    told = authority.openssl("ts", "-query", "-in", "mine.tsq", "-text").decode()
    for line in ("Hash Algorithm: sha256", "Nonce: 0x7F00FF", "Certificate required: yes"):
        assert line in told


def test_a_stamp_covers_its_statement_and_no_other(authority, http, tmp_path):
    answer = http.stamp(b"a statement", 2**62 + 5)
    assert verify_stamp(b"a statement", answer, authority.trusted)
    assert not verify_stamp(b"another statement", answer, authority.trusted)
    flipped = bytearray(answer)
    flipped[-20] ^= 1
    assert not verify_stamp(b"a statement", bytes(flipped), authority.trusted)
    other = Authority(tmp_path)
    other.openssl("req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", "k", "-out", "ca.pem", "-subj", "/CN=Else")
    assert not verify_stamp(b"a statement", answer, other.trusted)
    with pytest.raises(StampError, match="no file with trusted certificates"):
        verify_stamp(b"a statement", answer, tmp_path / "none.pem")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [("down", "answered 503"), ("other", "over something else"), ("cut", "cut short"), ("refuse", "refuses to stamp")],
)
def test_an_answer_that_is_no_stamp_is_refused(authority, http, spoil, sentence):
    authority.spoil = spoil
    with pytest.raises(StampError, match=sentence):
        http.stamp(b"a statement", 99)


@pytest.mark.parametrize("answer", [b"", b"0", b"\x30\x84", b"\x30\x03\x02\x01\x00", b"\x30\x02\x30\x00", b"<html>"])
def test_noise_is_no_stamp(answer):
    with pytest.raises(StampError):
        granted(answer, b"a statement", 1)


def test_nobody_there():
    with httpx.Client() as client, pytest.raises(StampError, match="cannot be reached"):
        HttpAuthority("http://127.0.0.1:1/", client).stamp(b"", 1)


def test_the_command_publishes_stamps_and_checks(authority, http, cluster, database_name, tmp_path, monkeypatch):
    monkeypatch.setenv("TERTIB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TERTIB_DATABASE_URL", cluster.url(database_name, OWNER_ROLE))
    monkeypatch.setenv("TERTIB_DATABASE_APP_URL", cluster.url(database_name, APP_ROLE))

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(audit.app, [str(one) for one in arguments])

    assert run("publish", "--tsa", http.url).exit_code == 0
    assert run("verify", "--tsa-ca", authority.trusted).exit_code == 0
    authority.spoil = "down"
    down = run("publish", "--tsa", http.url)
    assert isinstance(down.exception, typer.TyperException)
    assert "head 2 is published, but not stamped" in down.exception.format_message()
    gone = run("verify", "--tsa-ca", tmp_path / "none.pem")
    assert isinstance(gone.exception, typer.TyperException)


def test_a_head_is_stamped_once_and_a_rewritten_one_is_found(
    authority, http, database, session, cluster, database_name
):
    head = publish(session, now(session))
    first = stamp_head(session, head, http, now(session), 11)
    assert stamp_head(session, head, http, now(session), 12) is first
    assert list(examine_stamps(session, authority.trusted)) == []
    assert verify_stamp(statement_bytes(head), first.token, authority.trusted)
    session.commit()
    with psycopg.connect(cluster.url(database_name)) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("UPDATE tree_heads SET root_sha256 = repeat('0', 64)")
    with database.session() as fresh:
        assert fresh.get(TreeHeadRow, head.number).root_sha256 == "0" * 64
        (finding,) = examine_stamps(fresh, authority.trusted)
    assert finding.what.value == "log_altered"
    assert authority.url in finding.why
