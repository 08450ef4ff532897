"""Fit the parameters of `plugins/effnet_bins/similar_places.py` on photographs.

    python benchmarks/fit_similar_places.py train [--pictures 80] [--seconds 180] [--seed 3]

prints the terms, the noise, the scale of the errors and the largest shared error. Two tasks are
averaged over the pictures: true colors at 1, 5, 20, 100 and 300 random points predict the rest of
the picture, and one point gives a segment a color of its own, which must not reach the rest. The
measure is the mean logarithm of the remaining squared error, printed in dB; without hints it is 0.
It needs PyTorch, and follows gradients through the solution of the linear systems.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

COUNTS = (1, 5, 20, 100, 300)
#: Pixels of a picture on which the error is measured, and segments that get a color of their own.
TESTED, SEGMENTS = 300, 6
#: Share of the picture that a segment has, and strength of its color in CIELAB units.
SHARE, STRENGTH = (0.02, 0.35), (25, 70)
#: Height and width at which the network sees the pictures.
SHAPE = 256, 352


def pictures(folder: Path, count: int, rng: Any) -> Iterator[dict[str, Any]]:
    """Yield what describes the pixels of a photograph, and the errors of the network."""
    from colortk.color.cielab import rgb_to_lab
    from colortk.plugin import decode, find_pictures, read_bytes, resize
    from colortk.runtime.loading import PluginRequest, load
    from colortk_plugins.effnet_bins import similar_places as places

    colorizer: Any = load(PluginRequest("effnet_bins")).colorizer
    paths = find_pictures(folder)
    for number in rng.permutation(len(paths)):
        pixels = decode(read_bytes(paths[number]), paths[number].name).pixels
        if count == 0 or pixels.ndim != 3 or min(pixels.shape[:2]) < 128:
            continue
        lab = rgb_to_lab(resize(np.ascontiguousarray(pixels[..., :3]), SHAPE[::-1]))
        light, true = np.ascontiguousarray(lab[..., 0]), np.ascontiguousarray(lab[..., 1:])
        if np.abs(true).mean() < 4:
            continue  # hardly any color
        ab, tensors = colorizer.predict_with_features(light, (places.LAST, places.DEEP))
        logits = colorizer._outputs(colorizer.codec.inputs(light[None]), distribution=True)
        variance = places.variance_of_logits(logits[0])
        last, deep = tensors[places.LAST][0], tensors[places.DEEP][0]
        rows, columns = variance.shape
        # A hint is one pixel; the rest of its cell has the cell's mean color.
        y = np.arange(rows)[:, None] * 4 + rng.integers(0, 4, (rows, columns))
        x = np.arange(columns) * 4 + rng.integers(0, 4, (rows, columns))
        small, size = resize(true, (columns, rows)), (columns, rows)
        yield {
            "groups": places.SimilarPlaces(light, ab, variance, last, deep).groups,
            "variance": variance.ravel(),
            "hints": (true[y, x] - ab[y, x]).reshape(-1, 2),
            "errors": (small - resize(ab, size)).reshape(-1, 2),
            "segments": segments(small, resize(light, size)),
        }
        count -= 1


def segments(true: Any, light: Any) -> list[Any]:
    """Return connected pixels of similar color, lightness and position, as indices."""
    rows, columns = light.shape
    places = np.mgrid[:rows, :columns].reshape(2, -1).T / min(rows, columns) * 4
    seen = np.hstack([true.reshape(-1, 2) / 15, light.reshape(-1, 1) / 25, places])
    stop = cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 30, 0.1
    cv2.setRNGSeed(1)
    _, kinds, _ = cv2.kmeans(seen.astype(np.float32), 8, None, stop, 1, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
    found = []
    for kind in range(8):
        mask = (kinds.reshape(rows, columns) == kind).astype(np.uint8)
        count, labels = cv2.connectedComponents(mask, connectivity=4)
        parts = [np.flatnonzero(labels.ravel() == label) for label in range(1, count)]
        found += [part for part in parts if SHARE[0] < len(part) / light.size < SHARE[1]]
    return found


class Task:
    """Errors at hints, and the errors at other pixels that they are to predict."""

    def __init__(self, picture: dict[str, Any], hints: Any, errors: Any, tested: Any, true: Any):
        def distances(first: Any, second: Any) -> list[Any]:
            groups = [torch.from_numpy(np.asarray(group)) for group in picture["groups"]]
            return [torch.cdist(group[first], group[second]) ** 2 for group in groups]

        variance = torch.from_numpy(picture["variance"].astype(np.float32))
        self.among, self.across = distances(hints, hints), distances(tested, hints)
        self.variance, self.variance_tested = variance[hints], variance[tested]
        self.errors, self.true = (torch.from_numpy(np.float32(e)) for e in (errors, true))
        self.before = (self.true**2).mean()


def tasks(picture: dict[str, Any], rng: Any) -> tuple[Task, list[Task]]:
    """Return the task of the true colors, and those of segments with colors of their own."""
    order = rng.permutation(len(picture["errors"]))
    hints, tested = order[: max(COUNTS)], order[max(COUNTS) :][:TESTED]
    whole = Task(picture, hints, picture["hints"][hints], tested, picture["errors"][tested])
    clicks = []
    for _ in range(SEGMENTS if picture["segments"] else 0):
        segment = picture["segments"][rng.integers(len(picture["segments"]))]
        angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(*STRENGTH)
        color = strength * np.array([[np.cos(angle), np.sin(angle)]])
        inside = np.isin(tested, segment)[:, None]
        if inside.sum() > 3:
            clicks.append(Task(picture, rng.choice(segment, 1), color, tested, color * inside))
    return whole, clicks


class Model(torch.nn.Module):  # type: ignore[misc]
    """The process of ``similar_places``, with logarithms of its parameters."""

    def __init__(self) -> None:
        super().__init__()
        start = [[-1.6, -0.9, -0.3, -0.6, 0.3, 2.6], [-1, 2.3, -0.8, -1.6, -2.2, -0.8]]
        start += [[0.7, -2.2, 0.8, -1.9, -3.4, 0.7]]
        self.terms = torch.nn.Parameter(torch.tensor(start))
        self.rest = torch.nn.Parameter(torch.tensor([-3.0, 0.4, -1.0, 2.3]))

    def remaining(self, task: Task, count: int) -> Any:
        """Return the logarithm of the error that remains with the first ``count`` hints."""
        noise, floor, power, largest = torch.exp(self.rest)
        here = (task.variance[:count] + floor) ** power / 30
        there = (task.variance_tested + floor) ** power / 30
        among = self._kernels([d[:count, :count] for d in task.among], here, here)
        across = self._kernels([d[:, :count] for d in task.across], there, here)
        errors = task.errors[:count]
        size = errors.norm(dim=1, keepdim=True) + 1e-6
        shared = errors * torch.clamp(largest / size, max=1.0)
        mean = torch.zeros_like(task.true)
        for used, part in ((2, errors - shared), (3, shared)):
            matrix = sum(among[:used]) + torch.diag(noise * here**2 + 1e-4)
            weights = torch.cholesky_solve(part, torch.linalg.cholesky(matrix))
            mean = mean + sum(across[:used]) @ weights
        return torch.log((((mean - task.true) ** 2).mean() + 1) / (task.before + 1))

    def _kernels(self, distances: list[Any], first: Any, second: Any) -> list[Any]:
        scale = first[:, None] * second
        return [
            scale * torch.exp(term[0] - sum(torch.exp(f) * d for f, d in zip(term[1:], distances)))  # noqa: B905
            for term in self.terms
        ]


def main() -> None:
    """Fit, and print progress and the parameters."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=80)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--seed", type=int, default=3)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    seen = pictures(arguments.folder, arguments.pictures, rng)
    data = [tasks(picture, rng) for picture in seen]
    model, history = Model(), {}
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    end = time.monotonic() + arguments.seconds
    step = 0
    while time.monotonic() < end:
        optimizer.zero_grad()
        for number in rng.integers(len(data), size=6):
            whole, clicks = data[number]
            losses = [(str(count), model.remaining(whole, count)) for count in COUNTS]
            losses += [("own color", model.remaining(click, 1)) for click in clicks[:2]]
            for name, loss in losses:
                history.setdefault(name, []).append(4.343 * float(loss.detach()))
            (sum(loss for _, loss in losses) / 6).backward()
        optimizer.step()
        step += 1
        if step % 20 == 0:
            means = (f"{name}: {np.mean(v[-120:]):.2f} dB" for name, v in history.items())
            print(f"step {step}", *means, sep="  ", flush=True)
    for term in torch.exp(model.terms).tolist():
        print("Term(" + ", ".join(f"{value:.3g}" for value in term) + ")")
    noise, floor, power, largest = torch.exp(model.rest).tolist()
    print(f"noise {noise:.3g}, floor {floor:.3g}, power {power:.3g}, largest shared {largest:.3g}")


if __name__ == "__main__":
    main()
