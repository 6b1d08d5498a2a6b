"""Encoders that can be used again: new samples through what a pair has learned; saved as arrays.

May import: the layers below; not the api, nor results.
"""
