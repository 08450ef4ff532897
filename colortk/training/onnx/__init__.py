"""A Keras network written as an ONNX graph."""
