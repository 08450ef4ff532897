"""The stable API for plugin authors: declarations, array types, errors, color, files, networks.

A plugin needs to import nothing else of colortk; a trainer may use :mod:`colortk.training` too.
``docs/writing-a-plugin.md`` states what may change between versions, and how. A name is imported
from its module when it is first used, so that a declaration does not wait for NumPy.
"""

from typing import TYPE_CHECKING

from colortk._lazy import lazy_names

if TYPE_CHECKING:
    from colortk.color.cielab import ab_of, gray_rgb, lab_to_rgb, lab_to_rgb8, lightness, rgb_to_lab
    from colortk.color.refine import ratio as reduce_to_gamut
    from colortk.color.upsample import chroma_field, resize
    from colortk.color.working_size import working_shape
    from colortk.errors import (
        ArtifactError,
        ColortkError,
        EnvironmentProblem,
        Notice,
        PictureError,
        PluginError,
        PredictionError,
        UsageError,
    )
    from colortk.guidance.certain_values import spread_certain_values
    from colortk.guidance.variants import diverse_versions
    from colortk.guidance.working_hints import WorkingHints
    from colortk.harness.films.frame import FilmFrame
    from colortk.harness.metrics.pair import Pair, Truth
    from colortk.io.decode import decode, read_bytes
    from colortk.io.discovery import find_pictures
    from colortk.io.files import write_atomic
    from colortk.io.regular_files import open_regular, read_regular
    from colortk.plugin.artifact import Artifact, Artifacts
    from colortk.plugin.film_colorizer import FilmColorizer
    from colortk.plugin.guided import GuidedColorizer
    from colortk.plugin.hookspecs import hookimpl
    from colortk.plugin.rgb_output import RgbColorizer
    from colortk.plugin.sampling import SamplingColorizer
    from colortk.plugin.spec import (
        API_VERSION,
        Colorizer,
        ColorizerSpec,
        MetricSpec,
        RefinerSpec,
        Requirement,
        WorkingSize,
    )
    from colortk.runtime.inference import OnnxNetwork
    from colortk.runtime.network_io import Codec, GraphCodec, HintCodec, LinearScaling
    from colortk.runtime.onnx_colorizer import OnnxColorizer
    from colortk.runtime.onnx_graph import OnnxGraph
    from colortk.runtime.picture_graph.plugin_graph import PictureGraph
    from colortk.runtime.picture_graph.values import Value
    from colortk.runtime.prefetch import prefetch
    from colortk.runtime.provenance import running_code
    from colortk.runtime.published_network import published_network
    from colortk.store.artifact_manifest import declared
    from colortk.store.artifacts import metric_artifacts
    from colortk.store.npz import read_npz
    from colortk.store.pickles import Arrays, PickleStore, read_known_pickle, read_pretrained
    from colortk.store.torch_checkpoint import is_checkpoint, read_checkpoint
    from colortk.types import Array, Chroma, Float32, Lightness

__all__ = [
    "API_VERSION",
    "Array",
    "Arrays",
    "Artifact",
    "ArtifactError",
    "Artifacts",
    "Chroma",
    "Codec",
    "Colorizer",
    "ColorizerSpec",
    "ColortkError",
    "EnvironmentProblem",
    "FilmColorizer",
    "FilmFrame",
    "Float32",
    "GraphCodec",
    "GuidedColorizer",
    "HintCodec",
    "Lightness",
    "LinearScaling",
    "MetricSpec",
    "Notice",
    "OnnxColorizer",
    "OnnxGraph",
    "OnnxNetwork",
    "Pair",
    "PickleStore",
    "PictureError",
    "PictureGraph",
    "PluginError",
    "PredictionError",
    "RefinerSpec",
    "Requirement",
    "RgbColorizer",
    "SamplingColorizer",
    "Truth",
    "UsageError",
    "Value",
    "WorkingHints",
    "WorkingSize",
    "ab_of",
    "chroma_field",
    "declared",
    "decode",
    "diverse_versions",
    "find_pictures",
    "gray_rgb",
    "hookimpl",
    "is_checkpoint",
    "lab_to_rgb",
    "lab_to_rgb8",
    "lightness",
    "metric_artifacts",
    "open_regular",
    "prefetch",
    "published_network",
    "read_bytes",
    "read_checkpoint",
    "read_known_pickle",
    "read_npz",
    "read_pretrained",
    "read_regular",
    "reduce_to_gamut",
    "resize",
    "rgb_to_lab",
    "running_code",
    "spread_certain_values",
    "working_shape",
    "write_atomic",
]

_LAZY = {
    "API_VERSION": "colortk.plugin.spec:API_VERSION",
    "Array": "colortk.types:Array",
    "Arrays": "colortk.store.pickles:Arrays",
    "Artifact": "colortk.plugin.artifact:Artifact",
    "ArtifactError": "colortk.errors:ArtifactError",
    "Artifacts": "colortk.plugin.artifact:Artifacts",
    "Chroma": "colortk.types:Chroma",
    "Codec": "colortk.runtime.network_io:Codec",
    "Colorizer": "colortk.plugin.spec:Colorizer",
    "ColorizerSpec": "colortk.plugin.spec:ColorizerSpec",
    "ColortkError": "colortk.errors:ColortkError",
    "EnvironmentProblem": "colortk.errors:EnvironmentProblem",
    "FilmColorizer": "colortk.plugin.film_colorizer:FilmColorizer",
    "FilmFrame": "colortk.harness.films.frame:FilmFrame",
    "Float32": "colortk.types:Float32",
    "GraphCodec": "colortk.runtime.network_io:GraphCodec",
    "HintCodec": "colortk.runtime.network_io:HintCodec",
    "GuidedColorizer": "colortk.plugin.guided:GuidedColorizer",
    "Lightness": "colortk.types:Lightness",
    "LinearScaling": "colortk.runtime.network_io:LinearScaling",
    "MetricSpec": "colortk.plugin.spec:MetricSpec",
    "Notice": "colortk.errors:Notice",
    "OnnxColorizer": "colortk.runtime.onnx_colorizer:OnnxColorizer",
    "OnnxGraph": "colortk.runtime.onnx_graph:OnnxGraph",
    "OnnxNetwork": "colortk.runtime.inference:OnnxNetwork",
    "Pair": "colortk.harness.metrics.pair:Pair",
    "PickleStore": "colortk.store.pickles:PickleStore",
    "PictureError": "colortk.errors:PictureError",
    "PictureGraph": "colortk.runtime.picture_graph.plugin_graph:PictureGraph",
    "PluginError": "colortk.errors:PluginError",
    "PredictionError": "colortk.errors:PredictionError",
    "RefinerSpec": "colortk.plugin.spec:RefinerSpec",
    "Requirement": "colortk.plugin.spec:Requirement",
    "RgbColorizer": "colortk.plugin.rgb_output:RgbColorizer",
    "SamplingColorizer": "colortk.plugin.sampling:SamplingColorizer",
    "Truth": "colortk.harness.metrics.pair:Truth",
    "UsageError": "colortk.errors:UsageError",
    "Value": "colortk.runtime.picture_graph.values:Value",
    "WorkingHints": "colortk.guidance.working_hints:WorkingHints",
    "WorkingSize": "colortk.plugin.spec:WorkingSize",
    "ab_of": "colortk.color.cielab:ab_of",
    "chroma_field": "colortk.color.upsample:chroma_field",
    "declared": "colortk.store.artifact_manifest:declared",
    "decode": "colortk.io.decode:decode",
    "diverse_versions": "colortk.guidance.variants:diverse_versions",
    "find_pictures": "colortk.io.discovery:find_pictures",
    "gray_rgb": "colortk.color.cielab:gray_rgb",
    "hookimpl": "colortk.plugin.hookspecs:hookimpl",
    "is_checkpoint": "colortk.store.torch_checkpoint:is_checkpoint",
    "lab_to_rgb": "colortk.color.cielab:lab_to_rgb",
    "lab_to_rgb8": "colortk.color.cielab:lab_to_rgb8",
    "lightness": "colortk.color.cielab:lightness",
    "metric_artifacts": "colortk.store.artifacts:metric_artifacts",
    "open_regular": "colortk.io.regular_files:open_regular",
    "prefetch": "colortk.runtime.prefetch:prefetch",
    "published_network": "colortk.runtime.published_network:published_network",
    "read_bytes": "colortk.io.decode:read_bytes",
    "read_checkpoint": "colortk.store.torch_checkpoint:read_checkpoint",
    "read_known_pickle": "colortk.store.pickles:read_known_pickle",
    "read_npz": "colortk.store.npz:read_npz",
    "read_pretrained": "colortk.store.pickles:read_pretrained",
    "read_regular": "colortk.io.regular_files:read_regular",
    "reduce_to_gamut": "colortk.color.refine:ratio",
    "resize": "colortk.color.upsample:resize",
    "rgb_to_lab": "colortk.color.cielab:rgb_to_lab",
    "running_code": "colortk.runtime.provenance:running_code",
    "spread_certain_values": "colortk.guidance.certain_values:spread_certain_values",
    "working_shape": "colortk.color.working_size:working_shape",
    "write_atomic": "colortk.io.files:write_atomic",
}

if not TYPE_CHECKING:  # with a __getattr__, mypy would accept any name
    __getattr__, __dir__ = lazy_names(__name__, _LAZY)
