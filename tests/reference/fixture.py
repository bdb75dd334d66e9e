"""Writes what is kept of a comparison for machines without PyTorch: a safetensors file of about 20 KB a model.

For every kind of tensor (loss, output, grad, stat, weight, eval), in the order of the model:
    KIND.names    U8       lines "name extent extent ..."
    KIND.norms    F64 (T,3)  norm in float64; allowed error of the norm; allowed error of an element
    KIND.samples  F32 (T,S)  elements at i * stride, stride = max(1, count // S), zeros behind the last; S 64, for weight and
                             stat 0: their norms do
"""

import json
import struct

import numpy as np

SAMPLES = {"grad": 64, "output": 64, "eval": 64, "loss": 1}


def strided(values, samples):
    flat = values.ravel()
    picked = flat[::max(1, flat.size // samples)][:samples] if samples else flat[:0]
    return np.pad(picked, (0, samples - picked.size)).astype(np.float32)


def write(name, path, reference, dead):
    import torch
    import torchvision

    exact, allowed, _ = reference
    tensors = {}
    for kind in ("loss", "output", "grad", "stat", "weight", "eval"):
        keys = [k for k in exact if k[0] == kind]
        if not keys:
            continue
        lines = "".join(" ".join([k[1], *map(str, exact[k].shape)]) + "\n" for k in keys)
        samples = SAMPLES.get(kind, 0)
        tensors[kind + ".names"] = ("U8", np.frombuffer(lines.encode(), dtype=np.uint8))
        # |norm(a) - norm(b)| <= norm(a - b) <= sqrt(count) times the rms error.
        tensors[kind + ".norms"] = ("F64", np.array([[np.linalg.norm(exact[k]), allowed[k][0] * exact[k].size**0.5,
                                                      allowed[k][1]] for k in keys]))
        if samples:
            tensors[kind + ".samples"] = ("F32", np.stack([strided(exact[k], samples) for k in keys]))
    header, at, blob = {}, 0, b""
    sizes = {"F64": 8, "F32": 4, "U8": 1}
    for key, (dtype, array) in sorted(tensors.items(), key=lambda t: (-sizes[t[1][0]], t[0])):
        data = array.tobytes()
        header[key] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [at, at + len(data)]}
        at += len(data)
        blob += data
    header["__metadata__"] = {"format": "pt", "model": name, "left_out": ",".join(sorted(dead)),
                              "made_by": f"tests/reference/torch_steps.py; PyTorch {torch.__version__}, torchvision "
                                         f"{torchvision.__version__}, numpy {np.__version__}"}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + blob)
