"""One invocation: the loop, the steps that it takes, the hand-over, the end."""
