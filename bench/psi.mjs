// psi.mjs MODULES HOLDER ASKER: @openmined/psi.js on the sets that bench/sets wrote, both parties
// in this one process, every message serialised and parsed as if it travelled. One line on standard
// input is one run ("GCS", "Raw", "BloomFilter"), answered by one line of JSON.
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const [modules, holderFile, askerFile] = process.argv.slice(2);
const require = createRequire(path.resolve(modules, 'package.json'));
const psi = await require('@openmined/psi.js')();

const lines = (f) => readFileSync(f, 'utf8').split('\n').slice(0, -1);
const typed = (text) => (/^[0-9.]+$/.test(text) ? `ipv4:${text}` : `domain:${text}`);
const holder = lines(holderFile).map(typed);
const asker = lines(askerFile).slice(1).map((l) => l.replace(' ', ':'));
// That one of all the asker's items is taken for a hit by chance; Raw is exact.
const falsePositives = 1e-9;

// Fresh keys each time, as in our runs; a server that keeps its key and its setup message answers
// faster the second time, but links what it is asked over time.
function run(structure) {
    const cpu = process.cpuUsage();
    const start = process.hrtime.bigint();
    const server = psi.server.createWithNewKey(true);
    const client = psi.client.createWithNewKey(true);
    const setup = server.createSetupMessage(
        falsePositives, asker.length, holder, psi.dataStructure[structure]).serializeBinary();
    const request = client.createRequest(asker).serializeBinary();
    const response = server.processRequest(
        psi.request.deserializeBinary(request)).serializeBinary();
    const hits = client.getIntersection(
        psi.serverSetup.deserializeBinary(setup), psi.response.deserializeBinary(response));
    const took = process.hrtime.bigint() - start;
    const used = process.cpuUsage(cpu);
    server.delete();
    client.delete();
    return {
        seconds: Number(took) / 1e9,
        cpu: (used.user + used.system) / 1e6,
        up: request.length,
        down: setup.length + response.length,
        hits: hits.map((i) => asker[i]).sort(),
    };
}

for await (const structure of createInterface({ input: process.stdin }))
    process.stdout.write(`${JSON.stringify(run(structure))}\n`);
