"""The function of `Custom::AmplifyJob`. `index.py` is where to begin."""
