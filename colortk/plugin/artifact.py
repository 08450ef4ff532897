"""Trained files: their declaration, and how the factory of a plugin gets them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # `plugins list` need not wait for it
    from pathlib import Path


class Artifacts(Protocol):
    """The trained files of a plugin, as its factory gets them: each is verified before use."""

    def read(self, name: str) -> bytes:
        """Return the content of an artifact.

        Parameters
        ----------
        name : str
            Name of a declared artifact.

        Raises
        ------
        ArtifactError
            If the file is missing, or its SHA-256 is not the declared one.
        """
        ...

    def path(self, name: str) -> Path:
        """Return the path of an artifact, for libraries that read a large file themselves.

        The file is checked in small parts, so that it is never in memory as a whole.

        Parameters
        ----------
        name : str
            Name of a declared artifact.

        Raises
        ------
        ArtifactError
            As :meth:`read`.
        """
        ...

    def converted(
        self, name: str, convert: Callable[[Path], bytes | None], version: str
    ) -> Path | bytes:
        """Return a file that is made from an artifact once, and is kept for later.

        Parameters
        ----------
        name : str
            Name of a declared artifact.
        convert : callable
            Called with its path, unless the file is there. It returns the content of the file, or
            ``None`` if the artifact is to be used as it is.
        version : str
            Changes whenever ``convert`` makes another file.

        Returns
        -------
        Path or bytes
            The file in the user's folder of weights; the path of the artifact if it is to be used
            as it is; the content if the folder cannot be written, or if the user replaced the
            artifact by another file.

        Raises
        ------
        ArtifactError
            As :meth:`read`.
        """
        ...


@dataclass(frozen=True)
class Artifact:
    """A trained file, which comes with the package or which the user fetches.

    A file with a ``url``, and a file of a plugin without a package, lie in the user's folder of
    weights: ``colortk weights get`` downloads them, ``colortk weights add`` copies them there.

    Attributes
    ----------
    name : str
        Name of the file, without a folder.
    sha256 : str
        SHA-256 of its content: 64 lower-case hexadecimal digits.
    url : str or tuple of str
        HTTPS addresses to download the file from, tried in order. Empty if the file lies in the
        folder ``artifacts`` of the package, or if the user can only bring it.
    size : int
        Size in bytes; 0 if it is not known.
    license : str
        License of the file, which ``colortk weights get`` shows before it downloads.
    """

    name: str
    sha256: str
    url: str | tuple[str, ...] = ""
    size: int = 0
    license: str = ""

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses, in the order in which they are tried."""
        urls = (self.url,) if isinstance(self.url, str) else self.url
        return tuple(url for url in urls if url)
