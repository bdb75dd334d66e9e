"""Runs torch.optim on gradients by the formula, in float64 and float32, as tests/suites/torch_optimizers_test.cpp runs
segue's, and compares.

    torch_optimizers.py DIR      DIR holds NAME.f32 for every case below: the parameters after each of the steps
"""

import sys
from pathlib import Path

import numpy as np
import torch

import formula

SIZES = (1000, 33, 5)
STEPS = 8
CASES = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "sgd_momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
    "sgd_decay": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.05),
    "sgd_nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.05, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.02),
    "adam_gan": lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.5, 0.999)),
    "adam_decay": lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.9, 0.99), weight_decay=0.05, eps=1e-4),
    "sgd_clipped": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
}


def run(name, dtype):
    params = [torch.nn.Parameter(torch.from_numpy(formula.values(f"p{i}", (n,))).to(dtype)) for i, n in enumerate(SIZES)]
    optimizer = CASES[name](params)
    base = optimizer.param_groups[0]["lr"]
    result = []
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = base * (1 - step / STEPS) ** 0.9
        for i, p in enumerate(params):
            # The last tensor gets no gradient in odd steps of SGD: it must be skipped, not decayed.
            skip = i == 2 and step % 2 == 1 and name.startswith("sgd")
            p.grad = None if skip else torch.from_numpy(formula.values(f"g{i}.{step}", (SIZES[i],))).to(dtype)
        if name == "sgd_clipped":
            torch.nn.utils.clip_grad_norm_(params, 3.0)
        optimizer.step()
        result.append(np.concatenate([p.detach().double().numpy() for p in params]))
    return np.stack(result)


def main():
    failures = 0
    for name in CASES:
        exact, own = run(name, torch.float64), run(name, torch.float32)
        got = np.fromfile(Path(sys.argv[1]) / f"{name}.f32", dtype=np.float32).reshape(exact.shape)
        rms = lambda x: float(np.sqrt(np.mean(np.square(x))))
        worst = max(rms(g - e) / max(rms(o - e), 2.0**-24 * rms(e)) for g, o, e in zip(got, own, exact))
        print(f"{name:14} {STEPS} steps, worst {worst:.2f} of 4 times PyTorch's own error")
        failures += not worst <= 4
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
