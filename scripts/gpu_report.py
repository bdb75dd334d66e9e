#!/usr/bin/env python3
"""What scripts/gpu-check makes of its results.

    gpu_report.py tests FOLDER JSON      sums up GoogleTest's reports in FOLDER: cases, failures, largest error
    gpu_report.py report FOLDER TARGET   writes TARGET/<gpu>-<date>.md and .json from what the parts left in FOLDER

Results of parts that have not run are left out.
"""

import datetime
import glob
import json
import os
import re
import statistics
import subprocess
import sys


def die(message):
    sys.exit("segue: error: " + message)


def tests(folder, out):
    rows = {}
    for path in sorted(glob.glob(os.path.join(folder, "*.json"))):
        with open(path) as f:
            report = json.load(f)
        row = rows.setdefault(os.path.splitext(os.path.basename(path))[0],
                              {"passed": 0, "failed": 0, "skipped": 0, "worst": 0.0, "failures": []})
        for suite in report["testsuites"]:
            for test in suite["testsuite"]:
                if test.get("result") == "SKIPPED":
                    row["skipped"] += 1
                elif test.get("failures"):
                    row["failed"] += 1
                    row["failures"].append({"test": test["name"], "message": test["failures"][0]["failure"][:1000]})
                else:
                    row["passed"] += 1
                row["worst"] = max(row["worst"], float(test.get("error_over_allowed", 0)))
    if not rows:
        die(f"expects reports of GoogleTest in {folder}; got none")
    with open(out, "w") as f:
        json.dump(rows, f, indent=1)
    total = {key: sum(row[key] for row in rows.values()) for key in ("passed", "failed", "skipped")}
    for op, row in rows.items():
        for failure in row["failures"][:3]:
            print(f"{failure['test']}\n    " + "\n    ".join(failure["message"].splitlines()[:6]))
        if len(row["failures"]) > 3:
            print(f"{op}: {len(row['failures']) - 3} more failures")
    worst = max(rows, key=lambda op: rows[op]["worst"])
    print(f"{len(rows)} ops: {total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped; "
          f"largest error {rows[worst]['worst']:.2f} of the allowed, in {worst}")


def output_of(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def machine():
    fields = ["name", "driver_version", "memory.total", "clocks.max.sm", "clocks.max.mem", "power.limit"]
    values = output_of("nvidia-smi", "--query-gpu=" + ",".join(fields), "--format=csv,noheader").splitlines()
    row = dict(zip(fields, [v.strip() for v in values[0].split(",")])) if values else {"name": "no GPU"}
    row["commit"] = output_of("git", "describe", "--always", "--dirty", "--abbrev=12") or "unknown"
    row["cpus"] = os.cpu_count()
    return row


def load(folder, name):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return None
    with open(path) as f:
        return json.load(f)


def predictions():
    """What bench/predictions.json foresaw, or nothing."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench", "predictions.json")) as f:
        return json.load(f)


def spread(values):
    return 100 * (max(values) - min(values)) / statistics.median(values)


def table(head, rows):
    aligned = "|---|" + "---:|" * (len(head) - 1)
    return ["| " + " | ".join(head) + " |", aligned] + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def kernel_rows(report):
    runs = {}
    for run in report["benchmarks"]:
        name = run["run_name"].split("/iterations:")[0]
        if run.get("error_occurred"):
            runs[name] = run["error_message"]
        elif run["run_type"] == "iteration":
            runs.setdefault(name, []).append(run)
    rows = []
    for name, samples in runs.items():
        if isinstance(samples, str):
            rows.append({"case": name, "error": samples})
            continue
        us = [run["real_time"] for run in samples]
        row = {"case": name, "us": statistics.median(us), "spread_percent": spread(us)}
        for key in ("GB/s", "%copy", "TFLOP/s", "%matmul"):
            if key in samples[0]:
                row[key] = statistics.median(run[key] for run in samples)
        rows.append(row)
    return rows


def step_times(folder):
    """{step: {column: {"ms", "spread_percent", "mib"}}}; of several layouts in PyTorch the fastest."""
    times = {}
    for side, rows in (("segue", load(folder, "steps.json") or []), ("PyTorch", load(folder, "torch.json") or [])):
        for row in rows:
            if row["mode"] == "profile":
                continue
            column = f"{side} {row['mode']}"
            entry = {"ms": statistics.median(row["ms"]), "spread_percent": spread(row["ms"]),
                     "mib": row.get("peak_mib", row.get("step_mib", 0) + row.get("persistent_mib", 0)),
                     "layout": row.get("layout", "")}
            columns = times.setdefault(row["step"], {})
            if column not in columns or entry["ms"] < columns[column]["ms"]:
                columns[column] = entry
    return times


def step_table(times):
    foreseen = predictions()
    columns = sorted({c for row in times.values() for c in row}, key=lambda c: (not c.startswith("segue"), c))
    rows = []
    for step, row in times.items():
        expected = foreseen["steps_ms"].get(step, {})
        cells = [(f"{row[c]['ms']:.2f} ± {row[c]['spread_percent'] / 2:.1f} %" if c in row else "") +
                 (f" ({expected[c]})" if c in expected else "") for c in columns]
        ours = [row[c]["ms"] for c in columns if c in row and c.startswith("segue")]
        theirs = [row[c]["ms"] for c in columns if c in row and not c.startswith("segue")]
        cells.append(f"{min(theirs) / min(ours):.2f}" if ours and theirs else "")
        rows.append([step] + cells)
    return table([f"step, ms (foreseen for {foreseen['device']})"] + columns + ["fastest PyTorch / fastest segue"], rows)


def report(folder, target):
    host, found = machine(), {}
    lines = [f"# {host['name']}, {datetime.date.today()}", ""]
    lines += table(["machine", ""], [[key, str(value)] for key, value in host.items()])
    times = step_times(folder)
    if times:
        found["steps"] = times
        lines += ["## Steps", ""] + step_table(times)
    for row in load(folder, "steps.json") or []:
        if row["mode"] != "profile":
            continue
        total = sum(k["ms"] for k in row["kernels"])
        found.setdefault("profiles", {})[row["step"]] = row["kernels"]
        lines += [f"## Where {row['step']} goes", "", "Eager, with an event around every kernel.", ""]
        lines += table(["kernel", "calls", "ms", "share"],
                       [[k["name"], str(k["calls"]), f"{k['ms']:.3f}", f"{100 * k['ms'] / total:.1f} %"] for k in row["kernels"]])
    kernels = load(folder, "kernels.json")
    if kernels:
        found["kernels"] = kernel_rows(kernels)
        context = kernels["context"]
        lines += ["## Kernels", "", f"Copy {float(context['copy_GB_per_s']):.0f} GB/s, matrix product in bf16 "
                  f"{float(context['matmul_TFLOP_per_s']):.0f} TFLOP/s, both measured in this run; operands cold.", ""]
        number = lambda row, key: f"{row[key]:.1f}" if key in row else ""
        expected = predictions()["percent_of_copy"]
        for row in found["kernels"]:
            op = row["case"].split("/")[0]
            if op in expected:
                row["foreseen_%copy"] = expected[op]
        lines += table(["case", "us", "spread", "GB/s", "% copy", "foreseen", "TFLOP/s", "% matmul"],
                       [[row["case"], row["error"]] + [""] * 6 if "error" in row else
                        [row["case"], f"{row['us']:.2f}", f"{row['spread_percent']:.1f} %"] +
                        [number(row, key) for key in ("GB/s", "%copy", "foreseen_%copy", "TFLOP/s", "%matmul")]
                        for row in found["kernels"]])
    ops = load(folder, "tests.json")
    if ops:
        found["tests"] = {op: {k: v for k, v in row.items() if k != "failures"} for op, row in ops.items()}
        lines += ["## Cases on the device", ""]
        lines += table(["op", "passed", "failed", "largest error / allowed"],
                       [[op, str(row["passed"]), str(row["failed"]), f"{row['worst']:.2f}"] for op, row in ops.items()])
    if not found:
        die(f"expects results in {folder}; got none")
    os.makedirs(target, exist_ok=True)
    slug = re.sub(r"[^a-z0-9]+", "-", host["name"].lower()).strip("-")
    base = os.path.join(target, f"{slug}-{datetime.date.today()}")
    with open(base + ".md", "w") as f:
        f.write("\n".join(lines))
    with open(base + ".json", "w") as f:
        json.dump({"machine": host, "date": str(datetime.date.today()), "foreseen": predictions(), **found}, f, indent=1)
    if times:
        print("\n".join(step_table(times)))
    print(f"wrote {base}.md and .json")


COMMANDS = {"tests": tests, "report": report}

if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in COMMANDS:
        die("expects one of " + ", ".join(COMMANDS) + " and its two arguments")
    COMMANDS[sys.argv[1]](*sys.argv[2:])
