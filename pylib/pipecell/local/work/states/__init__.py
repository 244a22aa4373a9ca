"""The local Step Functions engine: an explicit, serialisable machine that executes Amazon States Language.

``parse`` reads a definition, ``machine`` is the pure core (frames and one event in; new frames, history
events and effects out), ``engine`` keeps both in the store and does what the core decided.
"""
