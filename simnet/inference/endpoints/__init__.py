"""OpenAI-compatible endpoints: requests, replies, errors."""
