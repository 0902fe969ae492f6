"""Checks what this project believes of AWS, in an account that you name: `python -m verify -h`."""
