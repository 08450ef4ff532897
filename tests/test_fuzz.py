"""Shortened mutation fuzzing; planted faults are detected.

The full run: ``python tests/fuzz.py --count 20000 --seed 0 --jobs 2``, and ``tests/fuzz_films.py``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import fuzz
from colortk.errors import ColortkError
from fuzz_seeds import seeds

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it limits processes as Linux does")


def test_every_unmutated_seed_is_read(tmp_path: Path) -> None:
    """If a seed were invalid, its mutants would test little."""
    for number, (name, data) in enumerate(sorted(seeds().items())):
        folder = tmp_path / str(number)
        folder.mkdir()
        end = fuzz.attempt(name.partition(":")[0], data, folder)
        refused = name.startswith("pickle:") and name != "pickle:record"
        refused |= name.startswith("manifest:")  # a record whose files are missing
        assert end == ("refused" if refused else "read"), name


def test_three_hundred_mutants_give_a_picture_or_an_error(tmp_path: Path) -> None:
    ends = fuzz.fuzz(300, 1, 2, tmp_path / "found")
    assert sum(ends.values()) == 300
    assert ends["read"] > 20
    assert ends["finding"] == 0, "see above"
    assert not (tmp_path / "found").exists()


def test_a_mutant_can_be_reproduced_from_its_number() -> None:
    assert fuzz.mutant(3, 14) == fuzz.mutant(3, 14)
    assert fuzz.mutant(3, 14) != fuzz.mutant(4, 14)


BAD_READER = """
import os, sys
sys.path.insert(0, {tests!r})
import fuzz

def read(data, folder):
    {body}

fuzz.SECONDS, fuzz.PATIENCE = 0.3, {patience}
fuzz.READERS = dict.fromkeys(fuzz.READERS, read)
sys.exit(fuzz.main())
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise KeyError('inside')", "KeyError: 'inside'"),
        ("os._exit(3)", "ended with 3"),
        ("os.abort()", "ended with -6"),
        ("while True: pass", f"took over {fuzz.SECONDS} s"),
        ("import time; time.sleep(60)", f"took over {fuzz.PATIENCE} s"),
        ("open(f'left{os.urandom(4).hex()}', 'w').close()", "left"),
        ("bytearray(64 << 30)", "MemoryError"),
    ],
)
def test_the_fuzzer_detects_planted_faults(body: str, words: str, tmp_path: Path) -> None:
    program = tmp_path / "bad.py"
    patience = 2 if "sleep" in body else fuzz.PATIENCE
    tests = str(Path(__file__).parent)
    program.write_text(BAD_READER.format(tests=tests, body=body, patience=patience))
    found = list(fuzz.piece(0, range(5, 7), program))
    assert [number for number, _, _ in found] == [5, 6]
    for _, _, end in found:
        assert end.startswith("finding")
        assert words in end


def test_an_expected_failure_is_no_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(data: bytes, folder: Path) -> None:
        raise ColortkError("one line")

    monkeypatch.setitem(fuzz.READERS, "picture", refuse)
    assert fuzz.attempt("picture", b"", tmp_path) == "refused"


def test_every_unmutated_film_is_colorized(tmp_path: Path) -> None:
    pytest.importorskip("av")
    import fuzz_films

    for number, data in enumerate(fuzz_films.seeds().values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        fuzz_films.read(data, folder)


FILMS = """
import sys
sys.path.insert(0, {tests!r})
import fuzz, fuzz_films

{body}
fuzz_films.__file__ = __file__
sys.exit(fuzz_films.main())
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("", 0, "'refused': "),
        ("fuzz_films.read = lambda data, folder: 1 / 0", 1, "ZeroDivisionError"),
    ],
)
def test_a_hundred_mutated_films_give_a_film_or_an_error(
    body: str, code: int, words: str, tmp_path: Path
) -> None:
    pytest.importorskip("av")
    program = tmp_path / "films.py"
    program.write_text(FILMS.format(tests=str(Path(__file__).parent), body=body))
    told = [sys.executable, str(program), "--count", "100", "--seed", "2"]
    run = subprocess.run(told, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == code, run.stdout + run.stderr
    assert "100 of 100" in run.stdout
    assert words in run.stdout
    assert (tmp_path / "fuzz-findings").exists() == bool(code)
