"""Simulated time: the heap, the world, and the ledger of what became of each turn; no IO."""
