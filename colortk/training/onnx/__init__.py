"""Write a Keras network as an ONNX model."""
