"""The reference job in other engines, each as its competent user would write it.

They run in an environment of the bench's own, where this engine is not installed.
"""
