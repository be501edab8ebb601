"""A run as a program of its own, script or notebook, that needs only TensorFlow and NumPy."""

from core.export.program import export_notebook, export_script, has_result, is_exact
