"""AgentPool: what a persona is told, what it remembers, how it decides."""
