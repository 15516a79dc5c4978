"""Uploads: the route that takes files in piece by piece, who may use it, and what it costs."""

import hashlib
import http.client
import os
import socket
import subprocess
import sys
import time
from urllib.parse import quote

import psutil
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from kerascnn.errors import UsageError
from kerascnn_dashboard.logic.uploads import STALE, Uploads, safe_name, token
from kerascnn_dashboard.routes import routes

DATA = bytes(range(256)) * 40
SIZE = len(DATA)


@pytest.fixture
def client(home):
    with TestClient(Starlette(routes=routes())) as client:
        yield client


def put(client, data, offset, *, name="a.zip", id="u1", project="p", signed=None, size=SIZE, checksum=""):
    headers = {
        "X-Kerascnn-Upload": token(project, id) if signed is None else signed, "Upload-Offset": str(offset),
        "Upload-Length": str(size), "Upload-Name": quote(name), "Upload-Checksum": checksum,
    }  # fmt: skip
    return client.put(f"/api/upload/{project}/{id}", content=data, headers=headers)


def left(home):
    folder = home.folder / "uploads"
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def test_a_file_in_pieces_becomes_whole(client, home):
    assert put(client, DATA[:4000], 0).json() == {"received": 4000, "done": False}
    assert left(home) == ["u1/about.json", "u1/part"]
    assert put(client, DATA[4000:], 4000).json() == {"received": len(DATA), "done": True}
    found = Uploads(home).find("u1")
    assert (found.project, found.name, found.file.read_bytes()) == ("p", "a.zip", DATA)
    assert left(home) == ["u1/about.json", "u1/whole/a.zip"]


def test_how_far_it_is_can_be_asked_for_and_gone_on_with(client):
    headers = {"X-Kerascnn-Upload": token("p", "u1")}
    assert client.get("/api/upload/p/u1", headers=headers).json() == {"received": 0, "done": False}
    put(client, DATA[:4000], 0)
    assert client.get("/api/upload/p/u1", headers=headers).json() == {"received": 4000, "done": False}


@pytest.mark.parametrize("offset", [0, 2000, 6000])
def test_a_piece_that_comes_twice_or_after_a_lost_one_is_noticed(client, home, offset):
    put(client, DATA[:4000], 0)
    answer = put(client, DATA[offset : offset + 1000], offset)
    assert (answer.status_code, answer.json()["received"]) == (409, 4000)
    assert (home.folder / "uploads/u1/part").stat().st_size == 4000


def test_what_is_whole_takes_no_more(client, home):
    put(client, DATA, 0)
    answer = put(client, DATA[:10], 0)
    assert (answer.status_code, answer.json()["received"]) == (409, len(DATA))
    assert Uploads(home).find("u1").file.read_bytes() == DATA


def test_a_piece_that_was_damaged_is_not_kept(client, home):
    answer = put(client, DATA[:4000], 0, checksum=hashlib.sha256(DATA[1:4001]).hexdigest())
    assert (answer.status_code, answer.json()["error"]) == (400, "a piece was damaged on its way; it is sent again")
    assert (home.folder / "uploads/u1/part").stat().st_size == 0
    assert put(client, DATA[:4000], 0, checksum=hashlib.sha256(DATA[:4000]).hexdigest()).status_code == 200


def test_more_than_was_announced_is_not_kept(client, home):
    answer = put(client, DATA + b"more", 0)
    assert (answer.status_code, answer.json()["error"][:15]) == (413, "more bytes come")
    assert (home.folder / "uploads/u1/part").stat().st_size == 0


def test_a_file_that_is_too_large_is_refused_before_it_comes(client, home):
    (home.folder / "settings.json").write_text('{"roots": [], "upload_limit": 5000}', "utf-8")
    answer = put(client, DATA[:10], 0)
    assert answer.status_code == 413
    assert answer.json()["error"].startswith("a.zip is 10 kB; the limit is 4.9 kB")
    assert left(home) == []


@pytest.mark.parametrize(
    "signed",
    ["", "nonsense", "value=p%2Fu1&until=9999999999&signature=00", token.__name__],
)
def test_without_the_right_token_nothing_is_taken(client, home, signed):
    assert put(client, DATA, 0, signed=signed).status_code == 403
    assert client.get("/api/upload/p/u1", headers={"X-Kerascnn-Upload": signed}).status_code == 403
    assert client.delete("/api/upload/p/u1").status_code == 403
    assert not (home.folder / "uploads").exists()


def test_a_token_is_for_one_project_and_one_upload(client):
    assert put(client, DATA, 0, signed=token("other", "u1")).status_code == 403
    assert put(client, DATA, 0, signed=token("p", "u2")).status_code == 403


def test_a_token_ends(client, monkeypatch):
    signed = token("p", "u1")
    now = time.time()
    monkeypatch.setattr("kerascnn_dashboard.logic.signed.time.time", lambda: now + 13 * 3600)
    assert put(client, DATA, 0, signed=signed).status_code == 403


@pytest.mark.parametrize("name", ["../../evil.zip", "/etc/evil.zip", "a/../evil.zip", "C:\\x\\evil.zip"])
def test_a_name_with_folders_is_its_last_step(client, home, name):
    put(client, DATA, 0, name=name)
    assert left(home) == ["u1/about.json", "u1/whole/evil.zip"]


@pytest.mark.parametrize("name", ["x.exe", "..", "", ".zip", "a.zip\0.exe"])
def test_other_names_are_refused(client, home, name):
    answer = put(client, DATA, 0, name=name)
    assert answer.status_code == 400
    assert "is not taken" in answer.json()["error"]
    assert left(home) == []


def test_names_are_names_on_every_system():
    assert safe_name('we"ird|<n>.zip') == "we_ird__n_.zip"
    assert len(safe_name("\u00e4" * 300 + ".csv").encode()) <= 200
    with pytest.raises(UsageError):
        safe_name("x" * 10)


def test_an_id_with_folders_or_another_file_of_the_same_id_is_refused(client, home):
    assert put(client, DATA, 0, id="..%2fu", signed=token("p", "../u")).status_code in (400, 404)
    put(client, DATA[:10], 0)
    answer = put(client, DATA[:10], 10, name="b.zip")
    assert (answer.status_code, answer.json()["error"][:32]) == (400, "this upload is that of a.zip; ch")
    assert put(client, DATA, 0, id="u3", size=0).status_code == 400


def test_headers_that_lack_are_said(client):
    answer = client.put("/api/upload/p/u1", content=b"x", headers={"X-Kerascnn-Upload": token("p", "u1")})
    assert answer.status_code == 400


def test_an_upload_can_be_dropped(client, home):
    put(client, DATA[:10], 0)
    assert client.delete("/api/upload/p/u1", headers={"X-Kerascnn-Upload": token("p", "u1")}).status_code == 200
    assert left(home) == []


def test_a_browser_that_goes_away_leaves_whole_pieces(home):
    uploads = Uploads(home)
    upload = uploads.begin("p", "u1", "a.zip", len(DATA))
    with uploads.piece(upload, 0) as piece:
        piece.write(DATA[:4000])
    with pytest.raises(RuntimeError), uploads.piece(upload, 4000) as piece:  # noqa: PT012
        piece.write(DATA[4000:5000])
        raise RuntimeError
    assert uploads.find("u1").received == 4000


def test_two_tabs_do_not_write_one_file(home):
    uploads = Uploads(home)
    upload = uploads.begin("p", "u1", "a.zip", len(DATA))
    with uploads.piece(upload, 0), pytest.raises(UsageError, match="another tab"), uploads.piece(upload, 0):
        pass


def test_what_nobody_goes_on_with_is_removed_after_a_day(home):
    uploads = Uploads(home)
    uploads.begin("p", "old", "a.zip", 10)
    for item in (home.folder / "uploads/old", home.folder / "uploads/old/about.json"):
        os.utime(item, (time.time() - STALE - 60,) * 2)
    uploads.begin("p", "new", "b.zip", 10)
    assert [one.id for one in uploads.of("p")] == ["new"]
    assert uploads.of("q") == []


_SERVER = """
import secrets, sys
secrets.token_hex = lambda count=0: "test"
from pathlib import Path
from kerascnn_dashboard.server import serve
serve(Path(sys.argv[1]), port=int(sys.argv[2]), open_browser=False)
"""


@pytest.mark.slow
@pytest.mark.parametrize("piece", [8 << 20, 300 << 20])
def test_300_megabytes_leave_the_server_as_small_as_it_was(home, piece):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(home.folder), str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        _when_ready(connection)
        memory = psutil.Process(server.pid).memory_info
        block, size, most = os.urandom(1 << 20), 300 << 20, 0
        before = memory().rss
        for offset in range(0, size, piece):
            length = min(piece, size - offset)
            headers = {
                "X-Kerascnn-Upload": token("p", "u1"), "Upload-Offset": str(offset), "Upload-Length": str(size),
                "Upload-Name": "a.zip", "Content-Length": str(length),
            }  # fmt: skip
            connection.request("PUT", "/api/upload/p/u1", (block for _ in range(length >> 20)), headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
            most = max(most, memory().rss)
        assert Uploads(home).find("u1").file.stat().st_size == size
        print(f"grew by {(most - before) / (1 << 20):.1f} MiB")
        assert most - before < 50 << 20
    finally:
        connection.close()
        server.kill()
        server.wait()


def _when_ready(connection):
    for _ in range(300):
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return
        except OSError:
            connection.close()
            time.sleep(0.2)
    raise AssertionError("the server did not start")
