"""The names in the ONNX file of the Inception network, and the number of its features."""

#: Name of the file, its input and output, and the number of features.
NAME, INPUT, OUTPUT, FEATURES = "inception.onnx", "pictures", "features", 2048
