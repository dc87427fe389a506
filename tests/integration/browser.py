"""A headless Chromium, through chromedriver: https://www.w3.org/TR/webdriver2/"""

import base64
import contextlib
import http.client
import json
import shutil
import subprocess
import tempfile
import time

from cluster import accepts, free_port, wait_until

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--hide-scrollbars"]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    def __init__(self, dark=False):
        self.directory = tempfile.mkdtemp(prefix="lockkeeper-chromium-")
        self.port = free_port()
        self.driver = subprocess.Popen(["chromedriver", f"--port={self.port}", "--silent"], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.session = ""
        try:
            wait_until(lambda: accepts(self.port), "chromedriver listens")
            options = {"binary": "/usr/bin/chromium", "args": [*FLAGS, f"--user-data-dir={self.directory}"] + (["--force-dark-mode"] if dark else [])}
            made = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": {
                "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})
            self.session = "/session/" + made["sessionId"]
        except BaseException:
            self.close()
            raise

    def _ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        with contextlib.closing(connection):
            connection.request(method, self.session + path, json.dumps(body if body is not None else {}) if method == "POST" else None,
                               {"Content-Type": "application/json"})
            value = json.loads(connection.getresponse().read())["value"]
        if isinstance(value, dict) and "error" in value:
            raise RuntimeError(f"{value['error']}: {value['message']}")
        return value

    def open(self, url):
        self._ask("POST", "/url", {"url": url})

    def size(self, width, height, mobile=False):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if mobile else 1, mobile=mobile)

    def color_scheme(self, name):
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def command(self, name, **parameters):
        """Of Chromium's own protocol."""
        return self._ask("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def script(self, body, *arguments):
        return self._ask("POST", "/execute/sync", {"script": body, "args": list(arguments)})

    def elements(self, selector):
        return [found[ELEMENT] for found in self._ask("POST", "/elements", {"using": "css selector", "value": selector})]

    def click(self, selector):
        self._ask("POST", f"/element/{self.elements(selector)[0]}/click")

    def type(self, selector, text):
        self._ask("POST", f"/element/{self.elements(selector)[0]}/value", {"text": text})

    def clear(self, selector):
        self._ask("POST", f"/element/{self.elements(selector)[0]}/clear")

    def text(self, selector="body"):
        return self.script("const e = document.querySelector(arguments[0]); return e ? e.innerText : ''", selector)

    def until(self, condition, what, seconds=20):
        """`condition` is JavaScript that returns something true in the end."""
        try:
            return wait_until(lambda: self.script(f"return {condition}"), what, seconds)
        except TimeoutError:
            raise AssertionError(f"{what}:\n{self.text()}\n{self.complaints()}") from None

    def screenshot(self, path, whole=True):
        shot = self.command("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def complaints(self):
        """What the console says: errors of scripts, of the content security policy, of requests."""
        return [entry["message"] for entry in self._ask("POST", "/se/log", {"type": "browser"})]

    def close(self):
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            if self.session:
                self._ask("DELETE", "")
        self.driver.terminate()
        self.driver.wait(20)
        end = time.monotonic() + 5
        while time.monotonic() < end:  # its last processes may still write into it
            shutil.rmtree(self.directory, ignore_errors=True)
            with contextlib.suppress(FileNotFoundError):
                shutil.os.stat(self.directory)
                time.sleep(0.1)
                continue
            break
