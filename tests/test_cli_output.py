"""Control characters in file names never reach the terminal; JSON keeps the name."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest
from PIL import Image

from colortk.cli.main import invoke
from colortk.cli.output import escape_controls, escape_text
from conftest import photo

#: A name that clears the terminal, starts a new line, returns to the line start and reverses the text direction.
EVIL = "a\x1b[2J\nb\rc\x9b1m\u202egnp"
ESCAPED = r"a\x1b[2J\nb\rc\x9b1m\u202egnp"


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTK_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "pictures"
    path.mkdir()
    for seed, name in enumerate((f"{EVIL}.png", "plain.png")):
        Image.fromarray(photo(seed=seed)).save(path / name)
    return path


def controls(text: str) -> list[str]:
    return [c for c in text if c not in "\n\t" and (ord(c) < 32 or 127 <= ord(c) < 160)] + [
        c for c in text if c == "\u202e"
    ]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        (EVIL, ESCAPED),
        ("Straße 3.png", "Straße 3.png"),
        (
            "写真\u3000一\u00a0.png",
            "写真\u3000一\u00a0.png",
        ),  # spaces of other scripts are no controls
        ("نامه\u200cها.png", "نامه\u200cها.png"),  # this word needs its zero-width joiner
        ("\udce9.png", r"\udce9.png"),  # a byte that is not UTF-8
        ("\x7f\u2028\u2066", r"\x7f\u2028\u2066"),
    ],
)
def test_only_control_characters_are_escaped(text: str, escaped: str) -> None:
    assert escape_controls(text) == escaped


def test_lines_and_tabs_of_a_text_are_kept() -> None:
    assert escape_text("a\tb\x1b\r\nc\rd\r\n") == "a\tb\\x1b\r\nc\\rd\r\n"
    assert escape_text("a\x1b\nb\n") == "a\\x1b\nb\n"


def test_run_escapes_names_in_every_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["run", "-p", "gray", str(folder / f"{EVIL}.png")]) == 0
    out, err = capsys.readouterr()
    assert out == f"{folder}/{ESCAPED}-colorized.png\n"
    assert not controls(err)
    assert invoke(["run", "-p", "gray", str(folder / f"{EVIL}.png")]) == 1  # it exists
    out, err = capsys.readouterr()
    assert not controls(out + err)
    assert r"a\x1b[2J" in err  # an error is one line: white space in it becomes a space


def test_json_keeps_the_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = str(folder / f"{EVIL}.png")
    assert invoke(["run", "-p", "gray", "--json", name]) == 0
    out = capsys.readouterr().out
    assert not controls(out)
    assert json.loads(out)["input"] == name


def test_tables_csv_and_markdown_on_stdout(
    folder: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    common = ["compare", str(folder), "-p", "gray", "-p", "mean_color", "-m", "psnr"]
    for more in (["--csv", "-", "--per-image"], ["--markdown", "-"]):
        assert invoke([*common, *more]) == 0, more
        out, err = capsysbinary.readouterr()
        assert not controls(out.decode().replace("\r\n", "\n") + err.decode()), more
        if "--csv" in more:  # a line break in a quoted cell is a part of CSV
            cells = [cell for row in csv.reader(io.StringIO(out.decode())) for cell in row]
            assert any(r"a\x1b[2J" in cell for cell in cells)
    for more in (["leaderboard"], ["diff", "gray", "mean_color", "-m", "psnr"]):
        assert invoke(more) == 0
        out, err = capsysbinary.readouterr()
        assert not controls(out.decode() + err.decode()), more
        assert ESCAPED in out.decode(), more


def test_samples_survey_and_plugins(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["samples", "-o", str(tmp_path / EVIL)]) == 0
    survey = ["survey", "create", "--images", str(folder), "--plugins", "gray", "--each", "2"]
    assert invoke([*survey, "-o", str(tmp_path / f"survey{EVIL}")]) == 0
    assert invoke(["plugins", "show", "gray"]) == 0
    assert invoke(["doctor", "--store", str(tmp_path / f"store{EVIL}")]) == 0
    out, err = capsys.readouterr()
    assert not controls(out + err)
    assert out.count(ESCAPED) > 2
    assert "\n\n" not in out


def test_a_film_name_is_escaped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("av")
    assert invoke(["video", str(tmp_path / f"{EVIL}.mp4"), "-o", f"{EVIL}.mkv", "-p", "gray"]) == 1
    out, err = capsys.readouterr()
    assert not controls(out + err)
    assert r"a\x1b[2J" in err  # an error is one line: white space in it becomes a space


def test_only_the_shared_functions_print_to_stdout() -> None:
    """A command that prints by itself would print names as they are."""
    import ast

    allowed = {
        "output.py": {"click.echo", "print"},
        "common.py": {"click.echo"},
        "main.py": {"click.echo"},
    }
    folder = Path(sys.modules["colortk.cli.main"].__file__ or "").parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                if name in ("click.echo", "print"):
                    where = f"{path.name}:{node.lineno}"
                    text = ast.unparse(node)
                    assert name in allowed.get(path.name, ()) or "json.dumps" in text, where
