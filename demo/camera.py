"""Pictures of the demo's screens and prints, small enough to be kept in the documentation."""

import io
import json
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import stack
from PIL import Image

from tests.live.harness.browser import Browser
from tests.live.harness.rpc import Session

IMAGES = stack.ROOT / "docs" / "images"
DESCRIPTION = stack.ROOT / "l10n_tn_edi_ttn" / "static" / "description"
# The apps store shows these.
IN_DESCRIPTION = ("invoice_list", "invoice_to_correct", "invoice_pdf", "checklist")
MOST_BYTES = 150_000
SIZE = (1280, 800)
PHONE = (390, 844)
COLOURS = 128
# After the last call of the server: charts and dialogs still move
SETTLE_SECONDS = 2.5


def save(picture, name):
    """Write a PNG with few colours, which is what makes it small."""
    small = picture.convert("RGB").quantize(
        COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
    )
    for folder in (IMAGES, DESCRIPTION) if name in IN_DESCRIPTION else (IMAGES,):
        path = folder / f"{name}.png"
        small.save(path, "PNG", optimize=True)
        if path.stat().st_size > MOST_BYTES:
            raise SystemExit(f"{path} has {path.stat().st_size} bytes, more than {MOST_BYTES}")
    print(f"   {name}.png", flush=True)


def pages_of(pdf, resolution=80):
    """:return: list with an image of each page of a PDF, without the white below."""
    pictures = []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "page.pdf").write_bytes(pdf)
        subprocess.run(
            ["pdftoppm", "-r", str(resolution), "-png", "page.pdf", "page"], cwd=folder, check=True
        )
        for path in sorted(Path(folder).glob("page*.png")):
            picture = Image.open(io.BytesIO(path.read_bytes()))
            box = Image.eval(picture.convert("L"), lambda value: 255 - value).getbbox()
            bottom = box[3] if box else 0
            pictures.append(picture.crop((0, 0, picture.width, min(picture.height, bottom + 30))))
    return pictures


@dataclass(frozen=True)
class Shot:
    """One picture of a screen.

    :param name: of the picture's file.
    :param path: of the screen at the server.
    :param ready: CSS selector of what must be there first.
    :param height: of the window; the width is that of ``size``.
    :param clicks: CSS selectors that are clicked one after the other; ``selector|text`` takes the first with that text.
    :param scroll: text of a heading that is brought to the top.
    """

    name: str
    path: str
    ready: str
    height: int = SIZE[1]
    clicks: tuple = ()
    scroll: str = ""
    phone: bool = False


class Camera:
    """A browser of one user.

    :param str login: login and password of the demo's user.
    """

    def __init__(self, login):
        self.session = Session(stack.odoo_address(), stack.DATABASE, login, login)
        self.browser = Browser(size=SIZE)
        self.browser.log_in(self.session)
        menus = json.loads(self.session.get("/web/webclient/load_menus")).values()
        self._menu = next(menu["id"] for menu in menus if menu.get("xmlid") == "account.menu_finance")

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.browser.stop()

    def take(self, shot):
        """Open a screen and keep its picture."""
        width, height = (PHONE[0], shot.height) if shot.phone else (SIZE[0], shot.height)
        self.browser.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=shot.phone,
        )
        # With its menu at the top, as whoever came by it sees it
        menu = f"?menu_id={self._menu}" if shot.path.startswith("/odoo/") else ""
        self.browser.open(stack.odoo_address() + shot.path + menu, shot.ready)
        time.sleep(SETTLE_SECONDS)
        for click in shot.clicks:
            self._click(*click.split("|"))
        if shot.scroll:
            self.browser.evaluate(
                f"[...document.querySelectorAll('h2')].find(e => e.textContent.includes({json.dumps(shot.scroll)}))"
                "?.scrollIntoView()"
            )
            time.sleep(1)
        with tempfile.TemporaryDirectory() as folder:
            picture = Image.open(self.browser.screenshot(Path(folder) / "picture.png"))
            picture.load()
        save(picture, shot.name)

    def _click(self, selector, text=""):
        found = f"[...document.querySelectorAll({json.dumps(selector)})].find(e => e.innerText.includes({json.dumps(text)}))"
        end = time.monotonic() + 30
        while not self.browser.evaluate(f"!!{found}"):
            if time.monotonic() > end:
                raise SystemExit(
                    f"no {selector} “{text}” to click at {self.browser.evaluate('location.href')}"
                )
            time.sleep(0.3)
        self.browser.evaluate(f"{found}.click()")
        time.sleep(SETTLE_SECONDS)
