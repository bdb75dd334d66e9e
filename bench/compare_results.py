#!/usr/bin/env python3
"""Compares two files of cuda_kernels_bench or kernels_bench (--benchmark_out, JSON): is the second faster, or is it noise?

    bench/compare_results.py BEFORE AFTER [--alpha 0.01]

For each case in both: the medians, their ratio, and the two-sided p of a Mann-Whitney U test over the samples. A line is marked
where p < alpha: "faster" or "slower". Compare files of the same machine alone, better still of interleaved runs.
"""

import argparse
import json
import math
import statistics
import sys


def samples(path):
    with open(path) as f:
        report = json.load(f)
    times = {}
    for run in report["benchmarks"]:
        if run["run_type"] == "iteration" and not run.get("error_occurred"):
            scale = {"ns": 1e-3, "us": 1, "ms": 1e3, "s": 1e6}[run["time_unit"]]
            name = run["run_name"].split("/iterations:")[0]
            times.setdefault(name, []).append(run["real_time"] * scale)
    return times, report["context"]


def u_test(a, b):
    """Two-sided p by the normal approximation, corrected for ties and continuity; good from about eight samples each."""
    ranked = sorted((value, side) for side, values in ((0, a), (1, b)) for value in values)
    rank_sum, ties, i = 0.0, 0.0, 0
    while i < len(ranked):
        j = i
        while j < len(ranked) and ranked[j][0] == ranked[i][0]:
            j += 1
        rank = (i + 1 + j) / 2
        rank_sum += rank * sum(1 for _, side in ranked[i:j] if side == 0)
        ties += (j - i) ** 3 - (j - i)
        i = j
    n, m = len(a), len(b)
    u = rank_sum - n * (n + 1) / 2
    variance = n * m / 12 * ((n + m + 1) - ties / ((n + m) * (n + m - 1)))
    if variance <= 0:
        return 1.0
    z = max(abs(u - n * m / 2) - 0.5, 0) / math.sqrt(variance)
    return math.erfc(z / math.sqrt(2))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("--alpha", type=float, default=0.01)
    args = parser.parse_args()
    (before, context_before), (after, context_after) = samples(args.before), samples(args.after)
    if context_before.get("gpu") != context_after.get("gpu"):
        sys.exit(f"segue: error: expects results of one kind of GPU; got {context_before.get('gpu')} and {context_after.get('gpu')}")
    names = [name for name in before if name in after]
    if not names:
        sys.exit("segue: error: expects a case that is in both files; got none")
    width = max(map(len, names))
    print(f"{'case':{width}s} {'before us':>11s} {'after us':>11s} {'ratio':>7s} {'p':>8s}")
    for name in names:
        a, b = before[name], after[name]
        if min(len(a), len(b)) < 5:
            sys.exit(f"segue: error: expects at least 5 samples of {name}; got {len(a)} and {len(b)}")
        ratio, p = statistics.median(b) / statistics.median(a), u_test(a, b)
        verdict = "" if p >= args.alpha else "  faster" if ratio < 1 else "  slower"
        print(f"{name:{width}s} {statistics.median(a):11.2f} {statistics.median(b):11.2f} {ratio:7.3f} {p:8.1e}{verdict}")


if __name__ == "__main__":
    main()
