"""Pictures that are broken, hostile, or of kinds that are not taken."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image, PngImagePlugin

from tests.images.samples import drawn, picture, save, zip_of


def cut_jpeg() -> bytes:
    data = picture(1, (200, 200), "RGB", "JPEG")
    return data[: len(data) // 2]


def png_with_bad_sum() -> bytes:
    data = bytearray(picture(1))
    at = data.index(b"IDAT")
    length = struct.unpack(">I", data[at - 4 : at])[0]
    data[at + 4 + length] ^= 0xFF
    return bytes(data)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_with(*chunks: bytes, number: int = 1) -> bytes:
    """A good PNG with chunks put in before its pixels."""
    data = picture(number)
    at = data.index(b"IDAT") - 4
    return data[:at] + b"".join(chunks) + data[at:]


def png_of_size(width: int, height: int) -> bytes:
    """One that says it is so large, and packs a megabyte of nothing."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(width // 8 + 1) * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def gifar() -> bytes:
    return save(drawn(1).convert("P"), "GIF") + zip_of({"Evil.class": b"\xca\xfe\xba\xbe"})


SCRIPT = b"<script>alert(document.domain)</script>"


def html_jpeg() -> bytes:
    return save(drawn(1, (32, 32), "RGB"), "JPEG", comment=SCRIPT)


def compressed_text(size: int) -> bytes:
    return png_with(chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(size))))


def plain_text(size: int) -> bytes:
    return png_with(chunk(b"tEXt", b"Comment\0" + b"x" * size))


def huge_exif() -> bytes:
    return png_with(chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\0" + bytes(2_000_000)))


def oriented(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "taken at home"
    return save(drawn(1, (40, 24), "RGB"), "PNG", exif=exif)


def garbage_exif() -> bytes:
    return save(drawn(2, (40, 24), "RGB"), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff garbage")


def cmyk() -> bytes:
    return save(drawn(1, (32, 24), "RGB").convert("CMYK"), "JPEG")


def sixteen_bit() -> bytes:
    grey = drawn(1, (32, 24), "L")
    return save(grey.convert("I").point(lambda v: v * 257).convert("I;16"), "PNG")


def palette_with_alpha() -> bytes:
    image = drawn(1, (32, 24), "RGB").convert("P", palette=Image.Palette.ADAPTIVE)
    return save(image, "PNG", transparency=bytes(range(256)))


def broken_icc() -> bytes:
    return save(drawn(1, (32, 24), "RGB"), "JPEG", icc_profile=b"no profile at all" * 10)


def animated(kind: str) -> bytes:
    frames = [drawn(i, (24, 24), "RGB") for i in range(3)]
    return save(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)


def huge_flat(side: int) -> bytes:
    """Small on disk, `side`² · 3 bytes in memory."""
    stream = io.BytesIO()
    Image.new("RGB", (side, side), (9, 9, 9)).save(stream, "PNG", pnginfo=PngImagePlugin.PngInfo())
    return stream.getvalue()


FOREIGN = {
    "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n",
    "PSD": b"8BPS\0\x01" + bytes(6) + struct.pack(">HIIHH", 3, 10, 10, 8, 3) + bytes(400),
    "FITS": b"SIMPLE  =                    T" + b" " * 2850,
    "PDF": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF",
    "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200),
}
