"""Files of the field and of other tools: MDF, stores of spectra, PyTorch and ONNX."""
