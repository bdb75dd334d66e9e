#!/usr/bin/env python3
"""The steps of bench/steps.h in PyTorch on a CUDA device, for scripts/gpu-check.

    pytorch_gpu.py [--modes eager,graph,compile] [--samples 10] [--seconds 480] [--json FILE] STEP ...

bf16 autocast, channels_last (CycleGAN also contiguous), cudnn.benchmark, fused optimisers. Modes: eager; graph: the eager step
as one CUDA graph; compile: torch.compile of each network; compile_graph: the compiled step as one CUDA graph. Steps that would
start after --seconds are left out. A sample is the mean of several steps, queued one behind the other and waited for once.
"""

import argparse
import itertools
import json
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "reference"))

import torch
import torch.nn.functional as F

from torch_models import DeepLabV3Plus, Generator, PatchGan

CLASSES, IGNORED = 19, 255
WARM_UPS = 4
SAMPLE_MS = 60


def noise(*shape, layout):
    return torch.rand(*shape, device="cuda").mul_(2).sub_(1).to(memory_format=layout)


def noise_labels(n, h, w):
    labels = torch.randint(0, CLASSES, (n, h, w), device="cuda")
    labels[torch.rand(n, h, w, device="cuda") < 0.05] = IGNORED
    return labels


def autocast():
    return torch.autocast("cuda", dtype=torch.bfloat16)


class DeepLabTrain:
    def __init__(self, n, h, w, layout, compiled):
        self.model = DeepLabV3Plus().cuda().to(memory_format=layout).train()
        groups = [{"params": self.model.backbone.parameters(), "lr": 0.001},
                  {"params": self.model.classifier.parameters(), "lr": 0.01}]
        self.optimizer = torch.optim.SGD(groups, lr=0.01, momentum=0.9, weight_decay=1e-4, fused=True)
        self.x, self.labels = noise(n, 3, h, w, layout=layout), noise_labels(n, h, w)
        self.loss = lambda: F.cross_entropy(self.model(self.x), self.labels, ignore_index=IGNORED)
        if compiled:
            self.loss = torch.compile(self.loss)
        self.last = None

    def prepare(self):
        pass

    def run(self):
        self.optimizer.zero_grad(set_to_none=True)
        with autocast():
            loss = self.loss()
        loss.backward()
        self.optimizer.step()
        self.last = loss.detach()

    def finish(self):
        torch.cuda.synchronize()
        assert torch.isfinite(self.last).all()


class DeepLabInfer:
    """Argmax at full size and the confusion matrix."""

    def __init__(self, n, h, w, layout, compiled):
        self.model = DeepLabV3Plus().cuda().to(memory_format=layout).eval()
        self.x, self.labels = noise(n, 3, h, w, layout=layout), noise_labels(n, h, w)
        self.matrix = torch.zeros(CLASSES * CLASSES, dtype=torch.int64, device="cuda")
        self.predict = torch.compile(self.score) if compiled else self.score

    def score(self):
        predictions = self.model(self.x).argmax(1)
        valid = self.labels != IGNORED
        index = torch.where(valid, self.labels * CLASSES + predictions, 0).flatten()
        return torch.zeros_like(self.matrix).scatter_add_(0, index, valid.flatten().long())

    def prepare(self):
        pass

    def run(self):
        with torch.no_grad(), autocast():
            self.matrix += self.predict()

    def finish(self):
        torch.cuda.synchronize()


class Pool:
    """CycleGAN's history of 50 images, held on the device so that a graph can hold the step as well."""

    def __init__(self, shape, layout, size=50):
        self.size, self.filled = size, 0
        self.images = torch.zeros(size, *shape, device="cuda")
        self.index = torch.zeros(1, dtype=torch.int64, device="cuda")
        self.keep = torch.zeros(1, dtype=torch.bool, device="cuda")  # hand back the fake itself
        self.store = torch.zeros(1, dtype=torch.bool, device="cuda")

    def prepare(self, random):
        if self.filled < self.size:
            index, keep, store = self.filled, True, True
            self.filled += 1
        else:
            swap = random.random() < 0.5
            index, keep, store = random.randrange(self.size), not swap, swap
        self.index.fill_(index)
        self.keep.fill_(keep)
        self.store.fill_(store)

    def exchange(self, fake):
        fake = fake.detach().float()
        old = self.images.index_select(0, self.index)
        self.images.index_copy_(0, self.index, torch.where(self.store.view(1, 1, 1, 1), fake, old))
        return torch.where(self.keep.view(1, 1, 1, 1), fake, old)


def lsgan(y, target):
    return ((y.float() - target) ** 2).mean()


class CycleGanTrain:
    def __init__(self, n, h, w, layout, compiled):
        import random
        self.random = random.Random(1)
        nets = [m.cuda().to(memory_format=layout).train() for m in (Generator(), Generator(), PatchGan(), PatchGan())]
        for m in nets:
            for p in m.parameters():
                torch.nn.init.normal_(p, 0, 0.02)
        self.nets = nets
        self.g_a, self.g_b, self.d_a, self.d_b = [torch.compile(m) for m in nets] if compiled else nets
        adam = dict(lr=2e-4, betas=(0.5, 0.999), fused=True, capturable=True)
        self.opt_g = torch.optim.Adam(itertools.chain(nets[0].parameters(), nets[1].parameters()), **adam)
        self.opt_d = torch.optim.Adam(itertools.chain(nets[2].parameters(), nets[3].parameters()), **adam)
        self.a, self.b = noise(n, 3, h, w, layout=layout), noise(n, 3, h, w, layout=layout)
        self.pool_a, self.pool_b = Pool((3, h, w), layout), Pool((3, h, w), layout)
        self.last = None

    def prepare(self):
        self.pool_a.prepare(self.random)
        self.pool_b.prepare(self.random)

    def judge(self, d, real, fake):
        with autocast():
            loss = 0.5 * (lsgan(d(real), 1.0) + lsgan(d(fake), 0.0))
        loss.backward()

    def run(self):
        g_a, g_b, d_a, d_b, a, b = self.g_a, self.g_b, self.d_a, self.d_b, self.a, self.b
        for d in self.nets[2:]:
            d.requires_grad_(False)
        self.opt_g.zero_grad(set_to_none=True)
        with autocast():
            fake_b, fake_a = g_a(a), g_b(b)
            loss = (lsgan(d_a(fake_b), 1.0) + lsgan(d_b(fake_a), 1.0) + 10 * F.l1_loss(g_b(fake_b), a) +
                    10 * F.l1_loss(g_a(fake_a), b) + 5 * F.l1_loss(g_a(b), b) + 5 * F.l1_loss(g_b(a), a))
        loss.backward()
        self.opt_g.step()
        for d in self.nets[2:]:
            d.requires_grad_(True)
        self.opt_d.zero_grad(set_to_none=True)
        self.judge(d_a, b, self.pool_b.exchange(fake_b))
        self.judge(d_b, a, self.pool_a.exchange(fake_a))
        self.opt_d.step()
        self.last = loss.detach()

    def finish(self):
        torch.cuda.synchronize()
        assert torch.isfinite(self.last).all()


STEPS = {
    "deeplab_train_8x512x1024": (DeepLabTrain, 8, 512, 1024),
    "deeplab_train_4x128x256": (DeepLabTrain, 4, 128, 256),
    "deeplab_infer_1x1024x2048": (DeepLabInfer, 1, 1024, 2048),
    "deeplab_infer_1x512x1024": (DeepLabInfer, 1, 512, 1024),
    "cyclegan_train_1x256x256": (CycleGanTrain, 1, 256, 256),
    "cyclegan_train_1x256x512": (CycleGanTrain, 1, 256, 512),
}


class Captured:
    """A step as one CUDA graph."""

    def __init__(self, step):
        self.step = step
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UPS):
                step.prepare()
                step.run()
        torch.cuda.current_stream().wait_stream(side)
        self.graph = torch.cuda.CUDAGraph()
        step.prepare()
        with torch.cuda.graph(self.graph):
            step.run()

    def prepare(self):
        self.step.prepare()

    def run(self):
        self.graph.replay()

    def finish(self):
        self.step.finish()


def ms_of(step, count):
    start = time.perf_counter()
    for _ in range(count):
        step.prepare()
        step.run()
    step.finish()
    return (time.perf_counter() - start) * 1e3 / count


def measure(name, mode, layout_name, samples):
    torch.manual_seed(1)
    torch.compiler.reset()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    kind, *size = STEPS[name]
    layout = torch.channels_last if layout_name == "channels_last" else torch.contiguous_format
    start = time.perf_counter()
    step = kind(*size, layout, "compile" in mode)
    if "graph" in mode:
        step = Captured(step)
    ms_of(step, WARM_UPS)
    ready = time.perf_counter() - start
    count = max(1, min(50, int(SAMPLE_MS / ms_of(step, 2))))
    ms = [ms_of(step, count) for _ in range(samples)]
    return {"step": name, "mode": mode, "layout": layout_name, "ms": ms, "ready_s": round(ready, 1),
            "peak_mib": torch.cuda.max_memory_reserved() / 2**20}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="+", choices=STEPS, metavar="STEP")
    parser.add_argument("--modes", default="eager,graph,compile,compile_graph")
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=480)
    parser.add_argument("--json")
    args = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("segue: error: expects a PyTorch that sees a CUDA device")
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("high")
    begun = time.perf_counter()
    rows = []
    # The cheap modes of every step first: compilation may eat the time that is left.
    for mode in args.modes.split(","):
        for name in args.steps:
            layouts = ("channels_last", "contiguous") if name.startswith("cyclegan") and "compile" not in mode else ("channels_last",)
            for layout in layouts:
                if time.perf_counter() - begun > args.seconds:
                    print(f"{name:28s} {mode:14s} {layout:14s} left out: the time is up", flush=True)
                    continue
                try:
                    row = measure(name, mode, layout, args.samples)
                except Exception as e:  # one mode that PyTorch cannot do leaves the others
                    print(f"{name:28s} {mode:14s} {layout:14s} failed: {type(e).__name__}: {str(e).splitlines()[0][:150]}", flush=True)
                    continue
                rows.append(dict(row, torch=torch.__version__, cudnn=torch.backends.cudnn.version(), gpu=torch.cuda.get_device_name()))
                middle = statistics.median(row["ms"])
                print(f"{name:28s} {mode:14s} {layout:14s} {middle:9.3f} ms  spread {100 * (max(row['ms']) - min(row['ms'])) / middle:4.1f} %  "
                      f"{row['peak_mib']:6.0f} MiB  ready in {row['ready_s']:.0f} s", flush=True)
                if args.json:
                    with open(args.json, "w") as f:
                        json.dump(rows, f, indent=1)


if __name__ == "__main__":
    main()
