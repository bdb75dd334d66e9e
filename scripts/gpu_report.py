#!/usr/bin/env python3
"""What scripts/gpu-check makes of its results.

    gpu_report.py tests FOLDER JSON     sums up GoogleTest's reports in FOLDER: cases, failures, largest error
"""

import glob
import json
import os
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


COMMANDS = {"tests": tests}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        die("expects one of " + ", ".join(COMMANDS))
    COMMANDS[sys.argv[1]](*sys.argv[2:])
