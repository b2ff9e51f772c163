"""What runs a network: OpenVINO, onnxruntime or ultralytics; each imported only when chosen."""
