"""Amplify Hosting in memory: apps, branches and jobs behind the service's own API."""

from amplify_local.amplify.api import Amplify
from amplify_local.amplify.backend import Behaviour
from amplify_local.amplify.client import attach
from amplify_local.amplify.plan import Plan

__all__ = ["Amplify", "Behaviour", "Plan", "attach"]
