"""The records of a review: where they are from, and search in them."""
