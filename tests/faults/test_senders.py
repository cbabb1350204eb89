"""Senders that break off, lie, never end or take long: the faults U24 to U29, over real HTTP."""

from __future__ import annotations

import shutil
import socket
import time

import httpx
import pytest

from app.db import REQUESTS_AT_ONCE
from app.images import receiving
from app.images.limits import UPLOAD
from tests.faults.conftest import BLOCKED_S, HANGS_S, Live, sqlite_only
from tests.images.samples import some, zip_of


def raw_request(live: Live, body: bytes, *headers: str) -> socket.socket:
    """Send a request whose headers lie, and leave the connection open."""
    connection = socket.create_connection(("127.0.0.1", live.port), timeout=10)
    lines = [
        f"POST {live.address} HTTP/1.1", "Host: testserver", f"Cookie: {live.client.headers['Cookie']}",
        "Sec-Fetch-Site: same-origin", "Content-Type: multipart/form-data; boundary=xyz", *headers,
    ]  # fmt: skip
    connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
    return connection


def form(data: bytes, field_headers: str = "") -> bytes:
    head = f'--xyz\r\nContent-Disposition: form-data; name="files"; filename="a.zip"\r\n{field_headers}\r\n'
    return head.encode() + data + b"\r\n--xyz--\r\n"


@sqlite_only
@pytest.mark.parametrize(
    "headers",
    [("Content-Length: 4000000",), ("Transfer-Encoding: chunked",)],
    ids=["U24 U25 Content-Length", "U25 chunked without end"],
)
def test_a_client_that_goes_away_leaves_nothing_behind(live: Live, headers: tuple[str]):
    before = live.state()
    body = form(zip_of(some(8)) + bytes(2_000_000))[:2_000_000]
    if "chunked" in headers[0]:
        body = f"{len(body):x}\r\n".encode() + body
    connection = raw_request(live, body, *headers)
    deadline = time.monotonic() + 30
    while not list(live.settings.uploads_dir.glob("*/*")):
        assert time.monotonic() < deadline, "nothing was received"
        time.sleep(0.01)
    connection.close()
    live.wait_until_clean()
    assert live.state() == before


@sqlite_only
def test_u25_a_form_without_its_end_is_refused(live: Live):
    body = form(zip_of(some(2)))[:-12]
    before = live.state()
    with raw_request(live, body, f"Content-Length: {len(body)}") as connection:
        assert b" 422 " in connection.recv(4000)
    live.wait_until_clean()
    assert live.state() == before


@sqlite_only
def test_u26_a_body_over_the_cap_is_cut_off_and_its_file_is_gone(live: Live, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(receiving, "FORM_OVERHEAD", 0)
    live.limit(upload_bytes=3_000_000)
    before = live.state()

    def endless():
        yield form(b"")[:-10]
        for _ in range(40):
            yield bytes(1_000_000)

    headers = {"Content-Type": "multipart/form-data; boundary=xyz"}
    try:
        response = live.client.post(live.address, content=endless(), headers=headers)
        assert response.status_code == 413
        assert "3 MB" in response.json()["error"]
    except httpx.WriteError:
        pass  # the server hung up on us in the midst, as it may
    live.wait_until_clean()
    assert live.state() == before


@sqlite_only
def test_u26_an_announced_body_over_the_cap_is_refused_before_it_is_sent(live: Live):
    with raw_request(live, b"", "Content-Length: 3000000000") as connection:
        assert b" 413 " in connection.recv(4000)


@sqlite_only
@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({f"field{i}": "x" for i in range(1000)}, "more than 20 fields"),
        ({"note": "x" * 10_000_000}, "longer than"),
    ],
    ids=["U27 1,000 fields", "U27 10 MB of text"],
)
def test_a_form_of_many_or_huge_fields_is_refused(live: Live, fields: dict[str, str], says: str):
    before = live.state()
    response = live.upload(("eyes.zip", zip_of(some(1))), **fields)
    assert response.status_code == 422
    assert says in response.json()["error"]
    live.wait_until_clean()
    assert live.state() == before
    assert max(live.blocked) < BLOCKED_S


@sqlite_only
@pytest.mark.parametrize(
    ("boundary", "part_header"),
    [("x" * 20_000, ""), ("xyz", "X-Long: " + "x" * 200_000 + "\r\n")],
    ids=["U28 boundary", "U28 part header"],
)
def test_an_endless_boundary_or_part_header_is_refused_fast(live: Live, boundary: str, part_header: str):
    before = live.state()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    body = form(zip_of(some(1)), part_header)
    began = time.monotonic()
    response = live.client.post(live.address, content=body, headers=headers)
    assert response.status_code == 422
    assert time.monotonic() - began < HANGS_S
    live.wait_until_clean()
    assert live.state() == before
    assert max(live.blocked) < BLOCKED_S


@sqlite_only
def test_u28_a_boundary_of_200_kb_never_reaches_the_app(live: Live):
    with raw_request(live, b"", "X-More: " + "x" * 200_000) as connection:
        assert connection.recv(4000).startswith(b"HTTP/1.1 4")


@sqlite_only
def test_u29_without_room_on_the_disk_the_body_is_not_even_read(live: Live, monkeypatch: pytest.MonkeyPatch):
    usage = shutil.disk_usage("/")._replace(free=2_000_000_000)
    monkeypatch.setattr(receiving.shutil, "disk_usage", lambda _path: usage)
    live.limit()
    before = live.state()
    with raw_request(live, b"", "Content-Length: 1500000000") as connection:
        assert b" 507 " in connection.recv(4000)
    live.app.state.limits = UPLOAD
    refused = live.upload(("eyes.zip", zip_of(some(1))))
    assert refused.status_code == 507
    assert "nearly full" in refused.json()["error"]
    assert live.state() == before


@sqlite_only
def test_uploads_that_take_long_keep_nobody_from_the_app(live: Live):
    """Each would hold one of the places of those who are served at once, for as long as its sender takes."""
    begun = form(zip_of(some(8)) + bytes(2_000_000))[:2_000_000]
    slow = [raw_request(live, begun, "Content-Length: 4000000") for _ in range(REQUESTS_AT_ONCE)]
    deadline = time.monotonic() + 30
    while len(list(live.settings.uploads_dir.glob("*/*"))) < len(slow):
        assert time.monotonic() < deadline, "not all are being received"
        time.sleep(0.01)
    assert live.client.get(live.address, timeout=HANGS_S).status_code == 200
    for connection in slow:
        connection.close()
    live.wait_until_clean()
