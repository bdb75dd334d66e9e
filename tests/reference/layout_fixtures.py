#!/usr/bin/env python3
"""Makes tests/data/layouts: a few tiny images and labels in the layout of each data set.

Image k of a set is 12x8 px, red 20 x, green 30 y, blue 50 k; its label at (y, x) is ids[(x + y + k) % len(ids)], with the
ids of its set. suites/data_set_test.cpp computes the same. PNGs are written here, bit by bit, so that what is read is
compared with something that does not come from libpng; JPEGs need Pillow.
"""
import os
import shutil
import struct
import sys
import zlib

W, H = 12, 8
CITYSCAPES = [7, 8, 11, 26, 0, 23, 4]
GTA5 = [7, 8, 11, 26, 34, 23]
SYNTHIA = [3, 4, 2, 8, 0, 22]
CAMVID = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]


def png(width, height, depth, color, rows, palette=None):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    raw = b"".join(b"\0" + r for r in rows)
    body = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    if palette:
        body += chunk(b"PLTE", bytes(c for rgb in palette for c in rgb))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


def rgb(k, w=W, h=H):
    return [[(20 * x % 256, 30 * y % 256, 50 * k % 256) for x in range(w)] for y in range(h)]


def ids_of(ids, k, w=W, h=H):
    return [[ids[(x + y + k) % len(ids)] for x in range(w)] for y in range(h)]


def rgb_png(k, w=W, h=H):
    return png(w, h, 8, 2, [bytes(c for p in row for c in p) for row in rgb(k, w, h)])


def grey_png(ids, k):
    return png(W, H, 8, 0, [bytes(row) for row in ids_of(ids, k)])


def palette_png(ids, k, w=W, h=H):
    # Ambiguous colours, as in GTA5: only the indices tell.
    return png(w, h, 8, 3, [bytes(row) for row in ids_of(ids, k, w, h)], [(i // 4, 0, 0) for i in range(35)])


def wide_png(ids, k):
    # 16 bits a channel: class, instance, nothing.
    return png(W, H, 16, 2, [b"".join(struct.pack(">HHH", v, 300 + x, 0) for x, v in enumerate(row)) for row in ids_of(ids, k)])


def jpeg(k):
    import io

    from PIL import Image

    image = Image.new("RGB", (W, H))
    image.putdata([p for row in rgb(k) for p in row])
    out = io.BytesIO()
    image.save(out, "JPEG", quality=95, subsampling=0)
    return out.getvalue()


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "../data/layouts")
    shutil.rmtree(root, ignore_errors=True)

    def put(path, data):
        path = os.path.join(root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)

    for k, (split, city, frame) in enumerate([("train", "aachen", "000000_000019"), ("train", "zurich", "000000_000019"),
                                              ("val", "lindau", "000001_000019")]):
        name = f"{split}/{city}/{city}_{frame}"
        put(f"cityscapes/leftImg8bit/{name}_leftImg8bit.png", rgb_png(k))
        put(f"cityscapes/gtFine/{name}_gtFine_labelIds.png", grey_png(CITYSCAPES, k))
        put(f"cityscapes/gtFine/{name}_gtFine_color.png", rgb_png(9))
        put(f"cityscapes/gtFine/{name}_gtFine_polygons.json", b"{}")
    # 1, 3: train; 12: test, its label of another size; 22: val; 15188: known to be broken.
    for k, number in enumerate([1, 3, 12, 22, 15188]):
        put(f"gta5/images/{number:05}.png", rgb_png(k))
        size = (W // 2, H // 2) if number == 12 else (W, H)
        put(f"gta5/labels/{number:05}.png", palette_png(GTA5, k, *size))
    for k in range(2):
        put(f"synthia/RGB/{k:07}.png", rgb_png(k))
        put(f"synthia/GT/LABELS/{k:07}.png", wide_png(SYNTHIA, k))
    for k, (split, name) in enumerate([("train", "0001TP_006690"), ("train", "0001TP_006720"), ("val", "0016E5_07959")]):
        put(f"camvid/{split}/images/{name}.jpg", jpeg(k))
        put(f"camvid/{split}/labels/{name}.png", grey_png(CAMVID, k))
        put(f"camvid_segnet/{split}/{name}.png", rgb_png(k))
        put(f"camvid_segnet/{split}annot/{name}.png", grey_png(CAMVID, k))
    for k, name in enumerate(["a/1", "b/1", "c"]):
        put(f"folder/images/{name}.png", rgb_png(k))
        put(f"folder/labels/{name}.png", grey_png([1, 2, 9], k))
    put("folder/classes.toml", b'# What the labels hold.\n[labels]\n1 = "road"\n2 = "car"\n9 = "void"\n')


main()
