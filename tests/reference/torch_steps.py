"""Runs one model as tests/model_steps.cpp does, in PyTorch, in float64 and in float32; then compares segue's results, or
writes the fixture that checks them where there is no PyTorch.

    torch_steps.py compare MODEL DIR     DIR holds index.txt and values.f32, written by torch_models_test
    torch_steps.py fixture MODEL FILE    tests/data/model_steps/MODEL.safetensors, read by model_steps_test

PyTorch's own error is what its float32 is away from float64: the larger of two ways to compute the same (oneDNN on
channels_last memory, and PyTorch's own kernels on contiguous memory). segue may be four times as far away. Two
floors keep the rule meaningful where a float32 result happens to lie close: nothing in float32 can be expected nearer than
its own last place (2^-24 of the tensor's rms), nor better than is typical for the network (the median relative error over the
tensors of the same kind).
"""

import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision

import formula
import torch_models

CLASSES = 19
TIMES = 4  # how far from float64 segue may be, in units of PyTorch's own error


class OutputDiscriminator(nn.Module):
    def __init__(self, inputs=CLASSES, f=64):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, f, 4, 2, 1)
        self.conv2 = nn.Conv2d(f, 2 * f, 4, 2, 1)
        self.conv3 = nn.Conv2d(2 * f, 4 * f, 4, 2, 1)
        self.conv4 = nn.Conv2d(4 * f, 8 * f, 4, 2, 1)
        self.classifier = nn.Conv2d(8 * f, 1, 4, 2, 1)

    def forward(self, x):
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            x = F.leaky_relu(conv(x), 0.2)
        return self.classifier(x)


class FeatureDiscriminator(nn.Module):
    def __init__(self, inputs=256, f=512):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, f, 1)
        self.conv2 = nn.Conv2d(f, f // 2, 1)
        self.classifier = nn.Conv2d(f // 2, 1, 1)

    def forward(self, x):
        return self.classifier(F.relu(self.conv2(F.relu(self.conv1(x)))))


def segmentation_loss(output, labels):
    if not isinstance(output, dict):
        return F.cross_entropy(output, labels, ignore_index=255)
    loss = F.cross_entropy(output["out"], labels, ignore_index=255)
    return loss + 0.5 * F.cross_entropy(output["aux"], labels, ignore_index=255) if "aux" in output else loss


def fcn():
    net = torchvision.models.segmentation.fcn_resnet50(weights=None, weights_backbone=None, num_classes=CLASSES,
                                                       aux_loss=True)
    for m in net.modules():
        if isinstance(m, nn.Dropout):
            m.p = 0.0
    return net


def square(target):
    return lambda y, _: ((y - target) ** 2).mean()


def binary(target):
    return lambda y, _: F.binary_cross_entropy_with_logits(y, torch.full_like(y, target))


# name: (maker, input as N,C,H,W, shape of the labels and their classes, loss)
MODELS = {
    "deeplabv3plus": (lambda: torch_models.DeepLabV3Plus(CLASSES, 16, 0.0), (3, 3, 33, 193), ((3, 33, 193), CLASSES),
                      segmentation_loss),
    "deeplabv3plus_os8": (lambda: torch_models.DeepLabV3Plus(CLASSES, 8, 0.0), (3, 3, 33, 129), ((3, 33, 129), CLASSES),
                          segmentation_loss),
    "fcn_resnet50": (fcn, (2, 3, 49, 65), ((2, 49, 65), CLASSES), segmentation_loss),
    "resnet50": (lambda: torchvision.models.resnet50(weights=None, num_classes=200), (3, 3, 49, 65), ((3,), 200),
                 lambda y, labels: F.cross_entropy(y, labels, ignore_index=255)),
    "generator9": (lambda: torch_models.Generator(64, 9), (1, 3, 16, 12), None, square(0.5)),
    "generator6": (lambda: torch_models.Generator(64, 6), (2, 3, 20, 28), None, square(0.5)),
    "generator_resize": (lambda: torch_models.Generator(64, 2, True), (2, 3, 20, 28), None, square(0.5)),
    "patchgan": (lambda: torch_models.PatchGan(64), (2, 3, 71, 94), None, square(1.0)),
    "output_discriminator": (OutputDiscriminator, (2, CLASSES, 33, 97), None, binary(0.0)),
    "feature_discriminator": (FeatureDiscriminator, (2, 256, 9, 13), None, binary(1.0)),
}

# Of the inputs, found by kinks.py.
SALTS = {"deeplabv3plus": 3, "deeplabv3plus_os8": 19, "fcn_resnet50": 2, "resnet50": 1, "generator9": 6, "patchgan": 1,
         "output_discriminator": 1}


def run(name, dtype, own_kernels=False):
    """{(kind, tensor name): float64 array} of three steps and an inference, in segue's order."""
    make, input_shape, label_spec, loss_of = MODELS[name]
    torch.backends.mkldnn.enabled = not own_kernels
    net = make()
    formula.set_weights(net)
    x = torch.from_numpy(formula.image(f"input{SALTS.get(name, 0)}", input_shape))
    net, x = net.to(dtype), x.to(dtype)
    if dtype == torch.float32 and not own_kernels:
        net, x = net.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    labels = torch.from_numpy(formula.labels(*label_spec)) if label_spec else None
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    result = {}

    def keep(kind, tensor_name, t):
        result[kind, tensor_name] = t.detach().contiguous().double().numpy().copy()

    net.train()
    for step in range(3):
        optimizer.zero_grad(set_to_none=True)
        y = net(x)
        loss = loss_of(y, labels)
        loss.backward()
        if step == 0:
            keep("loss", "loss", loss)
            keep("output", "output", y["out"] if isinstance(y, dict) else y)
            for n, p in net.named_parameters():
                keep("grad", n, p.grad)
            for n, b in net.named_buffers():
                if "running_" in n:
                    keep("stat", n, b)
        optimizer.step()
    for n, p in net.named_parameters():
        keep("weight", n, p)
    net.eval()
    with torch.no_grad():
        y = net(x)
    keep("eval", "output", y["out"] if isinstance(y, dict) else y)
    return result


def dead_biases(name):
    """Biases of convolutions directly in front of an instance norm: constants that it takes away."""
    dead = set()
    for path, m in MODELS[name][0]().named_modules():
        if isinstance(m, nn.Sequential):
            children = list(m.named_children())
            for (child, conv), (_, norm) in zip(children, children[1:]):
                if isinstance(norm, nn.InstanceNorm2d) and getattr(conv, "bias", None) is not None:
                    dead.add(f"{path}.{child}.bias")
    return dead


def rms(x):
    return float(np.sqrt(np.mean(np.square(x)))) if x.size else 0.0


def reference(name):
    """(float64 results, {key: (allowed rms error, allowed largest error)})."""
    torch.set_num_threads(2)
    exact = run(name, torch.float64)
    others = [run(name, torch.float32), run(name, torch.float32, own_kernels=True)]
    dead = dead_biases(name)
    exact = {k: v for k, v in exact.items() if k[1] not in dead}
    own = {k: max(rms(o[k] - v) for o in others) for k, v in exact.items()}
    own_max = {k: max(float(np.abs(o[k] - v).max()) for o in others) for k, v in exact.items()}
    typical, typical_max = {}, {}
    for kind in {k[0] for k in exact}:
        keys = [k for k in exact if k[0] == kind and rms(exact[k]) > 0]
        typical[kind] = max(2.0**-24, float(np.median([own[k] / rms(exact[k]) for k in keys])))
        typical_max[kind] = max(2.0**-24, float(np.median([own_max[k] / rms(exact[k]) for k in keys])))
    return exact, {k: (TIMES * max(own[k], typical[k[0]] * rms(v)), TIMES * max(own_max[k], typical_max[k[0]] * rms(v)))
                   for k, v in exact.items()}, own


def read_index(folder):
    got, at = {}, 0
    blob = np.fromfile(folder / "values.f32", dtype=np.float32)
    for line in (folder / "index.txt").read_text().splitlines():
        kind, tensor_name, *shape = line.split()
        shape = [int(d) for d in shape]
        count = int(np.prod(shape, dtype=np.int64))
        got[kind, tensor_name] = blob[at:at + count].reshape(shape)
        at += count
    assert at == blob.size, "index.txt and values.f32 disagree"
    return got


def compare(name, folder):
    got = read_index(Path(folder))
    exact, allowed, own = reference(name)
    dead = dead_biases(name)
    failures, worst = [], {}
    order = [k for k in exact if k[0] == "weight"]
    if [k[1] for k in got if k[0] == "weight" and k[1] not in dead] != [k[1] for k in order]:
        failures.append("names or order of the parameters differ")
    for k in got:
        if k not in exact and k[1] not in dead:
            failures.append(f"{k[0]} {k[1]}: PyTorch has no such tensor")
    for k, want in exact.items():
        have = got.get(k)
        if have is not None and k[1] == "output" and have.size == want.size:
            have = have.reshape(want.shape)  # a classifier's are (N,C,1,1) here and (N,C) there
        if have is None or have.shape != want.shape:
            failures.append(f"{k[0]} {k[1]}: expects {want.shape}; got {None if have is None else have.shape}")
            continue
        error = rms(have - want) if np.isfinite(have).all() else float("inf")
        ratio = error / (allowed[k][0] / TIMES) if allowed[k][0] > 0 else (0.0 if error == 0 else float("inf"))
        worst.setdefault(k[0], []).append((ratio, error / (rms(want) or 1), own[k] / (rms(want) or 1), k[1]))
        if not ratio <= TIMES:
            failures.append(f"{k[0]} {k[1]} {want.shape}: error {error:.3g}, PyTorch's own {own[k]:.3g}, "
                            f"rms {rms(want):.3g}, {ratio:.2f} times")
    for kind, rows in worst.items():
        rows.sort(reverse=True)
        ratio, mine, theirs, tensor_name = rows[0]
        print(f"{name:22} {kind:7} {len(rows):4} tensors, worst {ratio:5.2f} of {TIMES} times PyTorch's own error "
              f"({tensor_name}: relative {mine:.2g}, PyTorch {theirs:.2g}); median {np.median([r[0] for r in rows]):.2f}")
    for line in failures[:40]:
        print("FAILED", line)
    return 1 if failures else 0


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("compare", "fixture") or sys.argv[2] not in MODELS:
        print(__doc__)
        return 2
    if sys.argv[1] == "compare":
        return compare(sys.argv[2], sys.argv[3])
    import fixture

    fixture.write(sys.argv[2], sys.argv[3], reference(sys.argv[2]), dead_biases(sys.argv[2]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
