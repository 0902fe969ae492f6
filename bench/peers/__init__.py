"""The alternatives, each as its users write it. A peer defines jobs in a stack: `release(stack, app_id, …)`.

:param branch_names: One job for each.
:param version: Another one makes the deployment release again.
"""
