"""Where "a lot" begins, each number with its reason.

The user's four thresholds come from the configuration, a target may override them; the rest are judgements that the
tests and the lab hold against injected faults.
"""

from __future__ import annotations

from tools.config import Thresholds
from tools.targets import Target

# Redis refuses or evicts at 1.0. An alert at 0.8 leaves time to act, at 0.95 it is a matter of minutes.
MEMORY_PRESSURE = 0.8
MEMORY_NEARLY_FULL = 0.95

# A rate needs two samples at least two of kombu's one-second polls apart, with room for a burst between them; a minute
# tells best what happens now, and what happened ten minutes ago says nothing about now.
RATE_LEAST_S = 5.0
RATE_BEST_S = 60.0
RATE_MOST_S = 600.0
# Depth counts are exact, arrivals come in bursts: a change below this is not a direction.
CHANGE_LEAST = 5.0
CHANGE_SHARE = 0.005
# Twenty messages are a few prefetches of one worker: fewer are work in progress, whatever the direction.
BACKLOG_LEAST = 20

# Jobs of one task differ by small factors; ten times the median of at least three others is another kind of run.
STUCK_FACTOR = 10.0
STUCK_PEERS = 3
# Celery's default visibility timeout on Redis, in seconds (kombu): what runs longer is handed out a second time.
VISIBILITY_TIMEOUT_S = 3_600.0

# A worker keeps every ETA task in its memory until it is due; a thousand is no longer a few retries.
ETA_HELD = 1_000

# Result keys and reply queues that nothing will ever delete: from a thousand on it is a leak, not a leftover.
RESULTS_WITHOUT_TTL = 1_000
RESULTS_SAMPLED_LEAST = 20
REPLY_QUEUES_WITHOUT_TTL = 1_000
# Below this share of the memory in use, results do not explain why the memory is short.
RESULTS_SHARE = 0.25

# Of two queue names: a typing mistake or a forgotten plural, not another name (contract, Causes).
NAME_DISTANCE = 2


def thresholds_of(configured: Thresholds, target: Target) -> Thresholds:
    """The thresholds in force for a target: its own before the general ones; keys that do not exist are left out."""
    own = {key: value for key, value in target.thresholds.items() if key in Thresholds.model_fields}
    return configured.model_copy(update=own)
