"""Looks for an input of a model whose units all lie far from the kinks of their ReLUs, as float32 sees distance: rounding
then decides over no unit, and gradients compare to the last digits. The salts it finds stand in tests/model_steps.cpp and
torch_steps.py.

    kinks.py MODEL [FIRST_SALT [LAST_SALT]]
"""

import sys

import torch
import torch.nn.functional as F

import torch_steps


def units(name, salt, dtype):
    """Inputs of every ReLU and leaky ReLU of the three training steps. An inference has no kinks: it is continuous."""
    seen, plain = [], (F.relu, F.leaky_relu)

    def watched(f):
        def call(x, *args, **kwargs):
            if torch.is_grad_enabled():
                seen.append(x.detach().double().clone())
            return f(x, *args, **kwargs)
        return call

    torch_steps.SALTS[name] = salt
    F.relu, F.leaky_relu = watched(plain[0]), watched(plain[1])
    try:
        torch_steps.run(name, dtype)
    finally:
        F.relu, F.leaky_relu = plain
    return seen


def main():
    torch.set_num_threads(2)
    name, first = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0
    last = int(sys.argv[3]) if len(sys.argv) > 3 else first + 20
    best = None
    for salt in range(first, last + 1):
        exact, rounded = units(name, salt, torch.float64), units(name, salt, torch.float32)
        # The unit nearest to its kink, in standard errors of its layer.
        margin = min(float(x.abs().min() / (y - x).square().mean().sqrt()) for x, y in zip(exact, rounded))
        if best is None or margin > best[0]:
            best = (margin, salt)
            print(name, "salt", salt, "margin %.2f" % margin, "of", sum(x.numel() for x in exact), "units", flush=True)
        if margin > 10:
            break


if __name__ == "__main__":
    main()
