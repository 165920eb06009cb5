"""The toolbox on contract documents: what teams do with them before anything runs.

It reads what :mod:`eventyard.contract` has read, and knows no server and no network.
"""
