"""Locks, queues, waiting and structure: what asyncio offers besides the loop."""
