// What both Node.js clients do, on any client library: the basics, and traffic that checks itself.
//
// A library is an object of functions: connect(port), set, get, pipeline, multi, crossSlot, close.
// Results leave as one JSON line on standard output; `traffic` runs until a line arrives on
// standard input. The Python clients (traffic.py) print the same.
'use strict';

const KEYS = 10000;
const BATCH = 200;
const TRAFFIC_KEYS = 500;
const WRITERS = 8;

function print(value) {
  process.stdout.write(JSON.stringify(value) + '\n');
}

async function inBatches(count, work) {
  for (let start = 0; start < count; start += BATCH) {
    const batch = [];
    for (let i = start; i < Math.min(count, start + BATCH); i++) batch.push(work(i));
    await Promise.all(batch);
  }
}

// Writes and reads KEYS keys, then pipelines, a transaction and a request over two slots.
async function basics(library, port) {
  const client = await library.connect(port);
  const report = { written: 0, right: 0 };
  await inBatches(KEYS, async (i) => {
    if ((await library.set(client, `key:${i}`, `value ${i}`)) === 'OK') report.written++;
  });
  await inBatches(KEYS, async (i) => {
    if ((await library.get(client, `key:${i}`)) === `value ${i}`) report.right++;
  });
  report.pipeline = await library.pipeline(client, '{pipe}', 100);
  report.multi = await library.multi(client, '{multi}');
  report.crossSlot = await library.crossSlot(client);
  await library.close(client);
  print(report);
}

// Each key's value is "<key> <version>"; versions rise by one per write. A read must give a version
// between the last one acknowledged before it and the last one tried after it.
class Ledger {
  constructor(prefix) {
    this.prefix = prefix;
    this.acked = new Array(TRAFFIC_KEYS).fill(0);
    this.tried = new Array(TRAFFIC_KEYS).fill(0);
    this.report = { writes: 0, reads: 0, errors: [], wrong: [], slowestMs: 0 };
  }

  note(list, text) {
    if (this.report[list].length < 20) this.report[list].push(text);
  }

  key(i) {
    return `${this.prefix}${i}`;
  }

  async timed(work) {
    const start = process.hrtime.bigint();
    const result = await work();
    const ms = Number(process.hrtime.bigint() - start) / 1e6;
    this.report.slowestMs = Math.max(this.report.slowestMs, ms);
    return result;
  }

  async write(library, client, i) {
    const version = ++this.tried[i];
    try {
      const value = `${this.key(i)} ${version}`;
      const reply = await this.timed(() => library.set(client, this.key(i), value));
      if (reply !== 'OK') this.note('errors', `SET gave ${reply}`);
      this.acked[i] = version;
      this.report.writes++;
    } catch (error) {
      this.note('errors', `SET: ${error}`);
    }
  }

  async read(library, client, i) {
    const low = this.acked[i];
    try {
      const value = await this.timed(() => library.get(client, this.key(i)));
      this.check(i, low, value);
      this.report.reads++;
    } catch (error) {
      this.note('errors', `GET: ${error}`);
    }
  }

  check(i, low, value) {
    if (value === null && low === 0) return;
    const [key, version] = String(value).split(' ');
    if (key !== this.key(i) || !(Number(version) >= low && Number(version) <= this.tried[i])) {
      this.note('wrong', `${this.key(i)}: ${value}, not ${low}..${this.tried[i]}`);
    }
  }
}

// Writers share no key, so that each key's versions are acknowledged in order.
async function traffic(library, port, prefix) {
  const writer = await library.connect(port);
  const reader = await library.connect(port);
  const ledger = new Ledger(prefix);
  let stop = false;
  process.stdin.once('data', () => { stop = true; });
  const write = async (first) => {
    while (!stop) {
      for (let i = first; i < TRAFFIC_KEYS && !stop; i += WRITERS) {
        await ledger.write(library, writer, i);
      }
    }
  };
  const read = async () => {
    for (let i = 0; !stop; i = (i + 7) % TRAFFIC_KEYS) await ledger.read(library, reader, i);
  };
  const loops = [read(), read()];
  for (let w = 0; w < WRITERS; w++) loops.push(write(w));
  print({ event: 'running' });
  await Promise.all(loops);
  for (let i = 0; i < TRAFFIC_KEYS; i++) await ledger.read(library, reader, i);
  await library.close(writer);
  await library.close(reader);
  print(ledger.report);
  process.exit(0);
}

async function main(library) {
  const [scenario, port, prefix] = process.argv.slice(2);
  await { basics, traffic }[scenario](library, Number(port), prefix);
}

module.exports = { main };
