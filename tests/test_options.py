"""Options from text: allowed types, refused values, and paths whose content is part of the key."""

from __future__ import annotations

import dataclasses
import enum
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import numpy as np
import pytest

import colortk
from colortk.errors import PluginError, UsageError
from colortk.io import content_digest as digests
from colortk.io.content_digest import content_digest
from colortk.plugin.option_types import option_fields, type_text, unusable
from colortk.plugin.options import (
    option_texts,
    options_key,
    parse_options,
    parse_train_options,
    with_absolute_paths,
)
from colortk.plugin.registry import registry
from colortk.plugin.spec import ColorizerSpec
from conftest import colorizer_module


class Mode(enum.Enum):
    FAST = 1
    EXACT = 2


@dataclass(frozen=True)
class Every:
    flag: bool = False
    count: int = 1
    weight: float = 1
    text: str = ""
    file: Path | None = None
    mode: Mode = Mode.FAST
    word: Literal["auto", "none", 3] = "auto"
    pair: tuple[int, int] = (1, 2)
    mixed: tuple[int, str] = (1, "a")
    many: tuple[float, ...] = ()
    names: list[str] = dataclasses.field(default_factory=list)
    files: tuple[Path, ...] = ()
    flags: tuple[bool, ...] = ()
    size: Literal["auto"] | int = "auto"
    number: int | float = 0
    anything: str | int = ""
    maybe: Optional[tuple[int, int]] = None  # noqa: UP045
    noted: Annotated[int, "pixels"] = 4
    constant: int = dataclasses.field(default=7, init=False)


def spec(options: Any) -> ColorizerSpec:
    return ColorizerSpec("every", "", "every:f", options=options)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("flag=yes", True),
        ("flag=OFF", False),
        ("count=-3", -3),
        ("weight=0.25", 0.25),
        ("text=a=b,c", "a=b,c"),
        ("text=", ""),
        ("file=none", None),
        ("mode=EXACT", Mode.EXACT),
        ("mode=exact", Mode.EXACT),
        ("word=none", "none"),
        ("word=3", 3),
        ("pair=3,4", (3, 4)),
        ("pair=3, 4", (3, 4)),
        ("mixed=3,4", (3, "4")),
        ("many=1,2.5,3", (1.0, 2.5, 3.0)),
        ("many=", ()),
        ("names=a,b", ["a", "b"]),
        ("flags=true,false,0", (True, False, False)),
        ("size=auto", "auto"),
        ("size=12", 12),
        ("number=3", 3),
        ("number=3.5", 3.5),
        ("anything=3", 3),
        ("anything=three", "three"),
        ("maybe=none", None),
        ("maybe=5,6", (5, 6)),
        ("noted=9", 9),
    ],
)
def test_text_becomes_the_declared_type_and_text_again(text: str, value: Any) -> None:
    assert unusable(Every) == ""
    name = text.partition("=")[0]
    parsed = getattr(parse_options(spec(Every), [text]), name)
    assert parsed == value
    assert type(parsed) is type(value)
    again = parse_options(spec(Every), option_texts({name: parsed}))
    assert getattr(again, name) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flag=maybe", "true or false"),
        ("count=3.5", "type int"),
        ("weight=nan", "finite"),
        ("weight=x", "type float"),
        ("file=not/there", "a file or folder that exists"),
        ("mode=slow", "one of: FAST, EXACT"),
        ("word=other", "one of: auto, none, 3"),
        ("pair=3", "2 values separated by commas"),
        ("pair=3,4,5", "2 values separated by commas"),
        ("pair=3,x", "type int"),
        ("many=1,,2", "type float"),
        ("size=large", "expects auto or a value of type int"),
        ("constant=3", "no option 'constant'"),
    ],
)
def test_wrong_option_text_is_refused_with_the_expected_type(text: str, expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        parse_options(spec(Every), [text])


@pytest.mark.parametrize(
    "hint",
    [
        dict, dict[str, int], set[int], bytes, complex, object, Any, tuple, list, tuple[()],
        tuple[tuple[int, int], ...], list[list[int]], Path | bytes, Callable, np.ndarray, "Missing",
    ],
)  # fmt: skip
def test_a_type_that_text_cannot_give_is_refused(hint: Any) -> None:
    options = dataclasses.make_dataclass("O", [("x", hint, None)], frozen=True)
    assert "cannot be used: " in unusable(options)


def test_a_default_that_is_no_plain_data_is_refused() -> None:
    options = dataclasses.make_dataclass("O", [("x", int, object)], frozen=True)
    assert "the default of 'x' holds a type" in unusable(options)


def test_types_are_shown_as_they_are_written() -> None:
    hints = {name: type_text(hint) for name, hint in option_fields(Every).items()}
    assert (hints["count"], hints["file"], hints["mode"]) == ("int", "Path | None", "Mode")
    assert (hints["mixed"], hints["many"]) == ("tuple[int, str]", "tuple[float, ...]")
    assert hints["size"] == "Literal['auto'] | int"
    assert (hints["maybe"], hints["noted"]) == ("tuple[int, int] | None", "int")


def test_a_plugin_with_an_invalid_option_type_is_broken(
    distribution: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = (
        "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass O:\n    x: {} = None\n"
    )
    for kind, hint in (("options", "dict"), ("train_options", "'NotThere'")):
        name = f"wrong_{kind}"
        module = options.format(hint) + colorizer_module(name, name, "pass", f", {kind}=O")
        monkeypatch.syspath_prepend(str(distribution(name, module)))
    registry.cache_clear()
    try:
        reasons = {row.name: row.reason for row in registry().broken}
    finally:
        registry.cache_clear()
    assert "options that cannot be used: 'x' has the type dict; allowed" in reasons["wrong_options"]
    assert "'NotThere' is not defined" in reasons["wrong_train_options"]


def test_train_options_may_be_named_instead_of_imported() -> None:
    named = ColorizerSpec("named", "", "x:y", train_options=f"{__name__}:Every")
    assert parse_train_options(named, ["count=3"]).count == 3
    for path, reason in (
        (f"{__name__}:Missing", "has no attribute 'Missing'"),
        ("not_installed:Every", "No module named"),
        ("dataclasses:dataclass", "not a frozen dataclass"),
    ):
        with pytest.raises(PluginError, match=reason):
            parse_train_options(dataclasses.replace(named, train_options=path), [])


def test_the_key_of_an_option_file_is_its_content(tmp_path: Path) -> None:
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    first.write_bytes(b"one")
    second.write_bytes(b"one")

    def key(*given: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(options_key(parse_options(spec(Every), given)))
        return found

    assert key() == key("weight=1", "pair=1,2", "mode=fast")
    assert key(f"file={first}") == key(f"file={second}") != key()
    before = key(f"file={first}", f"files={first},{second}")
    status = first.stat()
    first.write_bytes(b"two")  # of the same size and time
    os.utime(first, ns=(status.st_atime_ns, status.st_mtime_ns))
    after = key(f"file={first}", f"files={first},{second}")
    assert before["file"] != after["file"]
    assert before["files"][0] != after["files"][0]
    assert before["files"][1] == after["files"][1]


def test_the_key_of_an_option_folder_covers_its_whole_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "references"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "x").write_bytes(b"1")
    (folder / "loop").symlink_to(folder)
    seen = {content_digest(folder)}
    (folder / "deep" / "x").write_bytes(b"22")
    seen.add(content_digest(folder))
    (folder / "deep" / "x").rename(folder / "deep" / "y")
    seen.add(content_digest(folder))
    (folder / "z").write_bytes(b"")
    seen.add(content_digest(folder))
    assert len(seen) == 4
    os.mkfifo(folder / "pipe")
    with pytest.raises(UsageError, match="neither a regular file nor a folder"):
        content_digest(folder)
    (folder / "pipe").unlink()
    monkeypatch.setattr(digests, "MAX_FILES", 1)
    with pytest.raises(UsageError, match="more than 1 files"):
        content_digest(folder)


def test_relative_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        (tmp_path / name).write_bytes(b"")
    given = with_absolute_paths(spec(Every), ["file=a", "files=a,b", "text=a", "pair=3,4"])
    assert given == (
        f"file={tmp_path / 'a'}", f"files={tmp_path / 'a'},{tmp_path / 'b'}", "text=a", "pair=3,4",
    )  # fmt: skip


def test_colorize_reads_an_option_file_that_has_changed(
    distribution: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = (
        "import dataclasses\nfrom pathlib import Path\n@dataclasses.dataclass(frozen=True)\n"
        "class Options:\n    amount: Path | None = None\n    pair: tuple[int, int] = (0, 0)\n"
    )
    body = (
        "return np.full((*lightness.shape, 2), self.options.pair[1]"
        " + float(self.options.amount.read_text()), np.float32)"
    )
    module = options + colorizer_module("filed", "filed", body, ", options=Options")
    monkeypatch.syspath_prepend(str(distribution("filed", module)))
    monkeypatch.chdir(tmp_path)
    registry.cache_clear()
    try:
        gray = np.full((8, 8), 128, np.uint8)

        def colored(**given: Any) -> Any:
            return colortk.colorize(gray, "filed", options={"amount": Path("amount"), **given})

        Path("amount").write_text("30")
        first = colored()
        Path("amount").write_text("31")
        assert not np.array_equal(first, colored())
        Path("amount").write_text("20")
        assert np.array_equal(first, colored(pair=(3, 10)))
    finally:
        registry.cache_clear()
