#!/usr/bin/env python3
"""What a report says, as JSON, by a reader that knows nothing of segue: the file must be well-formed XML and balanced HTML.

  report_facts.py FILE
"""
import base64
import html.parser
import json
import re
import sys
import xml.etree.ElementTree as ET

VOID = {"meta", "img", "br", "hr", "link", "input"}


class Balance(html.parser.HTMLParser):
    """Every tag that opens closes, in order, as browsers read it."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.faults = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")


def local(tag):
    return tag.rsplit("}", 1)[-1]


def text_of(e):
    return re.sub(r"\s+", " ", "".join(e.itertext())).strip()


def main():
    source = open(sys.argv[1], encoding="utf-8").read()
    balance = Balance()
    balance.feed(source)
    balance.close()
    root = ET.fromstring(source)
    addresses, images, labels, handlers = [], [], [], []
    for e in root.iter():
        for name, value in e.attrib.items():
            if local(name) in ("href", "src", "srcset", "action", "data", "poster", "background", "formaction"):
                addresses.append(value)
            if local(name).startswith("on"):
                handlers.append(name)
        if local(e.tag) == "img":
            head, _, data = e.attrib["src"].partition(",")
            raw = base64.b64decode(data, validate=True)
            images.append({"alt": e.attrib.get("alt", ""), "kind": head, "bytes": len(raw), "magic": raw[:4].hex()})
        if local(e.tag) == "svg" and e.attrib.get("role") == "img":
            labels.append(e.attrib.get("aria-label", ""))
    style = "".join("".join(e.itertext()) for e in root.iter() if local(e.tag) == "style")
    sections = {}
    for section in root.iter():
        if local(section.tag) != "section":
            continue
        tables = []
        for table in section.iter():
            if local(table.tag) == "table":
                rows = [r for r in table.iter() if local(r.tag) == "tr"]
                tables.append([[text_of(c) for c in r if local(c.tag) in ("td", "th")] for r in rows])
        sections[section.attrib.get("id", section.attrib.get("aria-label", ""))] = {
            "text": text_of(section),
            "tables": tables,
        }
    tags = [local(e.tag) for e in root.iter()]
    header = next(e for e in root.iter() if local(e.tag) == "header")
    json.dump(
        {
            "faults": balance.faults + [f"<{t}> is left open" for t in balance.open],
            "tags": sorted(set(tags)),
            "title": text_of(next(e for e in root.iter() if local(e.tag) == "title")),
            "header": text_of(header),
            "addresses": [a for a in addresses if not a.startswith("data:image/")],
            "style_addresses": re.findall(r"url\(|@import", style),
            "handlers": handlers,
            "images": images,
            "labels": labels,
            "sections": sections,
        },
        sys.stdout,
    )


main()
