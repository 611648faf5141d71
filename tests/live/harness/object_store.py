"""An S3-compatible object store with object lock (moto's server) as a process of its own."""

import os
import urllib.error
import urllib.request

from .processes import ENV_DIR, Process, free_port

SERVER = ENV_DIR / "venv-sandbox" / "bin" / "moto_server"
# The server looks whether somebody signed, not whether rightly.
ANYBODY = (
    "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=any"
)


class ObjectStore(Process):
    """Believes any key, so that a test can look beside Odoo."""

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(
            f"object-store-{os.getpid()}-{self.port}", [SERVER, "-H", "127.0.0.1", "-p", self.port]
        )

    def start(self):
        super().start()
        return self.wait_ready(lambda: self.call("GET", "/")[0] == 200)

    def call(self, method, path, headers=None):
        """:return: (HTTP status, body); status 0 without an answer."""
        request = urllib.request.Request(
            f"{self.url}{path}", method=method, headers={"Authorization": ANYBODY, **(headers or {})}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def make_bucket(self, name, lock=True):
        """:return: the address of a new bucket."""
        headers = {"x-amz-bucket-object-lock-enabled": "true"} if lock else {}
        status, body = self.call("PUT", f"/{name}", headers)
        assert status == 200, body
        return f"{self.url}/{name}"
