#!/usr/bin/env python3
"""Opens an HTML report of `jettison slim` in headless Chromium and looks at it as a reader would.

    tests/report.py REPORT.html

At the width of a desktop and of a phone, in light and dark mode: the page has no horizontal
scrollbar, sections are in the order in which they answer questions, labels of tiles fit and are
readable, and a tile says its name, size and reason when it is hovered over or focused.
Needs `chromedriver` and Chromium (Debian: chromium chromium-driver).
"""

import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}

# Runs in the page; gives a list of faults.
LOOK = r"""
const faults = [];
const say = (text) => faults.push(text);
const box = (element) => element.getBoundingClientRect();
if (document.scrollingElement.scrollWidth > innerWidth + 1)
  say(`the page is ${document.scrollingElement.scrollWidth} wide, the window ${innerWidth}`);

const channels = (color) => color.match(/[\d.]+/g).slice(0, 3).map(Number);
const luminance = (color) => {
  const [r, g, b] = channels(color).map((c) => {
    c /= 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a, b) => {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
};
const paper = getComputedStyle(document.body).backgroundColor;
for (const element of document.querySelectorAll('p, td, th, h1, h2, summary, .soft, .line b')) {
  const style = getComputedStyle(element);
  let under = style.backgroundColor;
  if (under === 'rgba(0, 0, 0, 0)') under = paper;
  if (contrast(style.color, under) < 4.5) say(`hard to read: ${element.textContent.slice(0, 40)}`);
}

const map = document.querySelector('.map');
let labels = 0;
for (const tile of document.querySelectorAll('.map li')) {
  const [outer, label] = [box(tile), tile.querySelector('.line b')];
  const name = label.textContent;
  const edges = box(map);
  if (outer.left < edges.left - 1 || outer.right > edges.right + 1 || outer.bottom > edges.bottom + 1)
    say(`the tile of ${name} is outside of the map`);
  // A label is shown whole or not at all.
  const line = box(tile.querySelector('.line'));
  const shown = box(label);
  const visible = line.height > 0 && shown.top < line.bottom - 1;
  if (visible) {
    labels += 1;
    if (shown.right > outer.right + 1 || shown.bottom > outer.bottom + 1)
      say(`the label ${name} is cut off`);
  }
  const tip = tile.querySelector('.tip');
  if (getComputedStyle(tip).display !== 'none') say(`the tip of ${name} is always visible`);
  tile.focus({preventScroll: true});
  const open = box(tip);
  if (getComputedStyle(tip).display === 'none') say(`no tip when ${name} is focused`);
  if (open.left < 0 || open.right > innerWidth || open.bottom > innerHeight || open.top < 0)
    say(`the tip of ${name} is outside of the window`);
  if (!/: .*B of .*B kept/.test(tip.textContent)) say(`the tip of ${name} has no size: ${tip.textContent}`);
  tile.blur();
}
if (labels === 0) say('no tile has a label');

const order = [...document.querySelectorAll('h1, h2, .big, .map')].map((element) =>
  element.className || element.textContent);
return {faults, order, labels, tiles: document.querySelectorAll('.map li').length};
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Browser:
    def __init__(self, profile):
        self.address = f"http://127.0.0.1:{free_port()}"
        port = self.address.rsplit(":", 1)[1]
        self.driver = subprocess.Popen(
            ["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", f"--user-data-dir={profile}",
        ]
        options = {"browserName": "chrome", "goog:chromeOptions": {"args": arguments}}
        wanted = {"capabilities": {"alwaysMatch": options}}
        for attempt in range(100):
            try:
                self.session = self.call("/session", wanted)["sessionId"]
                return
            except OSError:
                if attempt == 99:
                    raise
                time.sleep(0.2)

    def call(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["value"]

    def command(self, path, body):
        return self.call(f"/session/{self.session}/{path}", body)

    def devtools(self, method, **parameters):
        return self.command("goog/cdp/execute", {"cmd": method, "params": parameters})

    def run(self, script):
        return self.command("execute/sync", {"script": script, "args": []})

    def close(self):
        request = urllib.request.Request(f"{self.address}/session/{self.session}", method="DELETE")
        urllib.request.urlopen(request, timeout=60).close()
        self.driver.terminate()
        self.driver.wait()


def look(browser, page):
    faults = []
    for device, (width, height) in WIDTHS.items():
        for scheme in ("light", "dark"):
            browser.devtools(
                "Emulation.setDeviceMetricsOverride",
                width=width, height=height, deviceScaleFactor=1, mobile=device == "phone",
            )
            browser.devtools(
                "Emulation.setEmulatedMedia",
                features=[{"name": "prefers-color-scheme", "value": scheme}],
            )
            browser.command("url", {"url": page})
            seen = browser.run(LOOK)
            faults += [f"{device}, {scheme}: {fault}" for fault in seen["faults"]]
            order = seen["order"]
            if order.index("big") > order.index("map"):
                faults.append(f"{device}: the totals are not before the map")
            for title in order:
                first_answers = title.startswith(("Unknown", "Risky"))
                if first_answers and order.index(title) > order.index("map"):
                    faults.append(f"{device}: `{title}` is not before the map")
            print(f"{device}, {scheme}: {seen['tiles']} tiles, {seen['labels']} with a label")
    return faults


def main():
    page = pathlib.Path(sys.argv[1]).resolve().as_uri()
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(profile)
        try:
            faults = look(browser, page)
        finally:
            browser.close()
    for fault in faults:
        print(fault, file=sys.stderr)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
