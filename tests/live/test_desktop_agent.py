"""The agent on a desk and pages in a real browser: Odoo's may talk to it once paired, another's gets nothing."""

import contextlib
import http.server
import threading

import pytest

from tests.pure.signature.test_desktop_agent import Desk, make

# What a page may try: as Odoo would, as a form would (no question beforehand), and without looking at the answer.
ASK = """
(async (url, options) => {
    try {
        const answer = await fetch(url, options);
        return `${answer.status} ${await answer.text()}`;
    } catch (error) {
        return `refused: ${error.name}`;
    }
})(%s)
"""


@contextlib.contextmanager
def page():
    """An origin of its own: the address of a page on a free port."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = b"<!DOCTYPE html><title>page</title><p>page</p>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments):
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


@pytest.fixture
def odoo_page():
    with page() as url:
        yield url


@pytest.fixture
def desk(tmp_path, odoo_page):
    class OwnDesk(Desk):
        def door(self):
            return ["[desktop]", f'origins = ["{odoo_page}"]', "port = 0"]

    running = OwnDesk(tmp_path)
    running.start()
    yield running
    running.stop()


def ask(browser, desk, path, body="{}", mode="cors", content_type="application/json", **headers):
    headers = {"Content-Type": content_type, **headers}
    options = f"{{method: 'POST', mode: '{mode}', headers: {headers!r}, body: {body!r}}}"
    return browser.evaluate(ASK % f"'http://127.0.0.1:{desk.port}{path}', {options}")


def pages_opened(desk):
    return desk.opened.read_text().split() if desk.opened.exists() else []


def test_odoo_s_page_is_heard(browser, desk, odoo_page):
    browser.open(odoo_page, ready="p")
    assert ask(browser, desk, "/pair/begin").startswith("200 ")
    desk.page(1)
    assert '"agent.unpaired"' in ask(browser, desk, "/chain", '{"key": "company"}', Authorization="Bearer x")


def test_a_hostile_page_gets_nothing(browser, desk, odoo_page):
    desk.ask("/pair/begin", Origin=odoo_page)
    key = desk.ask("/pair", {"code": desk.code()}, Origin=odoo_page)[2]["key"]
    _document, _prepared, request = make(desk)
    with page() as hostile:
        browser.open(hostile, ready="p")
        # Even with the stolen key of another origin
        stolen = {"Authorization": f"Bearer {key}"}
        for path in ("/chain", "/sign", "/pair/begin", "/pair"):
            assert ask(browser, desk, path, **stolen) == "refused: TypeError"
            assert ask(browser, desk, path, mode="no-cors", content_type="text/plain") == "refused: TypeError"
        # The agent's own pages can neither be read nor be framed
        shown = desk.page(1)
        assert browser.evaluate(ASK % f"'http://127.0.0.1:{desk.port}{shown}', {{}}") == "refused: TypeError"
        browser.evaluate(
            "new Promise((done) => { const frame = document.createElement('iframe'); frame.onload = done;"
            f"frame.src = 'http://127.0.0.1:{desk.port}{shown}'; document.body.append(frame); }})"
        )
        assert browser.evaluate("document.querySelector('iframe').contentDocument") is None
    assert len(pages_opened(desk)) == 1, "nobody at the desk was bothered"
    asked = {"key": "company", "documents": [request]}
    assert desk.ask("/sign", asked, Origin=odoo_page, **stolen)[0] == 200, "the rightful page still may"


def test_another_name_of_this_machine(browser, desk):
    """What DNS rebinding comes to: a page whose own name leads to the agent."""
    browser.open(f"http://localhost:{desk.port}/ask/x")
    assert '"agent.origin"' in browser.text()
