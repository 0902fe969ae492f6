"""What is measured, a module each; `measure.py` runs them, `page.py` writes what they found."""
