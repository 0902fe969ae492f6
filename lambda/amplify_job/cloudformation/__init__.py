"""The request, its properties, the marks of jobs, the stack's events, the answer."""
