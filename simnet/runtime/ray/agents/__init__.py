"""The actors of agents, of the scheduler, the recorder and of people, and what they are given."""
