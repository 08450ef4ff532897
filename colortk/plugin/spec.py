"""Declarations of plugins: plain data, so that a declaration imports nothing heavy."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from colortk.color.working_size import WorkingSize as WorkingSize
from colortk.plugin.artifact import Artifact as Artifact
from colortk.plugin.artifact import Artifacts as Artifacts

#: Version of the contract. A plugin that was written for a later version is not loaded.
API_VERSION = 1
#: The colorizer that is used by default.
DEFAULT = "effnet_bins"

if TYPE_CHECKING:  # `plugins list` must not wait for NumPy
    from colortk.types import Chroma, Lightness


class Colorizer(Protocol):
    """The object that the factory of a colorizer returns."""

    def predict_ab(self, lightness: Lightness) -> Chroma:
        """Predict the chroma of a picture.

        Parameters
        ----------
        lightness : float32 array of shape (H, W)
            CIE L*, 0 to 100, D65, at the declared working size. It must not be changed.

        Returns
        -------
        float32 array of shape (H, W, 2)
            CIE a* and b*; finite, and the same for the same lightness.
        """
        ...


@dataclass(frozen=True)
class Requirement:
    """A module that a plugin needs, and the command that installs it."""

    module: str
    install: str


#: What a colorizer returns.
Output = Literal["ab", "rgb"]


@dataclass(frozen=True)
class ColorizerSpec:
    """The declaration of a colorizer.

    Attributes
    ----------
    name : str
        Lower-case letters, digits and ``_``.
    summary : str
        One line for lists.
    factory : str
        ``"package.module:callable"``. It is called as ``factory(artifacts, options)`` and returns a
        :class:`Colorizer`.
    package : str
        The package that contains the folder ``artifacts``; empty if there are no artifacts.
    api_version : int
        Version of the contract; filled in.
    working_size : WorkingSize
        The size at which the colorizer gets pictures.
    requires : tuple of Requirement
        Modules that not everybody has. Without them the plugin is listed as unavailable.
    artifacts : tuple of Artifact
        Trained files. Each has its own name.
    options : type or None
        A frozen dataclass with a default for every field, which ``--option`` sets.
    trainer : str
        ``"package.module:callable"`` that ``colortk fit`` calls; empty if there is none.
    paper : str
        The publication that describes the method.
    train_options : type, str or None
        Like ``options``, for ``colortk fit --option``; or the ``"package.module:name"`` of the
        class, which then is imported only when it is needed.
    modules : tuple of str
        Modules that results depend on and that no import statement names, as
        ``"my_package.backends.fast"``. Their code becomes part of every result's key, like the
        modules that the factory imports; for a module of another distribution, its version does.
    samples : bool
        The colorizer has ``predict_ab_samples(lightness, count, seed)``, which returns several
        plausible versions; see
        :class:`colortk.plugin.sampling.SamplingColorizer`.
    output : {"ab", "rgb"}
        "rgb": the colorizer has ``predict_rgb(lightness)``, which returns a colorized picture,
        instead of ``predict_ab``; see :class:`colortk.plugin.rgb_output.RgbColorizer`.
    bibtex : str
        BibTeX entries of the publications to cite, which ``colortk cite`` prints.
    guided : bool
        The colorizer has ``predict_ab_guided(lightness, hints)``, which uses the hints of a user;
        see :class:`colortk.plugin.guided.GuidedColorizer`.
    film : bool
        The colorizer has ``predict_ab_film(lightnesses)``, which gets every frame of a film in
        order; see :class:`colortk.plugin.film_colorizer.FilmColorizer`.
    """

    name: str
    summary: str
    factory: str
    package: str = ""
    api_version: int = API_VERSION
    working_size: WorkingSize = field(default_factory=WorkingSize)
    requires: tuple[Requirement, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    options: type[Any] | None = None
    trainer: str = ""
    paper: str = ""
    train_options: type[Any] | str | None = None
    modules: tuple[str, ...] = ()
    samples: bool = False
    bibtex: str = ""
    guided: bool = False
    output: Output = "ab"
    film: bool = False


#: Arguments of the function of a metric.
Takes = Literal["pictures", "pair", "film", "set"]


@dataclass(frozen=True)
class MetricSpec:
    """The declaration of a score of a colorized picture, or of a film.

    Attributes
    ----------
    name : str
        Lower-case letters, digits and ``_``.
    summary : str
        One line for lists.
    function : str
        ``"package.module:callable"``. It is called as ``function(truth, result)`` with two sRGB
        pictures, uint8 (H, W, 3), which it must not change, and returns a finite number. ``takes``
        and ``needs_reference`` change the arguments. Of a metric that takes a "set", it may have an
        attribute ``prepare``, which the host calls once before a comparison.
    higher_is_better : bool or None
        ``None`` for a description, which is shown beside the value of the original and not ranked.
    unit : str
        As "dB"; may be empty.
    needs_reference : bool
        If false, the function is called as ``function(result)``. A metric of films then scores the
        original, too.
    source : str
        The paper or standard that defines the metric.
    api_version : int
        Version of the contract; filled in.
    chroma : bool
        The metric measures color and has no meaning where the original has no color.
    takes : {"pictures", "pair", "film"}
        "pair": the function is called as ``function(pair)`` with a
        :class:`colortk.harness.metrics.pair.Pair`, which computes values that several metrics share
        once. "film": it is called as ``function()`` for every result, and returns an object with
        the methods ``add(frame)``, called with each :class:`colortk.harness.films.frame.FilmFrame`
        in order, and ``result()``, which returns the number. "set": it is called as
        ``function(picture)`` with a :class:`~colortk.harness.metrics.pair.ScoredPicture`, and
        returns features, float32 (D,); ``set_function`` compares those of all pictures.
    digits : int
        Digits after the decimal point in tables.
    label : str
        Heading in tables, instead of the name.
    definition : str
        One sentence with all that the number depends on (window, peak, units, weights). Reports
        print it under their tables; the default is the summary.
    modules : tuple of str
        Modules that results depend on and that no import statement names.
    weights_variable : str
        An environment variable that names a file which the metric needs and which is not shipped;
        or which it uses without ``artifacts``. If neither is there, the metric is scored only when
        it is asked for by name, and then fails.
    bounds : tuple of float
        The lowest and the highest possible value. Intervals of means end there.
    set_function : str
        Of a metric that takes a "set": ``"package.module:callable"``. It is called as
        ``set_function(truth, result)`` with the features of the originals and of the results,
        (N, D), and returns the number, and how much each picture influences it, float64 (N,) with
        mean 0, as :func:`colortk.harness.frechet.frechet` does. Intervals need the influences.
    bibtex : str
        As of :class:`ColorizerSpec`.
    artifacts : tuple of Artifact
        Trained files, which the user fetches or brings with ``colortk weights``. The function reads
        them with :func:`colortk.plugin.metric_artifacts`.
    weights_name : str
        The name under which ``colortk weights`` keeps the artifacts, for metrics that share files;
        the default is the name of the metric.
    """

    name: str
    summary: str
    function: str
    higher_is_better: bool | None
    unit: str = ""
    needs_reference: bool = True
    source: str = ""
    api_version: int = API_VERSION
    chroma: bool = False
    takes: Takes = "pictures"
    digits: int = 3
    label: str = ""
    definition: str = ""
    modules: tuple[str, ...] = ()
    weights_variable: str = ""
    bounds: tuple[float, float] = (-math.inf, math.inf)
    set_function: str = ""
    bibtex: str = ""
    artifacts: tuple[Artifact, ...] = ()
    weights_name: str = ""

    @property
    def heading(self) -> str:
        """The heading in tables: label and direction."""
        arrow = {True: " ↑", False: " ↓", None: ""}[self.higher_is_better]
        return (self.label or self.name) + arrow


@dataclass(frozen=True)
class RefinerSpec:
    """The declaration of a refinement: a change of chroma before it is joined with lightness.

    Attributes
    ----------
    name : str
        The value of ``--refine``.
    summary : str
        One line for lists.
    function : str
        ``"package.module:callable"``. It is called as ``function(lightness, ab)`` with blocks of a
        picture, float32 (H, W) and (H, W, 2), and returns float32 (H, W, 2). Each pixel of the
        result must depend on this pixel alone.
    api_version : int
        Version of the contract; filled in.
    modules : tuple of str
        As of :class:`ColorizerSpec`.
    bibtex : str
        As of :class:`ColorizerSpec`.
    """

    name: str
    summary: str
    function: str
    api_version: int = API_VERSION
    modules: tuple[str, ...] = ()
    bibtex: str = ""


AnySpec = ColorizerSpec | MetricSpec | RefinerSpec


def load_callable(path: str) -> Callable[..., Any]:
    """Import ``"package.module:callable"``."""
    from importlib import import_module

    module, _, attribute = path.partition(":")
    value: Any = import_module(module)
    for part in attribute.split("."):
        value = getattr(value, part)
    if not callable(value):
        raise TypeError(f"{path} is not callable")
    return value  # type: ignore[no-any-return]
