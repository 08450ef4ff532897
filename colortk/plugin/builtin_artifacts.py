"""Trained files of the built-in metrics, which the user fetches."""

from __future__ import annotations

from colortk.plugin.artifact import Artifact

#: The weights of Inception v3 that pytorch-fid uses, ported from the TensorFlow graph
#: inception-2015-12-05. The package torch-fidelity publishes the same file under another name.
INCEPTION = Artifact(
    name="pt_inception-2015-12-05-6726825d.pth",
    sha256="6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    url=(
        "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
        "pt_inception-2015-12-05-6726825d.pth",
        "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
        "weights-inception-2015-12-05-6726825d.pth",
    ),
    size=95_628_359,
    license="Apache-2.0",
)
