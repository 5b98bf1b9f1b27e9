"""From text to a checked flow: reading, the model, expressions, diagnostics."""
