"""A run as a program of its own, script or notebook, that needs only TensorFlow and NumPy."""

from core.export.program import (
    explain_difference,
    explain_no_export,
    export_notebook,
    export_script,
)
