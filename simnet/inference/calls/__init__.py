"""What any model call goes through: admission, deadlines, throttling, retries, statistics."""
