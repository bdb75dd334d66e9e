#!/usr/bin/env python3
"""The steps of bench/steps.h in PyTorch, one at a time on request.

    pytorch_worker.py STEP LAYOUT THREADS     LAYOUT: contiguous | channels_last

Reads lines from standard input: "run N" runs the step N times and prints the milliseconds of each, "memory" prints the peak
resident set in MiB, "info" prints what the comparison depends on, "quit" ends.
"""

import itertools
import json
import os
import random
import resource
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "reference"))

import torch
import torch.nn.functional as F

from torch_models import DeepLabV3Plus, Generator, PatchGan


def deeplab_train(n, h, w, layout):
    model = DeepLabV3Plus().to(memory_format=layout).train()
    optimizer = torch.optim.SGD([{"params": model.backbone.parameters(), "lr": 0.001},
                                 {"params": model.classifier.parameters(), "lr": 0.01}],
                                lr=0.01, momentum=0.9, weight_decay=1e-4)
    x = torch.randn(n, 3, h, w).to(memory_format=layout)
    labels = torch.randint(0, 19, (n, h, w))
    labels[torch.rand(n, h, w) < 0.05] = 255

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(x), labels, ignore_index=255)
        loss.backward()
        optimizer.step()
        assert torch.isfinite(loss)

    return step


def deeplab_infer(n, h, w, layout):
    model = DeepLabV3Plus().to(memory_format=layout).eval()
    x = torch.randn(n, 3, h, w).to(memory_format=layout)

    def step():
        with torch.no_grad():
            return model(x).argmax(1)

    return step


class Pool:
    def __init__(self, size=50):
        self.size, self.images = size, []

    def exchange(self, fake):
        fake = fake.detach()
        if len(self.images) < self.size:
            self.images.append(fake)
            return fake
        if random.random() < 0.5:
            i = random.randrange(self.size)
            old, self.images[i] = self.images[i], fake
            return old
        return fake


def cyclegan_train(n, h, w, layout):
    g_a, g_b, d_a, d_b = (m.to(memory_format=layout).train() for m in (Generator(), Generator(), PatchGan(), PatchGan()))
    for m in (g_a, g_b, d_a, d_b):
        for p in m.parameters():
            torch.nn.init.normal_(p, 0, 0.02)
    opt_g = torch.optim.Adam(itertools.chain(g_a.parameters(), g_b.parameters()), lr=2e-4, betas=(0.5, 0.999))
    opt_d = torch.optim.Adam(itertools.chain(d_a.parameters(), d_b.parameters()), lr=2e-4, betas=(0.5, 0.999))
    a = torch.rand(n, 3, h, w).mul(2).sub(1).to(memory_format=layout)
    b = torch.rand(n, 3, h, w).mul(2).sub(1).to(memory_format=layout)
    pool_a, pool_b = Pool(), Pool()

    def lsgan(y, target):
        return ((y - target) ** 2).mean()

    def judge(d, real, fake):
        return 0.5 * (lsgan(d(real), 1.0) + lsgan(d(fake), 0.0))

    def step():
        fake_b, fake_a = g_a(a), g_b(b)
        for d in (d_a, d_b):
            d.requires_grad_(False)
        opt_g.zero_grad(set_to_none=True)
        loss = (lsgan(d_a(fake_b), 1.0) + lsgan(d_b(fake_a), 1.0) + 10 * F.l1_loss(g_b(fake_b), a) +
                10 * F.l1_loss(g_a(fake_a), b) + 5 * F.l1_loss(g_a(b), b) + 5 * F.l1_loss(g_b(a), a))
        loss.backward()
        opt_g.step()
        for d in (d_a, d_b):
            d.requires_grad_(True)
        opt_d.zero_grad(set_to_none=True)
        judge(d_a, b, pool_b.exchange(fake_b)).backward()
        judge(d_b, a, pool_a.exchange(fake_a)).backward()
        opt_d.step()
        assert torch.isfinite(loss)

    return step


STEPS = {
    "deeplab_train_4x128x256": lambda f: deeplab_train(4, 128, 256, f),
    "deeplab_train_2x192x256": lambda f: deeplab_train(2, 192, 256, f),
    "deeplab_infer_1x512x1024": lambda f: deeplab_infer(1, 512, 1024, f),
    "cyclegan_train_1x128x128": lambda f: cyclegan_train(1, 128, 128, f),
}


def loaded_blas():
    with open("/proc/self/maps") as maps:
        names = {os.path.basename(line.split()[-1]) for line in maps if "blas" in line or "mkl" in line}
    return sorted(names)


def main():
    name, layout, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    random.seed(1)
    step = STEPS[name](torch.channels_last if layout == "channels_last" else torch.contiguous_format)
    for line in sys.stdin:
        words = line.split()
        if words[0] == "run":
            times = []
            for _ in range(int(words[1])):
                start = time.perf_counter()
                step()
                times.append(round((time.perf_counter() - start) * 1e3, 3))
            print(json.dumps(times), flush=True)
        elif words[0] == "memory":
            print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024), flush=True)
        elif words[0] == "info":
            print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads(), "blas": loaded_blas(),
                              "mkldnn": torch.backends.mkldnn.is_available()}), flush=True)
        else:
            return


if __name__ == "__main__":
    main()
