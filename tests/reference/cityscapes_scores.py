#!/usr/bin/python3
"""Scores by the rules of Cityscapes' evaluator, counted pixel by pixel with masks, without a matrix: prints them as JSON.

Reads a safetensors file with label.0, prediction.0, label.1, ... U8 [H,W], ids of label files."""
import json
import struct
import sys

import numpy as np

# (category, names of ids in order; * marks what the evaluator ignores)
LABELS = [
    ("void", "unlabeled* ego_vehicle* rectification_border* out_of_roi* static* dynamic* ground*"),
    ("flat", "road sidewalk parking* rail_track*"),
    ("construction", "building wall fence guard_rail* bridge* tunnel*"),
    ("object", "pole polegroup* traffic_light traffic_sign"),
    ("nature", "vegetation terrain"),
    ("sky", "sky"),
    ("human", "person rider"),
    ("vehicle", "car truck bus caravan* trailer* train motorcycle bicycle"),
]


def read(path):
    with open(path, "rb") as f:
        (length,) = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(length).decode("utf-8"))
        data = f.read()
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(data[slice(*t["data_offsets"])], np.uint8).reshape(t["shape"])
        for name, t in header.items()
    }


tensors = read(sys.argv[1])
count = len(tensors) // 2
label = np.concatenate([tensors[f"label.{i}"].ravel() for i in range(count)])
prediction = np.concatenate([tensors[f"prediction.{i}"].ravel() for i in range(count)])

labels = []
for category, names in LABELS:
    for name in names.split():
        labels.append((name.rstrip("*").replace("_", " "), category, name.endswith("*")))
ignored = np.isin(label, [i for i, (_, _, ignore) in enumerate(labels) if ignore])


def iou(ids):
    """Of some ids taken as one class; None if there is no such pixel."""
    if not ids:
        return None
    true, said = np.isin(label, ids), np.isin(prediction, ids)
    tp = np.count_nonzero(true & said)
    fn = np.count_nonzero(true & ~said)
    fp = np.count_nonzero(~true & said & ~ignored)
    return tp / (tp + fn + fp) if tp + fn + fp else None


def mean(scores):
    there = [s for s in scores.values() if s is not None]
    return sum(there) / len(there) if there else None


result = {"confMatrix": [[0] * len(labels) for _ in labels], "priors": {}, "labels": {}, "classScores": {}}
for i, (name, _, ignore) in enumerate(labels):
    result["labels"][name] = i
    result["priors"][name] = np.count_nonzero(label == i) / label.size
    result["classScores"][name] = None if ignore else iou([i])
    for j in range(len(labels)):
        result["confMatrix"][i][j] = np.count_nonzero((label == i) & (prediction == j))
result["classInstScores"] = {name: None for name, _, _ in labels}
result["categoryScores"] = {
    category: iou([i for i, (_, c, ignore) in enumerate(labels) if c == category and not ignore])
    for category, _ in LABELS
}
result["categoryInstScores"] = {category: None for category, _ in LABELS}
result["averageScoreClasses"] = mean(result["classScores"])
result["averageScoreInstClasses"] = None
result["averageScoreCategories"] = mean(result["categoryScores"])
result["averageScoreInstCategories"] = None
evaluated = [i for i, (_, _, ignore) in enumerate(labels) if not ignore]
valid = np.isin(label, evaluated)
result["pixelAccuracy"] = np.count_nonzero(valid & (label == prediction)) / max(1, np.count_nonzero(valid))
recalls = {i: np.count_nonzero((label == i) & (prediction == i)) / n if (n := np.count_nonzero(label == i)) else None
           for i in evaluated}
result["averageAccuracyClasses"] = mean(recalls)
print(json.dumps(result))
