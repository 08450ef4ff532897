"""Many pictures: which files, where their results go, one record for each, good or bad.

``inputs`` finds the pictures, ``places`` says where each result goes, ``one`` makes it; ``here``
does that for all of them in this process, ``apart`` in several, or on a cluster. ``journal``
remembers what is done.
"""
