#!/usr/bin/env python3
"""Times the same steps in segue and in PyTorch, side by side and interleaved, and prints ratios.

    bench/compare_pytorch.py [--build build] [--threads 2] [--rounds 7] [--json FILE] [STEP ...]

PyTorch runs with its threads set explicitly, OpenBLAS loaded, and the faster of contiguous and channels_last; where that cannot be
had, nothing is compared. Each round runs every program once; a ratio is the median over rounds of segue / PyTorch.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
STEPS = ["deeplab_train_4x128x256", "deeplab_train_2x192x256", "deeplab_infer_1x512x1024", "cyclegan_train_1x128x128"]


class Worker:
    def __init__(self, command, threads):
        # Passive waiting: threads of the program whose turn it is not must not spin.
        env = dict(os.environ, OMP_NUM_THREADS=str(threads), OMP_WAIT_POLICY="passive", OPENBLAS_NUM_THREADS=str(threads))
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit("segue: error: a worker ended early: " + " ".join(self.process.args))
        return json.loads(answer)

    def close(self):
        self.process.stdin.write("quit\n")
        self.process.stdin.close()
        self.process.wait()


def refuse_unless_fair(info, threads):
    if info["threads"] != threads:
        sys.exit(f"segue: error: expects PyTorch on {threads} threads; got {info['threads']}")
    if not any("openblas" in name for name in info["blas"]):
        sys.exit(f"segue: error: expects PyTorch on OpenBLAS; got {info['blas']}. Install libopenblas0-pthread")
    if not info["mkldnn"]:
        sys.exit("segue: error: expects a PyTorch with oneDNN (mkldnn)")


def refuse_unless_ready(args):
    # On one thread Debian's PyTorch does part of its convolutions without oneDNN: no fair opponent.
    if args.threads < 2:
        sys.exit(f"segue: error: --threads expects 2 or more; got {args.threads}")
    if args.rounds < 1:
        sys.exit(f"segue: error: --rounds expects 1 or more; got {args.rounds}")
    worker = os.path.join(args.build, "bin", "step_worker")
    if not os.access(worker, os.X_OK):
        sys.exit(f"segue: error: --build expects a build with its benchmarks; there is no {worker}")
    for step in args.steps:
        if step not in STEPS:
            sys.exit(f"segue: error: expects steps of {', '.join(STEPS)}; got {step}")


def compare(step, args):
    workers = {"segue": Worker([os.path.join(args.build, "bin", "step_worker"), step, str(args.threads)], args.threads)}
    for layout in ("contiguous", "channels_last"):
        workers[layout] = Worker(["/usr/bin/python3", os.path.join(ROOT, "bench", "pytorch_worker.py"), step, layout,
                                  str(args.threads)], args.threads)
    info = workers["contiguous"].ask("info")
    refuse_unless_fair(info, args.threads)
    for w in workers.values():
        w.ask("run 2")  # warm-up: plans, arenas, caches
    first = {layout: statistics.median(workers[layout].ask("run 2")) for layout in ("contiguous", "channels_last")}
    layout = min(first, key=first.get)
    workers.pop(max(first, key=first.get)).close()
    times = {"segue": [], layout: []}
    for i in range(args.rounds):
        for name in (("segue", layout), (layout, "segue"))[i % 2]:
            times[name] += workers[name].ask("run 1")
        if sys.stderr.isatty():
            print(f"\r{step}: round {i + 1} of {args.rounds}", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    ratios = [a / b for a, b in zip(times["segue"], times[layout])]
    row = {"step": step, "layout": layout, "segue_ms": statistics.median(times["segue"]),
           "pytorch_ms": statistics.median(times[layout]), "ratio": statistics.median(ratios),
           "ratio_low": min(ratios), "ratio_high": max(ratios),
           "segue_mib": workers["segue"].ask("memory"), "pytorch_mib": workers[layout].ask("memory"), **info}
    for w in workers.values():
        w.close()
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="*", default=STEPS, metavar="STEP")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json")
    args = parser.parse_args()
    refuse_unless_ready(args)
    rows = []
    for step in args.steps:
        row = compare(step, args)
        if not rows:
            print(f"PyTorch {row['torch']}, {row['threads']} threads, {', '.join(row['blas'])}; {args.rounds} rounds, interleaved")
            print(f"{'step':28s} {'segue ms':>9s} {'PyTorch ms':>11s} {'ratio':>6s} {'(spread)':>13s} {'MiB':>6s} {'PyTorch':>8s}  layout")
        rows.append(row)
        print(f"{step:28s} {row['segue_ms']:9.1f} {row['pytorch_ms']:11.1f} {row['ratio']:6.3f} "
              f"({row['ratio_low']:.2f}-{row['ratio_high']:.2f})  {row['segue_mib']:6.0f} {row['pytorch_mib']:8.0f}  {row['layout']}",
              flush=True)
    if args.json:
        with open(args.json, "w") as f:
            json.dump(rows, f, indent=1)


if __name__ == "__main__":
    main()
