"""The web page as a process, and a browser that opens it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

#: Names of Chromium's program on different systems.
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
#: Seconds, generous for a busy machine.
PATIENCE = 240

#: Code that ends the process if it contacts another machine.
PAGE = """
import sys

def watch(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if host not in (None, "localhost", "127.0.0.1", "::1", b"127.0.0.1", b"localhost"):
        print("OUTSIDE", event, host, file=sys.stderr, flush=True)

sys.addaudithook(watch)
from colortk.cli.main import main
main()
"""


def missing_gradio() -> str:
    """Return the reason why no page can be served here, or ""."""
    if importlib.util.find_spec("gradio") is None:
        return "the web page needs Gradio: pip install gradio"
    return ""


def missing_browser() -> str:
    """Return the reason why no page can be opened here, or ""."""
    if why := missing_gradio():
        return why
    if importlib.util.find_spec("playwright") is None:
        return "a browser is driven by Playwright: pip install playwright"
    if browser_program() is None:
        return "no Chromium: install it, set CHROMIUM, or: playwright install chromium"
    return ""


def browser_program() -> str | None:
    """Return the path of Chromium: from the environment, the system, or Playwright."""
    told = os.environ.get("CHROMIUM")
    if told:
        return told if shutil.which(told) else None
    for name in PROGRAMS:
        if found := shutil.which(name):
            return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        path = driver.chromium.executable_path
    return path if Path(path).exists() else None


class Page:
    """A running ``colortk ui``."""

    def __init__(self, *arguments: object, folder: Path, plugins: Path | None = None) -> None:
        environment = {**os.environ, "COLORTK_STORE": str(folder / "store")}
        (folder / "tmp").mkdir(exist_ok=True)
        environment["TMPDIR"] = str(folder / "tmp")
        if plugins is not None:
            environment["PYTHONPATH"] = str(plugins)
        self.folder = folder
        self.said: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-c", PAGE, "ui", *map(str, arguments)],
            cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            encoding="utf-8", start_new_session=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.address = self.process.stdout.readline().strip()
        assert self.address.startswith("http://127.0.0.1:"), self.said

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self.said += [line.rstrip("\n") for line in self.process.stderr]

    @property
    def port(self) -> int:
        return int(self.address.rstrip("/").rpartition(":")[2])

    def files(self) -> list[Path]:
        """Return the files in its temporary folder."""
        # rglob() fails if a folder is deleted while it is read.
        walk = os.walk(self.folder / "tmp")
        return [Path(parent, name) for parent, _, names in walk for name in names]

    def contents(self) -> Iterator[bytes]:
        """Yield the contents of these files. The page may delete some of them meanwhile."""
        for path in self.files():
            with contextlib.suppress(FileNotFoundError):
                yield path.read_bytes()

    def close(self) -> None:
        """Kill the process in any state."""
        self.process.kill()
        self.process.wait()
        self._listener.join()
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        """Interrupt the process, assert that it left no files and no messages, and return its exit code."""
        self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        self._listener.join()
        left = [path.name for path in (self.folder / "tmp").iterdir() if "colortk" in path.name]
        assert left == []
        assert self.said == ["colortk: press Ctrl-C to stop the server", *self.said[1:]]
        assert not [line for line in self.said if "OUTSIDE" in line or "Traceback" in line], (
            self.said
        )
        return code


@contextlib.contextmanager
def serving(*arguments: object, folder: Path, plugins: Path | None = None) -> Iterator[Page]:
    """Serve a page while the block runs."""
    page = Page(*arguments, folder=folder, plugins=plugins)
    try:
        yield page
    finally:
        page.close()


@contextlib.contextmanager
def browsing() -> Iterator[Any]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = driver.chromium.launch(executable_path=browser_program(), args=options)
        try:
            yield browser
        finally:
            browser.close()


class Visitor:
    """A visitor with a browser context of their own, and the requests of their page."""

    def __init__(self, browser: Any, address: str, width: int = 1280, dark: bool = False) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, accept_downloads=True,
            color_scheme="dark" if dark else "light",
        )  # fmt: skip
        self.context.set_default_timeout(1000 * PATIENCE)
        self.page = self.context.new_page()
        self.asked: list[str] = []
        self.troubles: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on(
            "console",
            lambda told: self.troubles.append(told.text) if told.type == "error" else None,
        )
        self.page.goto(address)
        self.page.get_by_role("tab").first.wait_for()

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name).click()

    def give(self, path: Path, arrives: bool = True) -> None:
        """Drop a file into an upload field, and wait until it is uploaded if it ``arrives``."""
        clear = self.page.locator(".drop:visible button[aria-label=Clear]")
        if clear.count():
            clear.click()
        self.page.locator(".drop:visible input[type=file]").set_input_files(path)
        if arrives:  # before that, a button acts without the file
            clear.wait_for()

    def told(self, words: str) -> None:
        """Wait for a message with these words."""
        self.page.locator(".notice [role=alert]").filter(has_text=words).wait_for()

    def download(self, button: str, to: Path) -> Path:
        """Click a download button and return the file under its suggested name."""
        with self.page.expect_download() as waiting:
            self.page.locator(button).click()
        path = to / waiting.value.suggested_filename
        waiting.value.save_as(path)
        return path

    def outside(self) -> list[str]:
        """Return the requested addresses that are not the page's own."""
        own = ("http://127.0.0.1:", "data:", "blob:")
        return [url for url in self.asked if not url.startswith(own)]


def shoot(visitor: Visitor, name: str) -> None:
    """Keep a screenshot if COLORTK_SHOTS is set."""
    if folder := os.environ.get("COLORTK_SHOTS"):
        Path(folder).mkdir(exist_ok=True)
        visitor.page.wait_for_timeout(600)
        visitor.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


Visit = Callable[..., Visitor]


@contextlib.contextmanager
def visitors(browser: Any, page: Page) -> Iterator[Visit]:
    """A function that opens a page for a new visitor. All are closed when the block ends."""
    opened: list[Visitor] = []

    def open_page(**options: Any) -> Visitor:
        opened.append(Visitor(browser, page.address, **options))
        return opened[-1]

    yield open_page
    for visitor in opened:
        visitor.context.close()


def install_plugins(folder: Path, sources: Mapping[str, str]) -> Path:
    """Install plugins, of which the source is given by name, and return their folder."""
    info = folder / "site" / "orange-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: orange\nVersion: 1.0\n")
    entries = "".join(f"{name} = {name}\n" for name in sources)
    (info / "entry_points.txt").write_text(f"[colortk]\n{entries}")
    for name, source in sources.items():
        (folder / "site" / f"{name}.py").write_text(source)
    return folder / "site"
