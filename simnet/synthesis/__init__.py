"""Generation at scale: personas made of texts and of personas, and texts made with personas.

Thousands of prompts are kept in flight at a model server, replies are durable before they count,
so a job that was killed goes on where it was, and the output is in the order of the input.
"""
