"""Many questions to one model: batching, a log of replies, resumption."""
