"""What is read from a reply: text, reasoning, refusals."""
