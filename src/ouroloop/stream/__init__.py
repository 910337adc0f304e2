"""Readers and writers over transports: the streams of asyncio's namespace, on a native read buffer."""
