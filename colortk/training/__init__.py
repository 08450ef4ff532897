"""Train colorizers: datasets, the training loop, export to ONNX, manifests and model cards.

A trainer is a function that takes a :class:`~colortk.training.request.TrainRequest`. A plugin
names it in its specification, and ``colortk fit`` calls it. Plugins with a Keras network describe
the training in a :class:`~colortk.training.recipe.Recipe` and call
:func:`colortk.training.loop.fit.fit`.
"""
