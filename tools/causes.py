"""The taxonomy: every `finding.cause` there is."""

from __future__ import annotations

CAUSES: tuple[str, ...] = (
    "no-consumers", "workers-lost", "worker-killed", "consumer-stalled", "queue-mismatch", "unknown-task", "paused",
    "rate-limited", "scheduler-down", "scheduler-duplicated", "scheduled-overdue", "dependency-blocked",
    "backlog-growing", "backlog-draining", "latency-high", "utilization-high", "prefetch-hoarding", "unacked-pileup",
    "priority-starvation", "order-group-blocked", "consumer-lag", "partition-stuck", "hot-partition", "rebalance-loop",
    "stuck-jobs", "lease-lost", "poison-message", "dead-letters", "failure-rate-high", "duplicate-delivery-risk",
    "loss-risk", "message-expired", "retention-overrun", "oversized-messages", "worker-memory-growth",
    "eviction-risk", "memory-pressure", "broker-refusing-writes", "broker-restarted", "broker-slow",
    "connection-saturation", "result-bloat", "throttled", "lock-or-session-held", "incompatible-versions",
    "scale-in-kills-work", "autoscaler-stuck", "healthy",
)  # fmt: skip
