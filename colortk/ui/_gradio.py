"""Import Gradio with its telemetry off, or raise one line that says how to install it."""

from __future__ import annotations

import os
from typing import Any

from colortk.errors import EnvironmentProblem

# Gradio reads these variables when it is imported. Without them it reports each start to its makers
# and asks for its latest version.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"

try:
    import gradio as _gradio
    import uvicorn as _uvicorn
    from fastapi import FastAPI as _FastAPI
except ImportError as error:
    raise EnvironmentProblem(
        "the web page needs Gradio", str(error),
        "pip install 'gradio>=6', or in a clone: pip install '.[ui]'",
    ) from error  # fmt: skip
if int(_gradio.__version__.partition(".")[0]) < 6:
    raise EnvironmentProblem(
        "the web page needs Gradio 6", f"this is {_gradio.__version__}", "pip install -U gradio"
    )

#: Untyped, because their types differ between releases.
gr: Any = _gradio
uvicorn: Any = _uvicorn
FastAPI: Any = _FastAPI

__all__ = ["FastAPI", "gr", "uvicorn"]
