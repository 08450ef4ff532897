"""The end of a training: export, check, score, and publish with manifest and model card."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from colortk.color.cielab import lightness
from colortk.errors import ColortkError, PictureError
from colortk.harness.protocol import protocol
from colortk.harness.score_predictor import scores
from colortk.plugin.registry import registry
from colortk.runtime.loading import Request, load
from colortk.runtime.onnx_colorizer import NETWORK
from colortk.training import backend
from colortk.training.curve import write_curve
from colortk.training.data.crops import middle
from colortk.training.data.image_cache import Album
from colortk.training.data.loader import fixed
from colortk.training.data.source import PictureSource, picture_source
from colortk.training.data.split import Split
from colortk.training.loop.state import State
from colortk.training.manifest import describe, publish, staged
from colortk.training.model_card import card
from colortk.training.recipe import Recipe
from colortk.training.request import TrainRequest
from colortk.types import Float32

#: Held-out pictures that are scored.
PICTURES = 100
#: What they are scored with.
METRICS = ("lpips", "delta_e00", "ab_rmse", "psnr", "ssim", "colorfulness")
#: Largest difference between Keras and ONNX Runtime, as a share of the largest output.
EQUAL = 1e-4
#: The same with 16-bit weights: beyond it, they are not used.
HALVED = 1e-2
#: Held-out pictures that this is looked at with.
LOOKED_AT = 8
#: Pictures, at most, on which it is looked up how far values reach in a network of 8 bits.
REACH = 100
#: What 8 bits may cost on held-out pictures: dB of PSNR, and LPIPS as a share of itself.
LOSS_PSNR, LOSS_LPIPS = 0.1, 0.01


def finish(request: TrainRequest, recipe: Recipe, sides: Split, state: State) -> None:
    """Write ``network.onnx`` of the best epoch, curve, manifest and model card.

    Raises ``ColortkError`` if ONNX Runtime does not compute what Keras does; then nothing that
    was there before is touched, and the checkpoint stays.
    """
    from colortk.training.onnx.eight_bits import eight_bits
    from colortk.training.onnx.graph import to_onnx

    with backend.device("cpu"):
        network = recipe.network()
    network.set_weights(state.arrays["best"])
    side = recipe.side_of(recipe.epochs - 1, recipe.epochs)
    source = picture_source(request.data)
    inputs, _ = fixed(_some(source, sides.held_out), recipe, side)
    exact = _difference(network, to_onnx(network, half=False), inputs)
    if exact > EQUAL:
        raise ColortkError(
            "the exported network is not the trained one",
            f"ONNX Runtime differs from Keras by {exact:.1e}, more than {EQUAL:.0e}",
            "report it with the versions that colortk doctor prints",
        )
    content = to_onnx(network, half=True)
    halved = _difference(network, content, inputs)
    request.say(
        f"exported: ONNX Runtime equals Keras to {exact:.1e}, to {halved:.1e} with 16-bit weights"
    )
    if halved > HALVED:
        request.say("16 bits are too few for these weights: they keep 32")
        content = to_onnx(network, half=False)
    best = state.kept(recipe)
    with staged(request) as stage:
        facts: dict[str, Any] = {
            "data": describe(sides, request.data),
            "parameters": int(network.count_params()),
            "trainable_parameters": int(sum(np.prod(w.shape) for w in network.trainable_weights)),
            "epochs": recipe.epochs,
            "kept_epoch": best.epoch,
            "batch_size": recipe.batch_size,
            "samples": recipe.samples,
            "rate": recipe.rate,
            "sides": [list(pair) for pair in recipe.sides],
            "seed": request.seed,
            "init_from": [Path(source).name for source in request.init_from],
            "precision": request.precision,
            "backend": backend.keras().backend.backend(),
            "loss": {"train": best.loss, "validation": best.validation},
            "differences": {"float32": exact, "float16": halved},
            **recipe.facts,
        }
        packages = ["keras", facts["backend"], "onnx", "onnxruntime", "numpy"]
        publish(stage, {NETWORK: content}, packages, **facts)
        write_curve(stage.output, state.curve)
        found = _scored(stage, recipe.plugin, source, sides.held_out)
        if recipe.eight_bits is not None:
            whole = to_onnx(network, half=False)
            bits = eight_bits(whole, _seen(source, recipe, sides), recipe.eight_bits)
            publish(stage, {NETWORK: bits}, packages, **facts)
            again = _scored(stage, recipe.plugin, source, sides.held_out)
            facts["differences"] |= {"8 bits": _difference(network, bits, inputs)}
            facts["scores_of_16_bits"] = found[recipe.plugin]
            if _as_good(again[recipe.plugin], found[recipe.plugin]):
                content, found = bits, again
                request.say("8 bits score as 16 do: they are kept")
            else:
                facts["scores_of_8_bits"] = again[recipe.plugin]
                del facts["scores_of_16_bits"]
                request.say("8 bits cost too much: weights keep 16")
            facts["bits"] = 8 if content is bits else 16
        if recipe.note is not None:
            found |= {"note": recipe.note(stage.output, sides.held_out, source.file_content)}
        publish(stage, {NETWORK: content}, packages, scores=found, **facts)
        card(stage, recipe, facts, found, state)
    for name, row in found.items():
        if name != "note":
            line = ", ".join(f"{metric} {value:.4g}" for metric, value in row.items())
            request.say(f"{name} on {PICTURES} held-out pictures at most: {line}")


def _seen(source: PictureSource, recipe: Recipe, sides: Split) -> Iterator[Float32]:
    """Inputs of pictures that were learnt from, one by one, at the size at which they are served."""
    size = registry().colorizer(recipe.plugin)[1].working_size
    side = size.short or recipe.sides[-1][0]
    rng = np.random.default_rng(0)
    share = np.asarray(sides.weights) / sum(sides.weights)
    chosen = rng.choice(len(sides.train), min(REACH, len(sides.train)), p=share)
    album = Album(source, sides.train)
    for index in chosen:
        with contextlib.suppress(PictureError):  # the training has said so
            view = middle(album[int(index)], side)
            yield recipe.codec.inputs(lightness(view)[None])


def _as_good(found: dict[str, float], before: dict[str, float]) -> bool:
    return found["psnr"] >= before["psnr"] - LOSS_PSNR and found["lpips"] <= before["lpips"] * (
        1 + LOSS_LPIPS
    )


def _some(source: PictureSource, paths: list[Path]) -> Album:
    """The first few of ``paths`` that can be read; a training had at least one."""
    album, good = Album(source, paths), []
    for index in range(len(album)):
        with contextlib.suppress(PictureError):
            album[index]
            good.append(index)
        if len(good) == LOOKED_AT:
            break
    return album.only(good)


def _difference(network: Any, content: bytes, inputs: Float32) -> float:
    """Largest difference of Keras' and ONNX Runtime's outputs, over the largest output."""
    from colortk.runtime.inference import Engine

    # Both on the CPU: GPUs round the inputs of convolutions.
    ours = Engine(content, wanted="cpu").predict(inputs)
    with backend.device("cpu"):
        theirs = np.asarray(network.predict(inputs, verbose=0))
    return float(np.abs(ours - theirs).max() / max(1e-6, np.abs(theirs).max()))


def _scored(
    request: TrainRequest, plugin: str, source: PictureSource, held_out: list[Path]
) -> dict[str, Any]:
    """Mean scores of the new weights and of the grey picture on up to 100 held-out pictures."""
    some = held_out[:: max(1, -(-len(held_out) // PICTURES))]
    means: dict[str, Any] = {}
    for name, predictor in (
        (plugin, load(Request(plugin, weights=request.output))),
        ("gray", load(Request("gray"))),
    ):
        rows = []
        with request.progress(f"scoring {name}", len(some)) as advance:
            for found in scores(some, predictor, METRICS, protocol(), source.file_content):
                advance(1)
                rows.append(found)
        means[name] = {
            metric: round(float(np.mean([row[metric] for row in rows if metric in row])), 5)
            for metric in METRICS
            if any(metric in row for row in rows)
        }
    return means
