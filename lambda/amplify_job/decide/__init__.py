"""What is done next: pure decisions, from what was seen to a step."""
