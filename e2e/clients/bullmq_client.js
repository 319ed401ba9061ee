// A job queue of the package bullmq on a cluster: bullmq_client.js PORT JOBS
//
// Adds jobs (plain, delayed, with priorities, in a flow's parent and children, failing once), lets
// workers do them, and prints one line of JSON: how often each ran, and what was left.
'use strict';

const Redis = require('ioredis');
const { FlowProducer, Queue, QueueEvents, Worker } = require('bullmq');

const [port, jobs] = process.argv.slice(2).map(Number);
const prefix = '{jobs}'; // One slot.

function connect() {
  const cluster = new Redis.Cluster([{ host: '127.0.0.1', port }], {
    redisOptions: { maxRetriesPerRequest: null },
  });
  cluster.on('error', () => {}); // Every failed command reports its own error.
  return cluster;
}

async function main() {
  const connections = [connect(), connect(), connect(), connect()];
  const [forQueue, forWorkers, forEvents, forFlow] = connections;
  const queue = new Queue('work', { connection: forQueue, prefix });
  const events = new QueueEvents('work', { connection: forEvents, prefix });
  const flow = new FlowProducer({ connection: forFlow, prefix });
  await events.waitUntilReady();
  const runs = {};
  const doJob = async (job) => {
    runs[job.name] = (runs[job.name] || 0) + 1;
    if (job.data.failsOnce && job.attemptsMade === 0) throw new Error('the first time');
    return job.data.value * 2;
  };
  const options = { connection: forWorkers, prefix, concurrency: 5 };
  const workers = [new Worker('work', doJob, options), new Worker('work', doJob, options)];
  for (const worker of workers) worker.on('error', () => {});

  const added = [];
  for (let i = 0; i < jobs; i++) {
    const how = [{}, { delay: 20 }, { priority: 1 + (i % 5) }, { attempts: 2 }][i % 4];
    added.push(await queue.add(`job${i}`, { value: i, failsOnce: i % 4 === 3 }, how));
  }
  const bulk = Array.from({ length: jobs }, (_, i) => ({ name: `bulk${i}`, data: { value: i } }));
  added.push(...(await queue.addBulk(bulk)));
  const tree = await flow.add({
    name: 'parent',
    queueName: 'work',
    data: { value: 1 },
    children: [1, 2, 3].map((i) => ({ name: `child${i}`, queueName: 'work', data: { value: i } })),
  });
  added.push(tree.job);
  const results = await Promise.all(added.map((job) => job.waitUntilFinished(events, 60000)));
  const { completed, ...others } = await queue.getJobCounts();
  const report = {
    added: added.length,
    right: results.filter((result, i) => result === added[i].data.value * 2).length,
    runs,
    left: Object.values(others).reduce((sum, count) => sum + count, 0),
    completed,
  };
  await Promise.all(workers.map((worker) => worker.close()));
  await Promise.all([queue.close(), events.close(), flow.close()]);
  for (const connection of connections) connection.disconnect();
  console.log(JSON.stringify(report));
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
