"""The HTTP doors: collector, tracking pages, API, and the built UI.

In: requests.
Out: responses.
"""
