"""The differential test: the same commands to redis-server 7.0.15 and slotmesh-node."""
