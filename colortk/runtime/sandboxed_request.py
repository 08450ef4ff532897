"""The sandbox of a plugin, and its request with the paths that are valid there."""

from __future__ import annotations

from dataclasses import replace

from colortk.errors import PluginError
from colortk.plugin.options import with_paths
from colortk.plugin.spec import ColorizerSpec
from colortk.plugin.weights_folder import external_files
from colortk.runtime.loading import PluginRequest
from colortk.runtime.sandbox import Hidden, Sandbox


def sandboxed_request(
    spec: ColorizerSpec, request: PluginRequest, hidden: Hidden
) -> tuple[PluginRequest, Sandbox]:
    """Return a sandbox for a plugin, and the request with the paths that are valid in it.

    Raises ``PluginError`` if a file that an option names cannot be copied.
    """
    extra = [] if request.weights is None else [request.weights.absolute()]
    external = [file.path for file in external_files(spec)]
    conversions = [path.parent for path in external]  # networks that were made from the files
    sandbox = Sandbox([*extra, *external, *conversions], hidden)
    try:
        options = with_paths(spec, request.options, sandbox.with_copy)
    except OSError as error:
        sandbox.close()
        reason = f"a file that an option names cannot be copied: {error.strerror or error}"
        raise PluginError(f"plugin '{spec.name}' cannot be loaded", reason) from error
    except BaseException:
        sandbox.close()
        raise
    weights = request.weights and request.weights.absolute()
    return replace(request, options=options, weights=weights), sandbox
