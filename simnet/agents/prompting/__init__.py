"""What a persona is told and how its reply is read."""
