from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from app.images.queries import get_stored_image, image_url
from app.models import ProjectMember
from app.storage import BlobStore, MissingBlobError
from tests.conftest import SignIn
from tests.images.conftest import Shelf, one_database
from tests.images.samples import drawn, picture, save


def url_of(shelf: Shelf, name: str, size: int | None = None) -> str:
    image = shelf.by_name()[name]
    return image_url(shelf.project, image.id, image.sha256, size)


def shown(client: TestClient, url: str) -> Image.Image:
    response = client.get(url)
    assert response.status_code == 200
    return Image.open(io.BytesIO(response.content))


def test_a_picture_is_shown_with_its_exact_pixels(shelf: Shelf, sign_in: SignIn):
    image = drawn(1, (24, 24), "RGB")
    shelf.take({"eye.png": save(image)})
    assert np.array_equal(np.asarray(shown(sign_in("admin"), url_of(shelf, "eye.png"))), np.asarray(image))


@one_database
def test_a_browser_keeps_a_picture_for_ever_only_under_its_contents_name(shelf: Shelf, sign_in: SignIn):
    """Ids begin anew in a new database on the same address; a kept picture must not be shown for another."""
    shelf.take({"eye.png": picture(1)})
    client, url = sign_in("admin"), url_of(shelf, "eye.png")
    assert client.get(url).headers["cache-control"] == "private, max-age=31536000, immutable"
    for other in (url.split("?")[0], url[:-3] + "000", url.split("?")[0] + "?v="):
        assert client.get(other).headers["cache-control"] == "private, no-cache"


@one_database
def test_a_picture_that_has_not_changed_is_not_sent_again(shelf: Shelf, sign_in: SignIn):
    shelf.take({"eye.png": picture(1)})
    client, url = sign_in("admin"), url_of(shelf, "eye.png").split("?")[0]
    etag = client.get(url).headers["etag"]
    again = client.get(url, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(f"{url}?size=16", headers={"If-None-Match": etag}).status_code == 200


@one_database
@pytest.mark.parametrize("side", [300, 1200])
def test_a_thumbnail_keeps_the_proportions_and_is_never_enlarged(shelf: Shelf, sign_in: SignIn, side: int):
    shelf.take({"wide.png": save(drawn(1, (side, side // 2), "RGB")), "small.png": picture(2)})
    client = sign_in("admin")
    for _ in range(2):
        assert shown(client, url_of(shelf, "wide.png", 100)).size == (100, 50)
    assert shown(client, url_of(shelf, "wide.png")).size == (side, side // 2)
    assert shown(client, url_of(shelf, "small.png", 100)).size == (24, 24)


@one_database
@pytest.mark.parametrize("size", ["0", "15", "5000", "-1", "x"])
def test_an_odd_size_is_refused(shelf: Shelf, sign_in: SignIn, size: str):
    shelf.take({"eye.png": picture(1)})
    assert sign_in("admin").get(url_of(shelf, "eye.png") + f"&size={size}").status_code == 422


@one_database
def test_a_stranger_gets_the_same_answer_for_a_picture_and_for_none(shelf: Shelf, sign_in: SignIn):
    shelf.take({"eye.png": picture(1)})
    url = url_of(shelf, "eye.png")
    stranger, member = sign_in("engineer"), sign_in("annotator")
    with shelf.database.write() as session:
        session.add(ProjectMember(project_id=shelf.project, user_id=member.user_id))
    assert member.get(url).status_code == 200
    assert stranger.get(url).status_code == stranger.get(f"/projects/{shelf.project}/images/999.png").status_code
    assert stranger.get(url).status_code == 404
    assert member.get(url.replace(f"projects/{shelf.project}/", f"projects/{shelf.noise}/")).status_code == 404
    for missing in ("0", "-1", "999999", str(2**63), "abc"):
        assert member.get(f"/projects/{shelf.project}/images/{missing}.png").status_code == 404
    stranger.cookies.clear()
    signed_out = stranger.get(url, headers={"Accept": "image/png"})
    assert signed_out.status_code == 401
    assert "no-store" in signed_out.headers["cache-control"]


@one_database
def test_an_image_is_found_only_in_its_own_project(shelf: Shelf):
    shelf.take({"eye.png": picture(1)})
    image = shelf.images()[0]
    with shelf.database.read() as session:
        assert get_stored_image(session, shelf.project, image.id).sha256 == image.sha256


def test_the_blob_store_gives_back_what_was_put_or_says_what_is_wrong(tmp_path: Path):
    store, name = BlobStore(tmp_path), "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    with pytest.raises(MissingBlobError, match="missing"):
        store.read(name)
    store.put(name, b"hello")
    assert store.read(name) == b"hello"
    store.path(name).write_bytes(b"hullo")
    with pytest.raises(MissingBlobError, match="altered"):
        store.read(name)
    store.put(name, b"hello")
    assert store.read(name) == b"hello"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [name]
