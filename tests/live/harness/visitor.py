"""A user at the screen: clicks that are counted, and typing, in a ``browser.Browser``."""

import json
import tempfile
from pathlib import Path

from .processes import ENV_DIR, HarnessError, wait_until

VISIBLE = "e => e.offsetParent !== null && !e.disabled"
# More clicks than this from the dashboard, and people look for another program.
MOST_CLICKS = 15
DASHBOARD = "account.open_account_journal_dashboard_kanban"


class Visitor:
    """Somebody who has logged in.

    :param browser: a ``browser.Browser``.
    :param session: the user's ``rpc.Session``.
    """

    def __init__(self, browser, session):
        self.browser = browser
        self.session = session
        self.clicks = 0
        browser.log_in(session)

    def open(self, path, ready):
        """Go to an address of the server and wait for an element."""
        self.browser.open(self.session.url + path, ready)

    def open_dashboard(self):
        """Begin where an accountant's day begins, with the menus of accounting at the top."""
        menus = json.loads(self.session.get("/web/webclient/load_menus"))
        accounting = next(
            menu["id"] for menu in menus.values() if menu.get("xmlid") == "account.menu_finance"
        )
        self.open(f"/odoo/action-{DASHBOARD}?menu_id={accounting}", ".o_account_kanban")

    def choose(self, section, item):
        """Open a menu of the bar at the top and click one of its entries: two clicks.

        :param str section: external id of the menu in the bar.
        :param str item: external id of the entry.
        """
        self.click(f".o_menu_sections [data-menu-xmlid='{section}']")
        self.click(f"[data-menu-xmlid='{item}']")

    def back(self, text):
        """Click the entry of the breadcrumb with that text; it counts."""
        self.click(".o_control_panel .breadcrumb-item a", text)

    def download(self, selector, text="", timeout=120):
        """Click something that the browser downloads.

        :return: ``Path`` of the file.
        """
        folder = Path(tempfile.mkdtemp(prefix="download-"))
        self.browser.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        self.click(selector, text)

        def complete():
            return [path for path in folder.iterdir() if path.suffix != ".crdownload"]

        wait_until(complete, f"{selector} gives a file", timeout, interval=0.3)
        return complete()[0]

    def _find(self, selector, text):
        wanted = f"e => e.innerText.includes({json.dumps(text)})" if text else "() => true"
        return f"[...document.querySelectorAll({json.dumps(selector)})].filter({VISIBLE}).filter({wanted})[0]"

    def sees(self, selector, text=""):
        """:return: whether such an element is visible now."""
        return bool(self.browser.evaluate(f"!!({self._find(selector, text)})"))

    def wait(self, selector, text="", timeout=40):
        """Wait until such an element is visible; nothing is reloaded."""
        what = f"{selector} “{text}” on the screen"
        try:
            wait_until(lambda: self.sees(selector, text), what, timeout, interval=0.2)
        except HarnessError as error:
            picture = self.browser.screenshot(ENV_DIR / "logs" / "screenshots" / "visitor.png")
            raise HarnessError(f"{error}; what was there: {picture}") from error

    def click(self, selector, text=""):
        """Click the first visible element that matches and has the text; it counts."""
        self.wait(selector, text)
        self.clicks += 1
        # A ripple of the page between looking and clicking would hit another element
        self.browser.evaluate(
            f"(() => {{ const e = {self._find(selector, text)}; e.focus(); e.click(); }})()"
        )

    def type(self, selector, text):
        """Type into a field as if it had been reached with the tabulator."""
        self.wait(selector)
        self.browser.evaluate(
            f"(() => {{ const e = {self._find(selector, '')}; e.focus(); e.select && e.select(); }})()"
        )
        self.browser.send("Input.insertText", text=text)
        self.browser.evaluate("document.activeElement.blur()")

    def upload(self, selector, name, data):
        """Choose a file in the first file input that matches."""
        folder = tempfile.mkdtemp(prefix="upload-")
        path = Path(folder, name)
        path.write_bytes(data)
        self.browser.wait_for(selector)
        root = self.browser.send("DOM.getDocument")["root"]["nodeId"]
        node = self.browser.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.browser.send("DOM.setFileInputFiles", nodeId=node, files=[str(path)])
