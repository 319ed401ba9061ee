// ioredis Cluster: ioredis_client.js basics PORT | traffic PORT PREFIX
'use strict';

const Redis = require('ioredis');
const { main } = require('./traffic');

const library = {
  connect: async (port) => {
    const cluster = new Redis.Cluster([{ host: '127.0.0.1', port }], { lazyConnect: true });
    cluster.on('error', () => {}); // Every failed command reports its own error.
    await cluster.connect();
    return cluster;
  },
  set: (cluster, key, value) => cluster.set(key, value),
  get: (cluster, key) => cluster.get(key),
  pipeline: async (cluster, tag, count) => {
    const pipeline = cluster.pipeline();
    for (let i = 0; i < count; i++) pipeline.set(`${tag}${i}`, i).get(`${tag}${i}`);
    const replies = await pipeline.exec();
    return replies.map(([error, reply]) => (error ? String(error) : reply));
  },
  multi: async (cluster, tag) => {
    const replies = await cluster.multi().set(`${tag}a`, 1).incr(`${tag}a`).get(`${tag}a`).exec();
    return replies.map(([error, reply]) => (error ? String(error) : reply));
  },
  crossSlot: (cluster) => cluster.mget('one', 'two').then(() => 'no error', (e) => e.message),
  close: (cluster) => cluster.quit(),
};

main(library);
