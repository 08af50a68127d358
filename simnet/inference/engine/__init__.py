"""vLLM's engine: its options, its processes, its adapters, the embedded model."""
