"""Headless Chromium through its DevTools protocol: enough to open a page, look, click and take a picture."""

import base64
import contextlib
import json
import shutil
import tempfile
import time
import urllib.request
from pathlib import Path

import websocket

from .processes import HarnessError, Process, wait_until

# The last line keeps it from looking for Google's servers, which a test must not need.
FLAGS = [
    *(
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--mute-audio",
        "--hide-scrollbars",
    ),
    *("--no-first-run", "--no-default-browser-check", "--disable-extensions", "--disable-breakpad"),
    *("--disable-background-timer-throttling", "--disable-renderer-backgrounding", "--disable-quic"),
    *(
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-default-apps",
    ),
]


class Browser:
    """One tab of a browser with an empty profile.

    :param size: width and height of the window in pixels.
    :raise HarnessError: when there is no Chromium, or it does not come up.
    """

    def __init__(self, size=(1400, 1000), name="browser"):
        program = shutil.which("chromium") or shutil.which("google-chrome")
        if not program:
            raise HarnessError("Chromium is missing (Debian package: chromium)")
        self._profile = Path(tempfile.mkdtemp(prefix="chromium-"))
        port_file = self._profile / "DevToolsActivePort"
        command = [program, *FLAGS, f"--user-data-dir={self._profile}", f"--window-size={size[0]},{size[1]}"]
        command += ["--remote-debugging-port=0", "about:blank"]
        self._process = Process(name, command, env={"TMPDIR": str(self._profile)}).start()
        self._process.wait_ready(lambda: port_file.exists() and port_file.read_text().count("\n"), timeout=60)
        port = port_file.read_text().splitlines()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10) as answer:
            page = next(target for target in json.load(answer) if target["type"] == "page")
        self._socket = websocket.create_connection(
            page["webSocketDebuggerUrl"], timeout=30, suppress_origin=True, enable_multithread=False
        )
        self._next_id = 0
        self.errors = []  # uncaught exceptions and console errors of the pages
        for domain in ("Page", "Runtime", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method, timeout=60.0, **params):
        """One command of the DevTools protocol.

        :return: its result.
        :raise HarnessError: when Chromium refuses it or does not answer in time.
        """
        self._next_id += 1
        self._socket.send(json.dumps({"id": self._next_id, "method": method, "params": params}))
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with contextlib.suppress(websocket.WebSocketTimeoutException):
                message = json.loads(self._socket.recv())
                if message.get("id") == self._next_id:
                    if "error" in message:
                        raise HarnessError(f"{method}: {message['error']['message']}")
                    return message["result"]
                self._note(message)
        raise HarnessError(f"Chromium did not answer {method} within {timeout:g} s")

    def _note(self, event):
        if event.get("method") == "Runtime.exceptionThrown":
            details = event["params"]["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif event.get("method") == "Runtime.consoleAPICalled" and event["params"]["type"] == "error":
            parts = event["params"]["args"]
            self.errors.append(
                " ".join(str(part.get("value") or part.get("description", "")) for part in parts)
            )

    def log_in(self, session):
        """Be the user of an ``rpc.Session``: its cookie is enough."""
        self.send("Network.setCookie", name="session_id", value=session.session_id, url=session.url)

    def open(self, url, ready="body", timeout=60.0):
        """Go to an address and wait until an element is there.

        :param str ready: CSS selector of that element.
        """
        self.send("Page.navigate", url=url)
        self.wait_for(ready, timeout)

    def evaluate(self, expression):
        """:return: the value of a JavaScript expression (promises are awaited).

        :raise HarnessError: when it throws.
        """
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise HarnessError(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    def wait_for(self, selector, timeout=30.0):
        """Wait until an element matches the CSS selector."""
        found = f"!!document.querySelector({json.dumps(selector)})"
        wait_until(lambda: self.evaluate(found), f"the page shows {selector}", timeout)

    def text(self, selector="body"):
        """:return: the visible text of an element, or None when there is none."""
        return self.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText")

    def click(self, selector, timeout=30.0):
        """Click an element once it is there."""
        self.wait_for(selector, timeout)
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def fill(self, selector, text, timeout=30.0):
        """Type a text into a field in place of what is there, and leave the field."""
        self.wait_for(selector, timeout)
        field = f"document.querySelector({json.dumps(selector)})"
        self.evaluate(f"{field}.focus(), {field}.select()")
        self.send("Input.insertText", text=text)
        self.evaluate(f"{field}.dispatchEvent(new Event('change', {{bubbles: true}})), {field}.blur()")

    def upload(self, selector, path, timeout=30.0):
        """Choose a file for an ``input`` of type file."""
        self.wait_for(selector, timeout)
        document = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=document, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def trust_every_certificate(self):
        """Open pages of servers whose certificates come from a test authority."""
        self.send("Security.enable")
        self.send("Security.setIgnoreCertificateErrors", ignore=True)

    def screenshot(self, path):
        """Write the window as a PNG file.

        :return: its ``Path``.
        """
        picture = self.send("Page.captureScreenshot", format="png")
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(picture["data"]))
        return path

    def stop(self):
        with contextlib.suppress(OSError, websocket.WebSocketException):
            self._socket.close()
        self._process.stop()
        shutil.rmtree(self._profile, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.stop()
