"""Uploads to the web page: sizes, names, incomplete forms and ambiguous forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from colortk.ui import uploads
from colortk.ui.http_requests import RequestRefused
from colortk.ui.input_checks import _files
from colortk.ui.visitor_registry import VisitorRegistry
from guarded_page import ME, YOU, GuardedApp, RecordingApp, ask, guard


def form(data: bytes, name: str = "x.png", border: str = "b") -> tuple[bytes, dict[str, str]]:
    """Return a form with a file, and its headers."""
    head = f'--{border}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    body = head.encode() + data + f"\r\n--{border}--\r\n".encode()
    return body, {"content_type": f"multipart/form-data; boundary={border}"}


def files(*contents: tuple[str, bytes]) -> tuple[bytes, dict[str, str]]:
    """Return a form with several files, and its headers."""
    bodies = [form(data, name) for name, data in contents]
    return b"".join(body[: -len(b"--b--\r\n")] for body, _ in bodies) + b"--b--\r\n", bodies[0][1]


def test_several_files_are_stored_apart(
    guarded_app: GuardedApp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    guarded, _, visitors = guarded_app
    contents = [("a.png", b"first"), ("a.png", b""), ("b.png", b"x" * 300), ("c.png", b"last")]
    body, headers = files(*contents)
    door = "/gradio_api/upload"
    for block in (1, 1 << 20):
        monkeypatch.setattr(uploads, "BLOCK_BYTES", block)
        status, _, said = ask(guarded, "POST", door, body, **headers)
        assert status == 200
        paths = [Path(path) for path in json.loads(said)]
        assert [(path.name, path.read_bytes()) for path in paths] == contents
        assert len({path.parent for path in paths}) == 4
        assert all(visitors.owns(ME, str(path)) for path in paths)
        assert not any(visitors.owns(YOU, str(path)) for path in paths)
    kept = len(list(tmp_path.iterdir()))
    assert ask(guarded, "POST", door, body[:-20], **headers)[0] == 400
    body, headers = files(*[("a.png", b"x")] * 51)
    status, _, said = ask(guarded, "POST", door, body, **headers)
    assert status == 400
    assert b"at most 50 files" in said
    assert len(list(tmp_path.iterdir())) == kept


def test_a_list_of_files_is_checked() -> None:
    def check(value: Any) -> Any:
        return _files(value, lambda path: path.startswith("/mine/"))

    mine = {"path": "/mine/a", "meta": {"_type": "gradio.FileData"}}
    assert check(None) is None
    assert check([{"path": "/mine/a", "url": "http://x/"}]) == [mine]
    assert check([mine] * 50) == [mine] * 50
    for wrong in ([], mine, [None], [mine, None], ["/mine/a"], [[mine]], [mine] * 51, "x"):
        with pytest.raises(ValueError, match=r"\w"):
            check(wrong)
    with pytest.raises(RequestRefused):
        check([mine, {"path": "/etc/passwd"}])


def test_uploads_of_a_visitor_are_limited_in_bytes(tmp_path: Path) -> None:
    visitors = VisitorRegistry(tmp_path, max_upload_bytes=1000)
    paths = []
    for number, size in enumerate([400, 400, 400, 100, 2000]):
        path = tmp_path / str(number) / "x.png"
        path.parent.mkdir()
        path.write_bytes(b"x" * size)
        visitors.add_uploads(ME, [str(path)])
        paths.append(path)
        if number == 3:
            assert [path.exists() for path in paths] == [False, True, True, True]
    assert [path.exists() for path in paths] == [False] * 4 + [True]


def test_uploads_are_limited_and_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_FORM_OVERHEAD", 200)
    application, visitors = RecordingApp(), VisitorRegistry(tmp_path)
    guarded = guard(application, visitors)
    door = "/gradio_api/upload"
    body, headers = form(b"x" * 900)
    status, _, said = ask(guarded, "POST", door, body, content_length=str(len(body)), **headers)
    assert status == 200
    (path,) = json.loads(said)
    assert Path(path).read_bytes() == b"x" * 900
    assert visitors.owns(ME, path)
    assert not visitors.owns(YOU, path)
    assert ask(guarded, "POST", door, body, token=None, **headers)[0] == 403
    status, _, said = ask(guarded, "POST", door, content_length="6000", **headers)
    assert status == 413
    assert b"the limit is 0.005 MB in all" in said
    long, _ = form(b"x" * 2000)
    status, _, said = ask(guarded, "POST", door, long, **headers)  # without a Content-Length
    assert status == 413
    assert b"'x.png' was refused: the limit is 0.001 MB for each file" in said
    many, headers = files(*[("x.png", b"x" * 900)] * 6)
    status, _, said = ask(guarded, "POST", door, many, **headers)
    assert status == 413
    assert b"the limit is 0.005 MB in all" in said
    assert len(list(tmp_path.iterdir())) == 1  # refused uploads leave no file
    assert application.paths == []


@pytest.mark.parametrize(
    "name, kept",
    [
        ("old street.jpg", "old street.jpg"),
        ("../../x.png", "x.png"),
        ("C:\\photos\\x.png", "x.png"),
        ("Frühling (1).tif", "Frühling (1).tif"),
        ("a%2fb?c#d*.png", "a2fbcd.png"),
        ("", "file"),
        ("..", "file"),
        ("a" * 1000 + ".jpeg", "a" * 145 + ".jpeg"),
        ("x." + "y" * 300, "x.yy"),
        ("日本.png", "日本.png"),
    ],
)
def test_names_of_uploads_are_made_safe(name: str, kept: str) -> None:
    assert uploads.safe_name(name) == kept


def test_an_upload_may_be_sent_again_under_its_name(
    guarded_app: GuardedApp,
) -> None:
    """Chromium repeats an upload after status 408; two uploads at once are refused."""
    guarded, _, _ = guarded_app
    body, headers = form(b"x")
    door = "/gradio_api/upload?upload_id=again"
    for sent, status in ((body[:-9], 400), (body, 200), (body, 200)):
        assert ask(guarded, "POST", door, sent, **headers)[0] == status
    guarded._uploads.track(ME, "other")
    assert ask(guarded, "POST", door.replace("again", "other"), body, **headers)[0] == 400


@pytest.mark.parametrize("cut", [10, 60, 120, -1, -3, -5])
def test_an_incomplete_form_leaves_nothing(
    cut: int, guarded_app: GuardedApp, tmp_path: Path
) -> None:
    guarded, _, _ = guarded_app
    body, headers = form(b"x" * 100)
    expected = 200 if cut == -1 else 400  # a form is complete without its last line feed
    assert ask(guarded, "POST", "/gradio_api/upload", body[:cut], **headers)[0] in (expected, 400)
    assert cut == -1 or list(tmp_path.iterdir()) == []


def test_ambiguous_forms_are_refused(guarded_app: GuardedApp, tmp_path: Path) -> None:
    guarded, _, _ = guarded_app
    body, headers = form(b"x")
    name = b'name="files"; filename="x.png"'
    for wrong in (
        body.replace(b"--b--", b"--b\r\nContent-Disposition: form-data; name=y\r\n\r\ny\r\n--b--"),
        body.replace(b"--b--", b"--b\r\n\r\ny\r\n--b--"),
        body.replace(b"\r\n\r\n", b"\r\nContent-Disposition: form-data; name=y\r\n\r\n", 1),
        body.replace(name, b'name="files"'),
        body.replace(name, b'name="other"; filename="x.png"'),
        body.replace(name, b'name="files"; filename="\xff\xfe.png"'),
        body.replace(b"form-data", b"attachment"),
        body.replace(b"--b\r\n", b"--bx\r\n", 1),
        b"",
    ):
        assert ask(guarded, "POST", "/gradio_api/upload", wrong, **headers)[0] == 400, wrong
    for kind, status in (
        ("application/json", 415),
        ("", 415),
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=", 400),
        ("multipart/form-data; boundary=b; boundary=c", 400),
        (f"multipart/form-data; boundary={'b' * 71}", 400),
    ):
        assert ask(guarded, "POST", "/gradio_api/upload", body, content_type=kind)[0] == status, (
            kind
        )
    assert list(tmp_path.iterdir()) == []
