// node-redis createCluster: node_redis_client.js basics PORT | traffic PORT PREFIX
'use strict';

const { createCluster } = require('redis');
const { main } = require('./traffic');

function fill(multi, tag, count) {
  for (let i = 0; i < count; i++) multi.set(`${tag}${i}`, i.toString()).get(`${tag}${i}`);
  return multi;
}

const library = {
  connect: async (port) => {
    const cluster = createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${port}` }] });
    cluster.on('error', () => {}); // Every failed command reports its own error.
    await cluster.connect();
    return cluster;
  },
  set: (cluster, key, value) => cluster.set(key, value),
  get: (cluster, key) => cluster.get(key),
  pipeline: (cluster, tag, count) => fill(cluster.multi(), tag, count).execAsPipeline(),
  multi: (cluster, tag) =>
    cluster.multi().set(`${tag}a`, '1').incr(`${tag}a`).get(`${tag}a`).exec(),
  crossSlot: (cluster) => cluster.mGet(['one', 'two']).then(() => 'no error', (e) => e.message),
  close: (cluster) => cluster.close(),
};

main(library);
