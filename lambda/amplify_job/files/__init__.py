"""The files to deploy: their archives, and how they are sent."""
