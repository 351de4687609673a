"""What Queuewright knows: articles in English and Russian, an index over them, and hybrid search.

Nothing heavy is imported here; ``knowledge.search.Knowledge`` is the way in.
"""
