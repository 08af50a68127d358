"""What files say beside personas: ties, first posts, activity."""
