"""Weights, inputs and labels by a formula: the twin of tests/model_steps.cpp, bit for bit."""

import numpy as np


def key(name):
    h = 2166136261
    for ch in name.encode():
        h = ((h ^ ch) * 16777619) & 0xFFFFFFFF
    return np.uint32(h)


def values(name, shape):
    """f32 in [-1, 1), multiples of 2^-23, counted in the order of `shape`."""
    count = int(np.prod(shape, dtype=np.int64))
    x = np.arange(count, dtype=np.uint32)
    x *= np.uint32(0x9E3779B1)
    x += key(name)
    x ^= x >> 16
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> 13
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> 16
    return ((x >> 8).astype(np.float32) * np.float32(2.0**-23) - np.float32(1)).reshape(shape)


def image(name, shape):
    """(N,C,H,W): noise on coarse levels, one for every 16x16 pixels: images differ in the mean, as real ones do."""
    n, c, h, w = shape
    levels = values(name + ".levels", (n, c, (h + 15) // 16, (w + 15) // 16))
    return levels.repeat(16, 2).repeat(16, 3)[:, :, :h, :w] + np.float32(0.5) * values(name, shape)


def weight(name, shape, norm):
    """`norm`: of a batch norm. Its shift keeps most units above zero, so that few lie on the kink of a ReLU, where rounding
    decides over a gradient; on a residual branch its scale is small, so that rounding does not grow with depth."""
    u = values(name, shape)
    if len(shape) > 1:
        return np.float32(np.sqrt(6.0 / np.prod(shape[1:], dtype=np.int64))) * u
    if name.endswith("bn3.weight"):
        return np.float32(0.25) + np.float32(0.125) * u
    if name.endswith("weight"):
        return np.float32(1) + np.float32(0.25) * u
    if norm and not name.endswith("bn3.bias"):
        return np.float32(3) + np.float32(0.5) * u
    return np.float32(0.125) * u


def labels(shape, classes):
    k = ((values("labels", shape).astype(np.float64) + 1) * 2**23).astype(np.int64) % (classes + 1)
    return np.where(k == classes, 255, k)


def set_weights(model):
    """Fills the parameters of a PyTorch module and resets its running statistics."""
    import torch

    with torch.no_grad():
        before = None
        for name, p in model.named_parameters():
            norm = before is not None and before.dim() == 1
            p.copy_(torch.from_numpy(weight(name, tuple(p.shape), norm)))
            before = p
