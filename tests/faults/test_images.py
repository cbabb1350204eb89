"""Pictures that are broken, hostile or unusual: the faults I1 to I21, over real HTTP."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image, ImageOps

from app.images import decoding
from app.images.packing import build_pack
from ml import pixels
from tests.faults import broken_pictures as broken
from tests.faults.conftest import Live, sqlite_only
from tests.images.samples import drawn, picture, save, zip_of


class Aside(NamedTuple):
    """A file that is set aside with a reason, while the good picture beside it goes in."""

    id: str
    data: Callable[[], bytes]
    says: str
    name: str = "bad.png"


ASIDE = [
    Aside("I1 cut JPEG", broken.cut_jpeg, "damaged or cut off", "bad.jpg"),
    Aside("I2 empty", lambda: b"", "empty"),
    Aside("I3 text", lambda: b"hello, I am no picture", "not a JPEG, PNG, WebP or BMP", "bad.jpg"),
    Aside("I4 bad checksum", broken.png_with_bad_sum, "damaged"),
    Aside("I5 60,000 × 60,000", lambda: broken.png_of_size(60_000, 60_000), "far more than 50 megapixels"),
    Aside("I5 16,000 × 8,000", lambda: broken.png_of_size(16_000, 8_000), "16000 × 8000"),
    Aside("I7 1 × 40,000", lambda: save(Image.new("L", (1, 40_000))), "1 × 40000"),
    Aside("I8 SVG", lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "not a JPEG", "bad.svg"),
    Aside("I9 GIFAR", broken.gifar, "not a JPEG", "bad.gif"),
    *(
        Aside(f"I10 {kind}", lambda data=data: data, "not a JPEG", f"bad.{kind.lower()}")
        for kind, data in broken.FOREIGN.items()
    ),
    Aside("I18 animated GIF", lambda: broken.animated("GIF"), "not a JPEG", "bad.gif"),
    Aside("I18 TIFF of pages", lambda: broken.animated("TIFF"), "not a JPEG", "bad.tif"),
    Aside("I19 100 MB of packed text", lambda: broken.compressed_text(100_000_000), "damaged"),
    Aside("I19 5 MB of plain text", lambda: broken.plain_text(5_000_000), "damaged"),
    Aside("I19 huge EXIF", broken.huge_exif, "far too much EXIF"),
]


@sqlite_only
def test_each_bad_picture_is_set_aside_with_its_reason_and_the_good_one_goes_in(live: Live):
    files = {f"{i:02d} {case.name}": case.data() for i, case in enumerate(ASIDE)}
    report = live.upload(("eyes.zip", zip_of({**files, "good.png": picture(7)}))).json()
    assert (report["taken"], report["set_aside"], report["received"]) == (1, len(ASIDE), len(ASIDE) + 1)
    reasons = {note["file"]: note["reason"] for note in report["notes"]}
    said = {case.id: reasons[f"{i:02d} {case.name}"] for i, case in enumerate(ASIDE)}
    wrong = {case.id: said[case.id] for case in ASIDE if case.says not in said[case.id]}
    assert wrong == {}
    assert [image.name for image in live.images()] == ["good.png"]


@sqlite_only
def test_i3_a_lone_bad_picture_is_set_aside_too(live: Live):
    report = live.upload(("eye.jpg", b"no picture")).json()
    assert (report["taken"], report["set_aside"]) == (0, 1)


class Kept(NamedTuple):
    """A picture that is taken; what people see and what is trained on are the same pixels."""

    id: str
    data: Callable[[], bytes]
    size: tuple[int, int]
    grey: bool = False
    note: str = ""


KEPT = [
    Kept("I6 1 × 1", lambda: save(Image.new("L", (1, 1), 77)), (1, 1), grey=True, note="only 1 × 1"),
    Kept("I9 HTML in a JPEG", broken.html_jpeg, (32, 32)),
    *(
        Kept(f"I11 orientation {n}", lambda n=n: broken.oriented(n), (40, 24) if n < 5 else (24, 40))
        for n in range(1, 9)
    ),
    Kept("I12 orientation 9", lambda: broken.oriented(9), (40, 24)),
    Kept("I12 garbage", broken.garbage_exif, (40, 24)),
    Kept("I13 CMYK", broken.cmyk, (32, 24)),
    Kept("I14 16 bits", broken.sixteen_bit, (32, 24), grey=True),
    Kept("I15 palette and alpha", broken.palette_with_alpha, (32, 24)),
    Kept("I16 grey", lambda: picture(5, (32, 24)), (32, 24), grey=True),
    Kept("I16 grey stored as colour", lambda: save(drawn(6).convert("RGB")), (24, 24), grey=True),
    Kept("I17 broken ICC", broken.broken_icc, (32, 24)),
    Kept("I18 animated WebP", lambda: broken.animated("WEBP"), (24, 24), note="only its first picture"),
    Kept("I18 APNG", lambda: broken.animated("PNG"), (24, 24), note="only its first picture"),
]


@sqlite_only
def test_unusual_pictures_are_taken_and_what_is_seen_is_what_is_trained_on(live: Live):
    files = {f"{i:02d}.png": case.data() for i, case in enumerate(KEPT)}
    report = live.upload(("eyes.zip", zip_of(files))).json()
    assert (report["taken"], report["set_aside"]) == (len(KEPT), 0)
    notes = {note["file"]: note["reason"] for note in report["notes"] if note["file"]}
    for case, (name, data), image in zip(KEPT, files.items(), live.images(), strict=True):
        assert (image.width, image.height, image.grey) == (*case.size, case.grey), case.id
        assert (name in notes) == bool(case.note), case.id
        assert case.note in notes.get(name, ""), case.id
        response = live.client.get(f"{live.address}/{image.id}.png")
        assert response.headers["content-type"] == "image/png", case.id
        assert response.headers["x-content-type-options"] == "nosniff", case.id
        assert "sandbox" in response.headers["content-security-policy"], case.id
        assert broken.SCRIPT not in response.content, case.id
        assert b"taken at home" not in response.content, case.id
        seen = Image.open(io.BytesIO(response.content))
        trained_on = pixels.pack([pixels.decode(data)], case.size, grey=case.grey)[0]
        shown = np.asarray(seen.convert("L" if case.grey else "RGB")).reshape(trained_on.shape)
        assert np.array_equal(shown, trained_on), case.id
        if "orientation" in case.id:
            upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
            assert np.array_equal(np.asarray(seen), np.asarray(upright)), case.id
            assert not seen.getexif(), case.id


@sqlite_only
def test_i15_what_is_transparent_lies_on_black(live: Live):
    clear = Image.new("RGBA", (8, 8), (255, 255, 255, 0))
    live.upload(("clear.png", save(clear)))
    content = live.client.get(f"{live.address}/{live.images()[0].id}.png").content
    assert np.asarray(Image.open(io.BytesIO(content)).convert("L")).max() == 0


@sqlite_only
def test_i20_a_picture_that_crashes_or_hangs_the_decoder_is_set_aside_alone(
    live: Live, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(decoding, "DECODER", "tests.faults.fragile_decoder")
    live.limit(decode_seconds=3)
    good = {f"{i}.png": picture(i) for i in range(6)}
    files = {**good, "crash.png": b"CRASH", "hang.png": b"HANG", "last.png": picture(9)}
    report = live.upload(("eyes.zip", zip_of(files))).json()
    assert (report["taken"], report["set_aside"]) == (7, 2)
    reasons = {note["file"]: note["reason"] for note in report["notes"]}
    assert "crash" in reasons["crash.png"]
    assert "more than 3 seconds" in reasons["hang.png"]
    assert live.client.get(live.address).status_code == 200


@sqlite_only
def test_i20_a_picture_that_would_eat_the_memory_is_set_aside(live: Live):
    live.limit(decode_bytes=60_000_000)
    files = {"huge.png": broken.huge_flat(6000), "good.png": picture(1)}
    report = live.upload(("eyes.zip", zip_of(files))).json()
    assert (report["taken"], report["set_aside"]) == (1, 1)
    assert "memory" in report["notes"][0]["reason"]


def test_i21_a_file_lost_or_altered_after_import_is_shown_as_missing_and_never_trained_on(live: Live):
    noisy = {f"{i}.png": save(Image.effect_noise((700, 700), 90)) for i in range(3)}
    live.upload(("eyes.zip", zip_of({**noisy, "small.png": picture(1)})))
    lost, altered, *kept = live.images()
    files = {image.sha256: live.settings.blobs_dir / image.sha256[:2] / image.sha256 for image in (lost, altered)}
    files[lost.sha256].unlink()
    files[altered.sha256].write_bytes(b"something else")
    for image in (lost, altered):
        response = live.client.get(f"{live.address}/{image.id}.png")
        assert response.status_code == 404
        assert "missing" in response.text
        assert "no-store" in response.headers["cache-control"]
    packed = build_pack(live.database, live.settings, live.project)
    assert packed.image_ids == [image.id for image in kept]
    assert packed.left_out == [lost.id, altered.id]
    live.upload(("eyes.zip", zip_of(noisy)))
    assert live.client.get(f"{live.address}/{lost.id}.png").status_code == 200
    assert build_pack(live.database, live.settings, live.project).left_out == []
