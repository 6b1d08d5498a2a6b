"""The published figures anew and the accuracy on known truths: plan, estimators, verdict, page.

May import: the layers below.
"""
