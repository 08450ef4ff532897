"""End a training: export the network, check it, score it, and publish it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from colortk.color.cielab import lightness
from colortk.errors import ColortkError, PictureError
from colortk.harness.protocol import load_protocol
from colortk.harness.score_predictor import score_predictor
from colortk.plugin.registry import registry
from colortk.runtime.loading import PluginRequest, load
from colortk.runtime.network_io import HintCodec
from colortk.runtime.onnx_colorizer import NETWORK
from colortk.training import backend
from colortk.training.curve import write_curve
from colortk.training.data.crops import center_crop, to_lab
from colortk.training.data.image_cache import ImageCache
from colortk.training.data.loader import validation_arrays
from colortk.training.data.source import PictureSource, picture_source
from colortk.training.data.split import Split
from colortk.training.loop.state import TrainingState
from colortk.training.manifest import describe_split, publish, staged_request
from colortk.training.model_card import write_model_card
from colortk.training.recipe import Recipe
from colortk.training.request import TrainRequest
from colortk.types import Float32

#: Held-out pictures that are scored.
SCORED_PICTURES = 100
#: Metrics of their scores.
CARD_METRICS = ("lpips", "delta_e00", "ab_rmse", "psnr", "ssim", "colorfulness")
#: Largest accepted difference between Keras and ONNX Runtime, relative to the largest output.
MAX_DIFFERENCE = 1e-4
#: The same with 16-bit weights; beyond it the weights keep 32 bits.
MAX_DIFFERENCE_16_BITS = 1e-2
#: Held-out pictures that the difference is computed on.
CHECKED_PICTURES = 8
#: Pictures, at most, that the ranges of 8-bit values are measured on.
CALIBRATION_PICTURES = 100
#: Largest accepted loss by 8 bits on held-out pictures: PSNR in dB, LPIPS as a share of itself.
MAX_PSNR_LOSS, MAX_LPIPS_RISE = 0.1, 0.01


def export_network(
    request: TrainRequest, recipe: Recipe, split: Split, state: TrainingState
) -> None:
    """Write ``network.onnx`` of the best epoch, the curve, the manifest and the model card.

    Parameters
    ----------
    request : TrainRequest
        The training; ``output`` receives the files.
    recipe : Recipe
        How the network was trained.
    split : Split
        The pictures that were used.
    state : TrainingState
        ``arrays["best"]`` holds the weights.

    Raises
    ------
    ColortkError
        ONNX Runtime computes other values than Keras. Existing files and the checkpoint are not
        changed.
    """
    from colortk.training.onnx.graph import to_onnx

    with backend.device_scope("cpu"):
        network = recipe.network()
    network.set_weights(state.arrays["best"])
    side = recipe.side_of(recipe.epochs - 1, recipe.epochs)
    source = picture_source(request.data)
    inputs, _ = validation_arrays(_readable_pictures(source, split.held_out), recipe, side)
    difference = _largest_difference(network, to_onnx(network, half=False), inputs)
    if difference > MAX_DIFFERENCE:
        raise ColortkError(
            "the exported network differs from the trained one",
            f"ONNX Runtime differs from Keras by {difference:.1e}, more than {MAX_DIFFERENCE:.0e}",
            "report this with the output of colortk doctor",
        )
    content = to_onnx(network, half=True)
    difference_16 = _largest_difference(network, content, inputs)
    request.print_message(
        f"exported: ONNX Runtime equals Keras to {difference:.1e},"
        f" to {difference_16:.1e} with 16-bit weights"
    )
    if difference_16 > MAX_DIFFERENCE_16_BITS:
        request.print_message("16 bits are not precise enough for these weights: 32 bits are kept")
        content = to_onnx(network, half=False)
    published = recipe.tail or (lambda content: content)
    best = state.best_epoch(recipe)
    with staged_request(request) as stage:
        facts: dict[str, Any] = {
            "data": describe_split(split, request.data),
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
            "backend": backend.import_keras().backend.backend(),
            "loss": {"train": best.loss, "validation": best.validation},
            "differences": {"float32": difference, "float16": difference_16},
            **recipe.facts,
        }
        packages = ["keras", facts["backend"], "onnx", "onnxruntime", "numpy"]
        publish(stage, {NETWORK: published(content)}, packages, **facts)
        write_curve(stage.output, state.curve)
        mean_scores = _mean_scores(stage, recipe.plugin, source, split.held_out)
        smaller = _with_8_bits(network, recipe, split, source)
        if smaller is not None:
            publish(stage, {NETWORK: published(smaller)}, packages, **facts)
            scores_8 = _mean_scores(stage, recipe.plugin, source, split.held_out)
            facts["differences"] |= {"8 bits": _largest_difference(network, smaller, inputs)}
            facts["scores_of_16_bits"] = mean_scores[recipe.plugin]
            if _scores_as_well(scores_8[recipe.plugin], mean_scores[recipe.plugin]):
                content, mean_scores = smaller, scores_8
                request.print_message(
                    "8-bit weights score as well as 16-bit weights: they are published"
                )
            else:
                facts["scores_of_8_bits"] = scores_8[recipe.plugin]
                del facts["scores_of_16_bits"]
                request.print_message("8-bit weights score worse: 16-bit weights are published")
            facts["bits"] = 8 if content is smaller else 16
        if recipe.evaluate is not None:
            mean_scores |= {
                "note": recipe.evaluate(stage.output, split.held_out, source.file_content)
            }
        publish(stage, {NETWORK: published(content)}, packages, scores=mean_scores, **facts)
        write_model_card(stage, recipe, facts, mean_scores, state)
    for name, row in mean_scores.items():
        if name != "note":
            line = ", ".join(f"{metric} {value:.4g}" for metric, value in row.items())
            request.print_message(f"{name} on up to {SCORED_PICTURES} held-out pictures: {line}")


def _with_8_bits(network: Any, recipe: Recipe, split: Split, source: PictureSource) -> bytes | None:
    """Return the network with 8-bit weights, if the recipe wants it."""
    from colortk.training.onnx.eight_bit_kernels import with_8_bit_kernels
    from colortk.training.onnx.eight_bits import quantize
    from colortk.training.onnx.graph import to_onnx

    if recipe.eight_bits is not None:
        pictures = calibration_inputs(source, recipe, split)
        return quantize(to_onnx(network, half=False), pictures, recipe.eight_bits)
    if recipe.eight_bit_kernels:
        return with_8_bit_kernels(to_onnx(network, half=False))
    return None


def calibration_inputs(source: PictureSource, recipe: Recipe, split: Split) -> Iterator[Float32]:
    """Yield the inputs of training pictures, with hints if the network takes them.

    They have the size that the plugin is served with.
    """
    size = registry().colorizer(recipe.plugin)[1].working_size
    side = size.short or recipe.sides[-1][0]
    rng = np.random.default_rng(0)
    share = np.asarray(split.weights) / sum(split.weights)
    chosen = rng.choice(len(split.train), min(CALIBRATION_PICTURES, len(split.train)), p=share)
    images = ImageCache(source, split.train)
    for index in chosen:
        with contextlib.suppress(PictureError):  # the training has reported it
            view = center_crop(images[int(index)], side)
            if recipe.hints is None:
                yield recipe.codec.inputs(lightness(view)[None])
                continue
            # Without hints, the range of the activations would end where their colors begin.
            assert isinstance(recipe.codec, HintCodec)
            shown, ab = to_lab(view[None])
            hint_ab, mask = recipe.hints(ab[0], rng)
            yield recipe.codec.inputs_with_hints(shown, hint_ab[None], mask[None])


def _scores_as_well(quantized: dict[str, float], original: dict[str, float]) -> bool:
    """Whether 8-bit weights lose less than the limits; not if no picture could be scored."""
    if not (quantized.keys() & original.keys() >= {"psnr", "lpips"}):
        return False
    psnr_holds = quantized["psnr"] >= original["psnr"] - MAX_PSNR_LOSS
    return psnr_holds and quantized["lpips"] <= original["lpips"] * (1 + MAX_LPIPS_RISE)


def _readable_pictures(source: PictureSource, paths: list[Path]) -> ImageCache:
    """Return the first readable pictures of ``paths``; a training had at least one."""
    images, readable = ImageCache(source, paths), []
    for index in range(len(images)):
        with contextlib.suppress(PictureError):
            images[index]
            readable.append(index)
        if len(readable) == CHECKED_PICTURES:
            break
    return images.subset(readable)


def _largest_difference(network: Any, content: bytes, inputs: Float32) -> float:
    """Return the largest difference between Keras and ONNX Runtime, over the largest output."""
    from colortk.runtime.inference import OnnxNetwork

    # Both on the CPU, because GPUs round the inputs of convolutions.
    served = OnnxNetwork(content, device="cpu").predict(inputs)
    with backend.device_scope("cpu"):
        trained = np.asarray(network.predict(inputs, verbose=0))
    return float(np.abs(served - trained).max() / max(1e-6, np.abs(trained).max()))


def _mean_scores(
    request: TrainRequest, plugin: str, source: PictureSource, held_out: list[Path]
) -> dict[str, Any]:
    """Score the new weights and gray pictures on up to 100 held-out pictures."""
    sample = held_out[:: max(1, -(-len(held_out) // SCORED_PICTURES))]
    means: dict[str, Any] = {}
    for name, predictor in (
        (plugin, load(PluginRequest(plugin, weights=request.output))),
        ("gray", load(PluginRequest("gray"))),
    ):
        rows = []
        with request.progress(f"scoring {name}", len(sample)) as advance:
            for values in score_predictor(
                sample, predictor, CARD_METRICS, load_protocol(), source.file_content
            ):
                advance(1)
                rows.append(values)
        means[name] = {
            metric: round(float(np.mean([row[metric] for row in rows if metric in row])), 5)
            for metric in CARD_METRICS
            if any(metric in row for row in rows)
        }
    return means
