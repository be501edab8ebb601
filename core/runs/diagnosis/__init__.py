"""What a run directory holds for a diagnosis, and the diagnosis of a run beside others."""
