"""What every exported folder holds: files, splits, a card with licences, and its upload."""
