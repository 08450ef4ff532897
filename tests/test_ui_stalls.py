"""A stalled upload in Chromium: the page shows a message and accepts the next file."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

import pytest
from PIL import Image

from conftest import photo
from pages import Visitor, browsing, missing_browser, serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_browser()), reason=missing_browser() or "it is there"),
    # Playwright does not close its event loop and pipes.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
#: Bytes of an upload that are passed on before the connection stalls.
THROUGH = 20_000


class Line:
    """A proxy of the page that passes on everything except uploads while it ``stalls``."""

    def __init__(self, port: int) -> None:
        self.stalls = True
        self._port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                browser, _ = self._listening.accept()
                page = socket.create_connection(("127.0.0.1", self._port))
                threading.Thread(target=self._up, args=(browser, page), daemon=True).start()
                threading.Thread(target=self._down, args=(page, browser), daemon=True).start()

    def _up(self, browser: socket.socket, page: socket.socket) -> None:
        left = None
        with contextlib.suppress(OSError):
            while data := browser.recv(65536):
                if self.stalls and b"POST /gradio_api/upload" in data:
                    left = THROUGH
                if left is not None:
                    data, left = data[:left], left - len(data)
                page.sendall(data)
                if left is not None and left <= 0:
                    return
            page.shutdown(socket.SHUT_WR)

    @staticmethod
    def _down(page: socket.socket, browser: socket.socket) -> None:
        with contextlib.suppress(OSError), page, browser:
            while data := page.recv(65536):
                browser.sendall(data)
            browser.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Path, Path]:
    """Upload a large file whose end is not passed on, and then a picture."""
    (tmp_path / "large.png").write_bytes(bytes(2_000_000))
    Image.fromarray(photo()).save(tmp_path / "street.png")
    return tmp_path / "large.png", tmp_path / "street.png"


def test_a_stalled_upload_is_a_message(pictures: tuple[Path, Path], tmp_path: Path) -> None:
    with serving("-p", "gray", folder=tmp_path) as page, browsing() as browser:
        line = Line(page.port)
        visitor = Visitor(browser, line.address)
        visitor.give(pictures[0], arrives=False)
        visitor.page.get_by_text("the upload has stopped or is too slow").first.wait_for()
        assert not list((tmp_path / "tmp").glob("colortk-ui-*/upload-*"))
        line.stalls = False
        visitor.give(pictures[1])
        visitor.page.get_by_role("button", name="Download street-colorized.png").wait_for()
        assert visitor.outside() == []
        visitor.context.close()
        line.close()
