"""Mutation fuzzing in a shortened form, and that it finds what it looks for.

All of it: ``python tests/fuzz.py --count 20000 --seed 0 --jobs 2``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import fuzz
from colortk.errors import ColortkError
from fuzz_seeds import seeds

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it limits processes as Linux does")


def test_every_seed_is_read_as_it_is(tmp_path: Path) -> None:
    """Else its mutants would not get far."""
    for number, (name, data) in enumerate(sorted(seeds().items())):
        folder = tmp_path / str(number)
        folder.mkdir()
        end = fuzz.attempt(name.partition(":")[0], data, folder)
        refused = name.startswith("pickle:") and name != "pickle:record"
        refused |= name.startswith("manifest:")  # of which the files are missing
        assert end == ("refused" if refused else "read"), name


def test_three_hundred_mutants(tmp_path: Path) -> None:
    ends = fuzz.fuzz(300, 1, 2, tmp_path / "found")
    assert sum(ends.values()) == 300
    assert ends["read"] > 20
    assert ends["finding"] == 0, "see above"
    assert not (tmp_path / "found").exists()


def test_a_mutant_is_made_again_by_its_number() -> None:
    assert fuzz.mutant(3, 14) == fuzz.mutant(3, 14)
    assert fuzz.mutant(3, 14) != fuzz.mutant(4, 14)


BAD_READER = """
import os, sys
sys.path.insert(0, {tests!r})
import fuzz

def read(data, folder):
    {body}

fuzz.SECONDS = 0.3
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
        ("while True: pass", "took over"),
        ("open(f'left{os.urandom(4).hex()}', 'w').close()", "left"),
        ("bytearray(64 << 30)", "MemoryError"),
    ],
)
def test_it_finds_what_it_looks_for(body: str, words: str, tmp_path: Path) -> None:
    program = tmp_path / "bad.py"
    program.write_text(BAD_READER.format(tests=str(Path(__file__).parent), body=body))
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
