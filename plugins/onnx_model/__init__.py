"""Any colorizer that is an ONNX file, described by options."""
