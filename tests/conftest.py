"""Fixtures and helpers for all tests: pictures, the command as a process, and test plugins."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pages import Page, Visit, browsing, visitors

# If PyTorch and TensorFlow are both installed: Triton, which torchvision imports, aborts the
# process if its LLVM comes after TensorFlow's.
with contextlib.suppress(ImportError):
    import triton  # noqa: F401

# A shell starts background jobs with SIGINT ignored; the tests and their processes need it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Second predictions start more processes. Only tests/test_second_predictions.py enables them.
os.environ.setdefault("COLORTK_REPEATS", "0")

ROOT = Path(__file__).resolve().parents[1]
#: Files that import Keras: TensorFlow takes a tenth of the everyday subset's time, in each process.
WITH_KERAS = {
    f"test_{name}.py"
    for name in (
        "effnet_training",
        "encoder_weights",
        "losses",
        "networks",
        "networks_acharya",
        "perceptual",
    )
}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip files in which every test is slow, if only the everyday tests run."""
    everyday = config.getoption("markexpr") == "not slow"
    return True if everyday and collection_path.name in WITH_KERAS else None


#: Built-in plugins without shipped weights: they run only with a file of the user.
NEED_WEIGHTS = {
    "ddcolor_artistic",
    "ddcolor_modelscope",
    "ddcolor_paper",
    "ddcolor_tiny",
    "deoldify_artistic",
    "deoldify_stable",
    "deoldify_video",
    "onnx_model",
    "zhang2016",
    "zhang2017",
}
#: The plugins that colortk comes with.
BUILT_INS = (
    "acharya_relu",
    "acharya_relu_natural",
    "acharya_tanh",
    "acharya_tanh_natural",
    "autoencoder",
    "effnet_bins",
    "exemplar",
    "gray",
    "mean_chrominance",
    "mean_color",
    "resnet18",
    "sift_mlp",
    "vgg16_residual",
)


def photo(height: int = 48, width: int = 64, seed: int = 0) -> np.ndarray:
    """A colorful picture with smooth parts, an edge and texture, uint8 (H, W, 3)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    red = 255 * x / width
    green = 128 + 100 * np.sin(y / 7)
    blue = np.where(x > y, 200, 40)
    picture = np.stack([red, green, blue], -1) + rng.normal(0, 6, (height, width, 3))
    return np.clip(picture, 0, 255).astype(np.uint8)


def pytest_configure() -> None:
    """Let child processes start with the usual SIGHUP, also where the tests run under nohup."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="module", autouse=True)
def _collected() -> Iterator[None]:
    """Collect what Playwright leaves open, before it is a warning in a test of another module."""
    yield
    if "playwright" in sys.modules:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            gc.collect()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A gray PNG of 48 × 64."""
    path = tmp_path / "photo.png"
    Image.fromarray(photo()).convert("L").save(path)
    return path


@pytest.fixture
def colortk(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[Any]]:
    """Run the command as a process: ``colortk("run", …, plugins=DIR, env={…})``."""

    def run(
        *arguments: Any,
        plugins: Path | None = None,
        env: dict[str, str] | None = None,
        text: bool = True,
        **options: Any,
    ) -> subprocess.CompletedProcess[Any]:
        environment = {**os.environ, "COLORTK_STORE": str(tmp_path / "store"), **(env or {})}
        if plugins is not None:
            environment["PYTHONPATH"] = str(plugins)
        options.setdefault("cwd", tmp_path)
        if text:
            options.setdefault("encoding", "utf-8")
        code = "from colortk.cli.main import main; main()"
        return subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            capture_output=True,
            env=environment,
            timeout=400,
            **options,
        )

    return run


@pytest.fixture
def distribution(tmp_path: Path) -> Callable[..., Path]:
    """Write an installed third-party distribution: ``distribution("name", "module body")``."""
    site = tmp_path / "site"

    def write(name: str, body: str, target: str | None = None) -> Path:
        module = name.replace("-", "_")
        info = site / f"{module}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[colortk]\n{module} = {target or module}\n")
        (site / f"{module}.py").write_text(textwrap.dedent(body))
        return site

    return write


COLORIZER = """
import numpy as np
from colortk import ColorizerSpec, WorkingSize, hookimpl

class Colorizer:
    def __init__(self, artifacts, options):
        self.options = options
    def predict_ab(self, lightness):
        {body}

@hookimpl
def colortk_colorizers():
    return [ColorizerSpec(name="{name}", summary="for tests", factory="{module}:Colorizer",
                          working_size=WorkingSize(short=32){more})]
"""


def colorizer_module(module: str, name: str, body: str, more: str = "") -> str:
    """Return the source of a module with one colorizer; ``body`` is its ``predict_ab``."""
    return COLORIZER.format(module=module, name=name, body=body, more=more)


Run = Callable[..., subprocess.CompletedProcess[Any]]
ORANGE = "return np.zeros((*lightness.shape, 2), np.float32) + np.float32([20, 40])"
#: Sleeps, hangs, crashes or removes a picture, depending on the environment and the lightness.
MOODY = f"""
        import os, time
        value = float(lightness.mean())
        if os.environ.get("STARTED"):
            open(os.environ["STARTED"], "a").write(str(os.getpid()) + " ")
        if os.environ.get("FREE"):  # hangs after so many pictures
            if open(os.environ["STARTED"]).read().count(" ") > int(os.environ["FREE"]):
                time.sleep(600)
        if os.environ.get("GONE") and os.path.exists(os.environ["GONE"]):
            os.remove(os.environ["GONE"])
        if value > 99 and os.environ.get("DEADLY"):
            os._exit(3)
        if value < 1 and os.environ.get("HANGS"):
            time.sleep(600)
        time.sleep(float(os.environ.get("NAP", 0)))
        {ORANGE}
"""


@pytest.fixture
def site(distribution: Callable[..., Path]) -> Path:
    """A third-party plugin ``orange`` that paints everything orange."""
    return distribution("orange", colorizer_module("orange", "orange", ORANGE))


@pytest.fixture
def moody(distribution: Callable[..., Path]) -> Path:
    """A third-party plugin ``moody`` whose behavior is set by environment variables."""
    return distribution("moody", colorizer_module("moody", "moody", MOODY.strip()))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder with a store of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLORTK_STORE", str(tmp_path / "store"))
    return tmp_path


@pytest.fixture(scope="module")
def keras() -> Any:
    """Keras, without the warnings of its backend; the test is skipped without Keras or onnx."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("onnx")
        return pytest.importorskip("keras")


@pytest.fixture(scope="session")
def photograph_lightness() -> np.ndarray:
    """L* of a real photograph, 256 × 384."""
    import cv2
    from sklearn.datasets import load_sample_images

    from colortk.color.cielab import lightness

    picture = load_sample_images().images[0]
    return cv2.resize(lightness(picture), (384, 256), interpolation=cv2.INTER_AREA)


@pytest.fixture
def guarded_app(tmp_path: Path) -> Any:
    """A guard of the web page, the application behind it, and its visitors."""
    from colortk.ui.visitor_registry import VisitorRegistry
    from guarded_page import RecordingApp, guard

    application, visitors = RecordingApp(), VisitorRegistry(tmp_path)
    return guard(application, visitors), application, visitors


def one_line(run: subprocess.CompletedProcess[Any], code: int, *words: str) -> None:
    """Assert the exit code, and exactly one line on stderr that contains ``words``."""
    assert run.returncode == code, run.stderr
    assert run.stderr.startswith("colortk: ")
    assert run.stderr.count("\n") == 1, run.stderr
    for word in words:
        assert word in run.stderr


def leftovers(folder: Path) -> list[str]:
    """Return the names of temporary files, which a stopped command must not leave."""
    return [p.name for p in folder.rglob("*") if ".part" in p.name]


def wait_for_end(number: int) -> None:
    """Wait until a process has ended. One that nobody waits for may stay as a zombie."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.kill(number, 0)
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return
        if state == "Z":
            return
        time.sleep(0.05)
    pytest.fail(f"the process {number} still runs")


#: Scores that need no network.
QUICK = ("-m", "psnr", "-m", "ab_rmse", "-m", "delta_e00", "-m", "colorfulness")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of four color pictures, 70 × 90."""
    place = tmp_path / "pictures"
    place.mkdir()
    for seed in range(4):
        Image.fromarray(photo(70, 90, seed)).save(place / f"{seed}.png")
    return place


def rows_of(run: Any) -> dict[str, Any]:
    """Return the plugins of a ``compare --json`` by name."""
    return {entry["name"]: entry for entry in json.loads(run.stdout)["plugins"]}


@contextlib.contextmanager
def cheap(most: float, seconds: float = 30) -> Iterator[None]:
    """Assert that the block needs at most ``most`` bytes of Python memory and ``seconds`` of CPU time."""
    tracemalloc.start()
    start = time.process_time()
    yield
    spent, (_, peak) = time.process_time() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert spent < seconds
    assert peak < most


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser for the tests of a module."""
    with browsing() as running:
        yield running


@pytest.fixture
def visit(browser: Any, page: Page) -> Iterator[Visit]:
    """Open the page of the module in windows of their own."""
    with visitors(browser, page) as open_page:
        yield open_page
