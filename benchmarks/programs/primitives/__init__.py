"""The smallest operations of asyncio, each as a coroutine function that does it a given number of times."""
