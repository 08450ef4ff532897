"""A new plugin works without edits: it is installed with pip, checked, tested and scored."""

from __future__ import annotations

import json
import os
import re
import site
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colortk import scaffold
from colortk.errors import UsageError
from colortk.plugin.spec import ColorizerSpec
from colortk.plugin.spec_checks import check_spec
from conftest import ROOT, colorizer_module

Command = Callable[..., subprocess.CompletedProcess[Any]]


@pytest.fixture
def shell(tmp_path: Path) -> Command:
    """Bash with ``colortk``, ``pip`` and ``python`` of a fresh environment, without a network.

    The environment sees what this one has; what is installed there stays there.
    """
    if os.name != "posix":
        pytest.skip("the commands of the guide are for a POSIX shell")
    place = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    (packages,) = place.glob("lib/python*/site-packages")
    shared = "".join(f"import site; site.addsitedir({p!r})\n" for p in site.getsitepackages())
    (packages / "shared.pth").write_text(shared)
    python = place / "bin" / "python"
    for name, line in {
        "colortk": f"exec '{python}' -c 'from colortk.cli.main import main; main()' \"$@\"",
        "pip": f"exec '{python}' -m pip \"$@\" --quiet --no-deps --no-build-isolation",
    }.items():
        shim = place / "bin" / name
        shim.write_text(f"#!/bin/sh\n{line}\n")
        shim.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "COLORTK_STORE": str(tmp_path / "store"),
        "COLORTK_WEIGHTS": str(tmp_path / "weights"),
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    work = tmp_path / "work"
    work.mkdir()

    def run(commands: str, folder: Path = work) -> subprocess.CompletedProcess[Any]:
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=300,
        )  # fmt: skip

    return run


@pytest.mark.slow
def test_a_new_plugin_works_without_an_edit(shell: Command, tmp_path: Path) -> None:
    run = shell("colortk plugins new my_net")
    assert run.returncode == 0, run.stderr
    steps = run.stdout.splitlines()
    assert len(steps) == 3
    assert steps[0] == "pip install -e 'colortk-my-net[test]'", "the second needs pytest"
    install, check, compare = steps
    run = shell(install)
    assert run.returncode == 0, run.stdout + run.stderr
    run = shell(check)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "failed" not in run.stdout
    assert re.search(r"\b1[0-9] passed", run.stdout), run.stdout
    run = shell(f"{compare} --json")
    assert run.returncode == 0, run.stderr
    rows = {row["name"]: row for row in json.loads(run.stdout)["plugins"]}
    assert rows["my_net"]["failed"] == 0
    assert rows["my_net"]["metrics"]["psnr"]["mean"] != rows["gray"]["metrics"]["psnr"]["mean"]
    run = shell("colortk plugins new my_net -o elsewhere")
    assert run.returncode == 2
    assert "colortk-my-net has a plugin of that name" in run.stderr

    # The options in the comments of the declaration work when uncommented.
    spec = tmp_path / "work/colortk-my-net/colortk_my_net/spec.py"
    text = spec.read_text("utf-8")
    head, body = text.split("@hookimpl", 1)
    start = head.index("# from dataclasses")
    head = head[:start] + re.sub("(?m)^# ?", "", head[start:])
    spec.write_text(head + "@hookimpl" + body.replace("# options=", "options="), "utf-8")
    run = shell("colortk plugins show my_net --json")
    assert run.returncode == 0, run.stderr
    (option,) = json.loads(run.stdout)["options"]
    assert option == {"name": "warmth", "type": "float", "default": 1.0, "doc": ""}


@pytest.mark.parametrize("name", ["x", "my_net2", "true", "none", "class", "test", "a__b"])
def test_every_valid_name_gives_complete_files(name: str, tmp_path: Path) -> None:
    plugin = scaffold.new_plugin(name)
    assert check_spec(ColorizerSpec(name, "", "a:b"), ColorizerSpec) is None
    folder = scaffold.write(plugin, tmp_path / "made" / "on the way")
    found = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    assert set(found) == {
        "pyproject.toml", "README.md", ".gitignore", f"tests/test_{name}.py",
        f"colortk_{name}/__init__.py", f"colortk_{name}/spec.py", f"colortk_{name}/colorizer.py",
    }  # fmt: skip
    for path, file in found.items():
        text = file.read_text("utf-8")
        assert not re.search(r"@[A-Z]+@", text), path
        if path.endswith(".py"):
            compile(text, path, "exec")
            imported = set(re.findall(r"(?:from|import) (colortk[\w.]*)", text))
            own = f"colortk_{name}.colorizer"
            assert imported <= {"colortk.plugin", own}, "only the stable API for authors"
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == {"my_net2": "colortk-my-net2", "a__b": "colortk-a-b"}.get(
        name, f"colortk-{name}"
    )
    assert project["entry-points"]["colortk"] == {name: f"colortk_{name}.spec"}
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("My-Net", "'my_net' is possible"),
        ("9lives", "'net_9lives' is possible"),
        ("Täst", "'tast' is possible"),
        ("Straße", "'strasse' is possible"),
        ("trailing_", "'trailing' is possible"),
        ("../evil", "'evil' is possible"),
        ("a" * 65, f"'{'a' * 64}' is possible"),
        ("é", "'e' is possible"),
        ("Bjørn", "does not end with _"),
        ("", "lower-case letters"),
    ],
)
def test_invalid_plugin_names_are_refused(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a plugin") as raised:
        scaffold.new_plugin(name)
    assert hint in str(raised.value)
    assert raised.value.hint == (hint if hint.endswith(" is possible") else "")
    if raised.value.hint:
        assert scaffold.new_plugin(raised.value.hint.split("'")[1])


@pytest.mark.slow
def test_existing_plugin_names_are_refused(
    distribution: Callable[..., Path], colortk: Command, tmp_path: Path
) -> None:
    site = distribution("their-net", colorizer_module("their_net", "net", "return None"))
    distribution("broken-thing", "raise RuntimeError('no')")
    distribution("colortk-only-a-name", "")
    for name, owner in (
        ("net", "their-net has a plugin of that name"),
        ("broken_thing", "broken-thing has a broken plugin of that name"),
        ("only_a_name", "colortk-only-a-name is installed"),
        ("gray", "colorization-toolkit has a plugin of that name"),
        ("plugins", "Python already imports a package 'colortk_plugins'"),
    ):
        run = colortk("plugins", "new", name, "-o", tmp_path / "out", plugins=site)
        assert run.returncode == 2, name
        assert run.stderr == f"colortk: the name '{name}' is taken: {owner} (choose another)\n"
    assert not (tmp_path / "out").exists()


def test_existing_files_are_kept(colortk: Command, tmp_path: Path) -> None:
    (tmp_path / "colortk-net").mkdir()
    (tmp_path / "colortk-link").symlink_to("nowhere")
    (tmp_path / "file").write_text("mine")
    for arguments, why in (
        (["net"], "exists"),
        (["link"], "exists"),
        (["other", "-o", "file"], "cannot write 'file/colortk-other'"),
    ):
        run = colortk("plugins", "new", *arguments)
        assert run.returncode == 2
        assert why in run.stderr
        assert run.stderr.count("\n") == 1
        assert run.stdout == ""
    assert sorted(p.name for p in tmp_path.iterdir()) == ["colortk-link", "colortk-net", "file"]
    assert (tmp_path / "file").read_text() == "mine"
    assert not list((tmp_path / "colortk-net").iterdir())


def test_a_failed_scaffold_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    whole = os.fdopen

    def full_disk(*arguments: Any, **options: Any) -> Any:
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        written.append(arguments)
        return whole(*arguments, **options)

    monkeypatch.setattr(os, "fdopen", full_disk)
    with pytest.raises(UsageError, match="No space left on device"):
        scaffold.write(scaffold.new_plugin("net"), tmp_path)
    assert len(written) == 3
    assert not list(tmp_path.iterdir())


def test_json_output_and_a_path_with_a_space(colortk: Command, tmp_path: Path) -> None:
    run = colortk("plugins", "new", "net", "-o", "my plugins", "--json")
    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout)
    assert (tmp_path / answer["folder"]) == tmp_path / "my plugins" / "colortk-net"
    assert all((tmp_path / answer["folder"] / path).is_file() for path in answer["files"])
    run = colortk("plugins", "new", "net2", "-o", "my plugins")
    assert run.stdout.splitlines()[0] == "pip install -e 'my plugins/colortk-net2[test]'"


GUIDE = ROOT / "docs" / "writing-a-plugin.md"
WRAPPING = ROOT / "docs" / "wrap-a-model.md"


def blocks(page: Path = GUIDE) -> list[tuple[str, str]]:
    """Return language and content of every code block of a page, in order."""
    return re.findall(r"(?m)^```(\S.*)\n((?:.*\n)*?)```$", page.read_text("utf-8"))


def follow(page: Path, shell: Command, tmp_path: Path, *outputs: tuple[str, str]) -> Path:
    """Write the files and run the commands of a page in the order of the text.

    ``outputs``: a part of a command, and a text that its output contains.
    """
    folder, output = tmp_path / "work", ""
    for language, content in blocks(page):
        if language == "{.python .excerpt}":  # a part of a class
            compile(content, str(page), "exec")
        elif language == "python":
            head, _, body = content.partition("\n")
            path, _, where = head.removeprefix("# ").partition(", ")
            assert where in ("", "at the end"), head
            assert folder != tmp_path / "work", f"{path} is written before there is a package"
            file = folder / path
            file.write_text(file.read_text("utf-8") + "\n\n" + body if where else body, "utf-8")
        elif language == "text":
            for line in content.splitlines():
                assert line in " ".join(output.split()), output
        else:
            assert language in ("sh", "{.sh .fails}")
            here = tmp_path / "here"
            run = shell(f"trap 'pwd > \"{here}\"' EXIT\n{content}", folder)
            output = run.stdout
            said = f"{content}\n{run.stdout}\n{run.stderr}"
            assert (run.returncode != 0) == ("fails" in language), said
            if "fails" in language:
                assert "Traceback" in run.stderr
            for command, shown in outputs:
                assert command not in content or shown in output, said
            folder = Path(here.read_text().strip())
    return folder


@pytest.mark.slow
def test_the_guide_works_as_it_is_printed(shell: Command, tmp_path: Path) -> None:
    outputs = (("compare", "tint"), ("--kind metric", "red_error\tok"))
    folder = follow(GUIDE, shell, tmp_path, *outputs)
    tint, warm, faded, flower = (
        np.asarray(Image.open(folder / name).convert("RGB"), float).mean((0, 1))
        for name in ("china-tint.png", "china-warm.png", "flower-faded.png", "samples/flower.jpg")
    )
    assert warm[2] < tint[2] - 5  # less blue
    assert 1 < np.ptp(faded) < np.ptp(flower)


@pytest.mark.slow
def test_a_published_model_is_wrapped_as_it_is_printed(shell: Command, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    folder = follow(WRAPPING, shell, tmp_path, ("compare", "painter"), ("list", "missing"))
    assert (folder / "painter.pth").stat().st_size > 100_000_000
    onnx, torch = (
        np.asarray(Image.open(folder / name).convert("RGB")).astype(int)
        for name in ("china-painter.png", "china-torch.png")
    )
    assert np.ptp(onnx, axis=-1).max() > 5, "it has no color"
    assert np.abs(onnx - torch).max() <= 1


def test_the_guide_reaches_a_score_in_30_lines() -> None:
    """Count the lines that an author writes before the first ``compare``."""
    before = []
    for language, content in blocks():
        if "compare" in content:
            break
        before += content.splitlines()[1:] if language == "python" else []
    else:
        raise AssertionError("the guide never compares")
    lines = [line for line in before if line.strip()]
    assert 10 < len(lines) <= 30


def test_links_of_the_guide_have_targets() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", GUIDE.read_text("utf-8"))
    assert links
    for link in links:
        repository, _, path = link.partition("https://github.com/colortk/colortk/blob/main/")
        target = ROOT / path if not repository else GUIDE.parent / link
        assert target.exists(), link
