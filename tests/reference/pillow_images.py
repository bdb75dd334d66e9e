#!/usr/bin/env python3
"""Writes images with Pillow and what Pillow makes of them: FOLDER/NAME and FOLDER/NAME.raw (dense RGB, or ids), one line
"NAME height width channels tolerance" each. A PNG reads back exactly; a JPEG within what decoders may differ by."""
import os
import sys

import numpy as np
from PIL import Image


def main():
    folder = sys.argv[1]
    random = np.random.default_rng(1)

    def smooth(h, w, channels):
        y, x = np.mgrid[0:h, 0:w]
        planes = [127 + 90 * np.sin(x / (5 + c) + c) * np.cos(y / (7 - c)) for c in range(channels)]
        return np.stack(planes, -1).astype(np.uint8)

    def keep(name, pixels, tolerance):
        pixels = np.ascontiguousarray(pixels, dtype=np.uint8)
        if pixels.ndim == 2:
            pixels = pixels[..., None]
        pixels.tofile(os.path.join(folder, name + ".raw"))
        print(name, *pixels.shape, tolerance)

    def path(name):
        return os.path.join(folder, name)

    for h, w in ((1, 1), (19, 33), (64, 50)):
        size = f"{w}x{h}"
        noise = random.integers(0, 256, (h, w, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path(f"noise_{size}.png"))
        keep(f"noise_{size}.png", noise, 0)
        grey = noise[..., 0]
        for kind, image in (("L", Image.fromarray(grey)), ("P", Image.fromarray(noise).quantize(40)),
                            ("RGBA", Image.fromarray(np.dstack([noise, grey]), "RGBA")),
                            ("LA", Image.fromarray(np.dstack([grey, grey]), "LA")),
                            ("1", Image.fromarray(grey > 99))):
            name = f"{kind}_{size}.png"
            image.save(path(name), optimize=kind == "P")
            # Alpha is dropped: the colours stay as they are stored.
            colors = np.asarray(image)[..., :3] if kind == "RGBA" else np.asarray(image.convert("RGB"))
            if kind == "LA":
                colors = np.repeat(np.asarray(image)[..., :1], 3, axis=2)
            keep(name, colors, 0)
        ids = random.integers(0, 34, (h, w), dtype=np.uint8)
        image = Image.fromarray(ids, "P")
        image.putpalette([c // 3 for c in range(256 * 3)])
        image.save(path(f"ids_{size}.png"))
        keep(f"ids_{size}.png", ids, 0)
        for quality, subsampling, extra in ((95, 0, {}), (90, 2, {}), (90, 1, {"progressive": True}), (85, 2, {"optimize": True})):
            name = f"jpeg_{quality}_{subsampling}_{'_'.join(extra)}_{size}.jpg"
            Image.fromarray(smooth(h, w, 3)).save(path(name), quality=quality, subsampling=subsampling, **extra)
            keep(name, np.asarray(Image.open(path(name)).convert("RGB")), 0)
        # Inks, stored inverted as Adobe does it. Pillow's way to RGB is its own; ours is the product of ink and black.
        inks = smooth(h, w, 4)
        name = f"cmyk_{size}.jpg"
        Image.fromarray(inks, "CMYK").save(path(name), quality=95)
        stored = 255 - np.asarray(Image.open(path(name))).astype(np.int64)
        keep(name, (stored[..., :3] * stored[..., 3:] + 127) // 255, 0)
        name = f"grey_{size}.jpg"
        Image.fromarray(smooth(h, w, 1)[..., 0]).save(path(name), quality=90)
        keep(name, np.asarray(Image.open(path(name)).convert("RGB")), 0)


main()
