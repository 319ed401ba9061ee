#!/usr/bin/python3
"""python3-redis, RedisCluster: redis_py_client.py basics PORT | traffic PORT PREFIX"""

import redis
import traffic


class Library:
    """RedisCluster of redis-py 4.3."""

    def connect(self, port):
        return redis.cluster.RedisCluster(host="127.0.0.1", port=port, decode_responses=True)

    def set(self, cluster, key, value):
        return "OK" if cluster.set(key, value) else "not OK"

    def get(self, cluster, key):
        return cluster.get(key)

    def pipeline(self, cluster, tag, count):
        pipeline = cluster.pipeline()
        for i in range(count):
            pipeline.set(f"{tag}{i}", i).get(f"{tag}{i}")
        return ["OK" if reply is True else reply for reply in pipeline.execute()]

    def multi(self, cluster, tag):
        """On the owner's connection: this RedisCluster has no transactional pipeline."""
        owner = cluster.get_node_from_key(f"{tag}a")
        pipeline = cluster.get_redis_connection(owner).pipeline(transaction=True)
        replies = pipeline.set(f"{tag}a", 1).incr(f"{tag}a").get(f"{tag}a").execute()
        return ["OK" if reply is True else reply for reply in replies]

    def cross_slot(self, cluster):
        """Past the client's own check, to hear it from the server."""
        owner = cluster.get_node_from_key("one")
        try:
            cluster.get_redis_connection(owner).execute_command("MGET", "one", "two")
            return "no error"
        except redis.exceptions.ResponseError as error:
            name = type(error).__name__
            return f"CROSSSLOT {error}" if name == "ClusterCrossSlotError" else f"{name}: {error}"

    def close(self, cluster):
        cluster.close()


if __name__ == "__main__":
    traffic.main(Library())
