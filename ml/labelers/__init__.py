"""Recipes of the labelers: who they are and how each is trained."""
