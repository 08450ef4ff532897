"""The way from picture to picture as ONNX operators, for `colortk export`."""
