"""Create the folder of a survey, completely or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from colortk.errors import UsageError
from colortk.harness.plugin_variants import PluginVariant, parse_variants
from colortk.harness.protocol import DEFAULT, Protocol, load_protocol
from colortk.harness.records import readable
from colortk.harness.sources import Source, find_sources
from colortk.io.files import refuse_special, special_kind, temporary_folder, write_atomic
from colortk.plugin.discover import DISTRIBUTION
from colortk.runtime.progress import Progress, silent
from colortk.survey.description import (
    ANSWERS_FILE,
    PICTURES_FOLDER,
    QUESTION,
    SURVEY_FILE,
    Description,
    Shown,
    Subject,
    digest,
)
from colortk.survey.open_survey import open_survey
from colortk.survey.pairs.checks import check_versions
from colortk.survey.pairs.description import (
    DEFAULT_CONSENT,
    PAIRS_QUESTION,
    PairDescription,
)
from colortk.survey.pairs.session import PairSurvey
from colortk.survey.plan import REAL, shuffled
from colortk.survey.prepare import LeftOut, PreparedPicture, encoded, prepared
from colortk.survey.session import Survey

#: Pictures of a survey, and of one rater, by default (as Zhang 2016 showed, section 3.1).
DEFAULT_PICTURES = 40


#: Attention checks of a rater, by default.
DEFAULT_CHECKS = 4


@dataclass(frozen=True)
class PairOptions:
    """The settings that only a survey of pairs has.

    Parameters
    ----------
    original : bool
        Compare the original with the plugins, too.
    checks : int
        Attention checks of each rater, each on a picture that is not compared.
    exposure_ms : int, optional
        Milliseconds for which a pair is visible.
    consent : str
        Text that a rater agrees to before the first question.
    """

    original: bool = True
    checks: int = DEFAULT_CHECKS
    exposure_ms: int | None = None
    consent: str = DEFAULT_CONSENT


@dataclass(frozen=True)
class SurveyOptions:
    """The settings of a new survey.

    Parameters
    ----------
    count : int, optional
        Number of pictures; by default all, up to 40.
    each : int, optional
        Pictures that one rater is shown; by default all, up to 40.
    seed : int
        Selects the pictures and their order.
    timeout : float or None
        Seconds for a plugin on one picture.
    pairs : PairOptions, optional
        Raters compare two versions. Without it, they call one picture real or not.
    """

    count: int | None = None
    each: int | None = None
    seed: int = 0
    timeout: float | None = 300.0
    pairs: PairOptions | None = None

    @property
    def checks(self) -> int:
        """Number of check pictures."""
        return self.pairs.checks if self.pairs else 0


def parse_plugin_list(texts: Iterable[str]) -> list[str]:
    """Split ``a,b`` and ``a:x=1,y=2,b``: a comma before ``name=`` belongs to options."""
    parts = [part for text in texts for part in re.split(r",(?![a-z_][a-z0-9_-]*=)", text)]
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))


def create(
    folder: Path,
    images: Sequence[Path],
    plugins: Sequence[str],
    drawing: SurveyOptions | None = None,
    progress: Progress = silent,
) -> Survey | PairSurvey:
    """Draw pictures, colorize them, and write a survey.

    Parameters
    ----------
    folder : Path
        The survey's folder, which must not exist or be empty.
    images : sequence of Path
        Files and folders of pictures.
    plugins : sequence of str
        ``NAME[:option=value,…][@WEIGHTS]`` each.
    drawing : SurveyOptions, optional
        How many pictures, and which.
    progress : Progress
        Reports progress.

    Raises
    ------
    UsageError, PluginError, ArtifactError, PictureError
        Then nothing is written.
    """
    drawing = drawing or SurveyOptions()
    _check(folder)
    if not plugins:
        raise UsageError("a survey needs plugins", "no plugin was given", "--plugins a,b")
    if drawing.pairs and len(plugins) + drawing.pairs.original < 2:
        raise UsageError("a survey of pairs needs two versions", "one was given", "--plugins a,b")
    rules = load_protocol(DEFAULT)
    variants = parse_variants(plugins, rules.refine)
    sources, unreadable, _ = find_sources(images)
    left_out = [LeftOut(Source(name, ""), reason) for name, reason in unreadable.items()]
    candidates = draw(sources, drawing.seed)
    picture_count = drawing.count or max(min(DEFAULT_PICTURES, len(candidates) - drawing.checks), 2)
    with _temporary_folder(folder) as temporary:
        (temporary / PICTURES_FOLDER).mkdir()
        subjects: list[Subject] = []
        checks: list[Subject] = []
        with progress("preparing", picture_count + drawing.checks) as advance:
            prepared_pictures = prepared(candidates, variants, rules, drawing.timeout)
            with contextlib.closing(prepared_pictures):
                for item in prepared_pictures:
                    if isinstance(item, LeftOut):
                        left_out.append(item)
                        continue
                    # The first ones are for the checks: what is left decides how many there are.
                    if len(checks) < drawing.checks:
                        item = replace(item, versions=check_versions(item.versions[REAL]))
                        checks.append(_write(temporary / PICTURES_FOLDER, item))
                    else:
                        subjects.append(_write(temporary / PICTURES_FOLDER, item))
                    advance(1)
                    if len(subjects) == picture_count:
                        break
        _enough(subjects, drawing, left_out, len(candidates))
        each = drawing.each or min(DEFAULT_PICTURES, len(subjects))
        about = _describe(drawing.seed, each, rules, variants, subjects, left_out)
        if drawing.pairs:
            about = _describe_pairs(about, drawing.pairs, checks)
        write_atomic(temporary / SURVEY_FILE, about.text().encode())
        answers = PairSurvey.ANSWERS if drawing.pairs else Survey.ANSWERS
        answers.create(temporary / ANSWERS_FILE, digest(about.text()))
    return open_survey(folder)


def draw(sources: Iterable[Source], seed: int) -> list[Source]:
    """Return pictures in the order that a seed draws from their content."""
    by_content = {source.picture: source for source in sources}
    return [by_content[picture] for picture in shuffled(by_content, seed, "draw")]


def _check(folder: Path) -> None:
    """Refuse, before the work, a folder that cannot be written after it."""
    if special_kind(folder) != "a folder":
        refuse_special(folder, UsageError)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        hint = "use another folder, or delete this one and the answers in it"
        raise UsageError(f"'{folder}' already exists", hint=hint)
    if not folder.absolute().parent.is_dir():
        raise UsageError(f"cannot create '{folder}'", "there is no such folder", "create it first")


def _enough(
    subjects: list[Subject], drawing: SurveyOptions, left_out: list[LeftOut], candidates: int
) -> None:
    needed_count = max(drawing.count or 2, drawing.each or 2, 2)
    if len(subjects) >= needed_count:
        return
    reason = f"{len(subjects)} of {candidates} can be used"
    if drawing.checks:
        reason += f" besides {drawing.checks} for attention checks"
    if left_out:
        reason += f"; the first that cannot: {left_out[0].why}"
    raise UsageError(f"too few pictures for a survey of {needed_count}", reason)


@contextlib.contextmanager
def _temporary_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder that is renamed to ``folder`` at the end, or deleted on an error."""
    try:
        with temporary_folder(folder) as temporary:
            yield temporary
    except OSError as error:
        raise UsageError(f"cannot create '{folder}'", error.strerror or str(error)) from error


def _write(pictures: Path, picture: PreparedPicture) -> Subject:
    """Write the versions of a picture under random names, with the same date."""
    versions = []
    for pixels in picture.versions:
        data = encoded(pixels)
        path = pictures / f"{secrets.token_hex(8)}.png"
        write_atomic(path, data)
        os.utime(path, (0, 0))
        versions.append(Shown(path.name, hashlib.sha256(data).hexdigest()))
    source = picture.source
    name = readable(Path(source.name).name)
    return Subject(
        name, source.picture, round(picture.chroma, 3), picture.enlarged, tuple(versions)
    )


def _describe(
    seed: int,
    each: int,
    rules: Protocol,
    variants: Sequence[PluginVariant],
    subjects: Sequence[Subject],
    left_out: Sequence[LeftOut],
) -> Description:
    return Description(
        seed=seed,
        each=each,
        question=QUESTION,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        colortk=version(DISTRIBUTION),
        protocol={"name": rules.name, "hash": rules.hash, "definition": rules.definition},
        plugins=tuple(
            {
                "label": readable(variant.label),
                "plugin": variant.key.plugin,
                "version": variant.version,
                "artifact": variant.key.artifact,
                "options": variant.options,
                "code": variant.key.code,
                "paper": variant.paper,
            }
            for variant in variants
        ),
        pictures=tuple(subjects),
        left_out=tuple(
            {"name": readable(Path(item.source.name).name), "why": readable(item.why)}
            for item in left_out
        ),
    )


def _describe_pairs(
    about: Description, options: PairOptions, checks: Sequence[Subject]
) -> PairDescription:
    """Return the description of a survey of pairs of the same pictures."""
    names = [name.name for name in fields(Description) if name.name not in ("format", "question")]
    conditions = range(len(about.conditions))
    return PairDescription(
        **{name: getattr(about, name) for name in names},
        question=PAIRS_QUESTION,
        compared=tuple(conditions if options.original else conditions[1:]),
        checks=tuple(checks),
        exposure_ms=options.exposure_ms,
        consent=options.consent,
    )
