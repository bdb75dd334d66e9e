#!/usr/bin/env python3
"""How a report looks in a real browser, as JSON: console messages, and boxes and colours as they are laid out.

  report_look.py FILE SCREENSHOT

Prints {"browser": null} where there is no Chromium. The report forbids scripts, so what is measured is a copy of it that
allows one and has one at its end; the console and the screenshot are those of the file itself.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

MEASURE = r"""
const box = e => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.width, r.height].map(v => Math.round(v * 100) / 100); };
const rgb = c => (c.match(/[\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
const backing = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
  if (c.length == 3 || c[3] > 0) return c; } return [255, 255, 255]; };
const contrast = (e, color) => { const a = light(rgb(color)), b = light(backing(e)); return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); };
const all = s => [...document.querySelectorAll(s)];
const found = {
  width: innerWidth, scroll_width: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight,
  sections: Object.fromEntries(all('section').map(e => [e.id || 'notes', box(e)])),
  pictures: all('img').map(e => ({box: box(e), complete: e.complete, natural: e.naturalWidth})),
  charts: all('svg[role=img]').map(e => ({box: box(e), hidden: !!e.closest('details:not([open])')})),
  bars: all('td.bars').filter(e => e.querySelector('svg.bar')).map(e => ({text: e.querySelector('.n').textContent,
    share: e.querySelectorAll('rect')[1].getBoundingClientRect().width / e.querySelectorAll('rect')[0].getBoundingClientRect().width,
    section: e.closest('section').id})),
  lowest_text_contrast: Math.min(...all('h1,h2,h3,h4,p,th,td,figcaption,summary,a,li,.state,.up,.down,code,pre').filter(e => e.textContent.trim())
    .map(e => contrast(e, getComputedStyle(e).color))),
  lowest_mark_contrast: Math.min(...all('path.line').map(e => contrast(e, getComputedStyle(e).stroke))
    .concat(all('svg.bar rect:not(.track), circle').map(e => contrast(e, getComputedStyle(e).fill)))),
};
const out = document.createElement('pre'); out.id = 'measured'; out.textContent = JSON.stringify(found); document.body.append(out);
"""


def chromium():
    for name in (os.environ.get("SEGUE_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"):
        if name and shutil.which(name):
            return shutil.which(name)
    return None


def run(browser, folder, options, path):
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
               "--no-first-run", "--disable-background-networking", "--enable-logging=stderr", "--user-data-dir=" + folder]
    return subprocess.run(command + options + ["file://" + os.path.abspath(path)], capture_output=True, text=True,
                          timeout=280, env=dict(os.environ, HOME=folder))


def measured(browser, folder, path, width, dark):
    copy = os.path.join(folder, "copy.html")
    source = open(path, encoding="utf-8").read()
    source = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*/>", "", source, count=1)
    open(copy, "w", encoding="utf-8").write(source.replace("</body>", "<script>" + MEASURE + "</script></body>"))
    scheme = "--blink-settings=preferredColorScheme=%d" % (0 if dark else 1)
    done = run(browser, folder, ["--window-size=%d,900" % width, scheme, "--dump-dom"], copy)
    match = re.search(r"<pre id=\"measured\">(.*?)</pre>", done.stdout, re.S)
    if not match:
        sys.exit("the page did not load: " + done.stderr[-2000:])
    text = match.group(1).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return json.loads(text)


def main():
    browser = chromium()
    if not browser:
        print(json.dumps({"browser": None}))
        return
    path, screenshot = sys.argv[1], sys.argv[2]
    with tempfile.TemporaryDirectory() as folder:
        done = run(browser, folder, ["--window-size=1200,3000", "--screenshot=" + screenshot], path)
        print(json.dumps({
            "browser": browser,
            "console": re.findall(r"CONSOLE[^\n]*", done.stderr),
            "screenshot_bytes": os.path.getsize(screenshot) if os.path.exists(screenshot) else 0,
            "wide": measured(browser, folder, path, 1200, False),
            "narrow": measured(browser, folder, path, 500, True),
        }))


main()
