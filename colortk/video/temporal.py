"""How colors of films are made steady: names and defaults. Importing this costs nothing."""

from __future__ import annotations

#: Keyframes with propagation, averages along motion, or frame by frame.
HOST_TEMPORAL = ("keyframes", "flow", "off")
#: The same, or by the plugin itself.
TEMPORAL = (*HOST_TEMPORAL, "plugin")
#: What can be done with interlaced films.
DEINTERLACE = ("auto", "off", "bob")
#: Default number of frames from one keyframe to the next.
INTERVAL = 8
#: The largest number of frames from one keyframe to the next.
MAX_INTERVAL = 250
