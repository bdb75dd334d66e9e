#!/usr/bin/python3
"""Reads a safetensors file from the format's description alone and prints what it holds: a second opinion on segue's."""
import json
import struct
import sys

FORMATS = {"F32": "f", "F64": "d", "F16": "e", "I64": "q", "I32": "i", "U8": "B", "BOOL": "?"}

with open(sys.argv[1], "rb") as f:
    (length,) = struct.unpack("<Q", f.read(8))
    header = json.loads(f.read(length).decode("utf-8"))
    data = f.read()

for key, value in sorted(header.pop("__metadata__", {}).items()):
    print(f"{key}={value}")
end = 0
for name, t in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
    begin, next_end = t["data_offsets"]
    assert begin == end, (name, begin, end)
    end = next_end
assert end == len(data), (end, len(data))
for name, t in sorted(header.items()):
    count = 1
    for extent in t["shape"]:
        count *= extent
    begin, end = t["data_offsets"]
    values = struct.unpack(f"<{count}{FORMATS[t['dtype']]}", data[begin:end])
    print(name, t["dtype"], t["shape"], *(f"{v:.8g}" if isinstance(v, float) else v for v in values))
