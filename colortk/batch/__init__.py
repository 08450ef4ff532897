"""Batches of pictures: which files, where their results go, and one result for each picture.

``inputs`` finds the pictures. ``outputs`` plans, before the first picture is decoded, where each
result goes, what is already done and what is refused. ``process_file`` reads, colorizes and writes
one picture; ``serial`` does so in this process and ``parallel`` in worker processes or on a
cluster. ``tracker`` and ``journal`` record what is begun and done. ``run`` puts these together.
"""
