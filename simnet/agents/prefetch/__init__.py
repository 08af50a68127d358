"""Model calls that are made before their turn has begun."""
