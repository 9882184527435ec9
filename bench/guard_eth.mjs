// guard_eth.mjs MODULES PROTECTED LOOKALIKES TOP: eth-phishing-detect with the same protected names
// as its fuzzy list and its own tolerance. Prints one line of JSON: names a second, how many of the
// lookalikes it finds, how many of the top sites it reports.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const [modules, protectedFile, lookalikesFile, topFile] = process.argv.slice(2);
const require = createRequire(path.resolve(modules, 'package.json'));
const Detector = require('eth-phishing-detect/src/detector');
const lines = (f) => readFileSync(f, 'utf8').split('\n').filter((l) => l !== '');
const detector = new Detector({
    whitelist: lines(protectedFile),
    blacklist: [],
    fuzzylist: lines(protectedFile),
    tolerance: require('eth-phishing-detect/src/config.json').tolerance,
});
const count = (names) => names.filter((n) => detector.check(n).result).length;
const lookalikes = lines(lookalikesFile), top = lines(topFile);
count(top.slice(0, 200)); // what is compiled late is compiled now
const cpu = process.cpuUsage();
const flagged = count(top);
const used = process.cpuUsage(cpu);
console.log(JSON.stringify({
    rate: top.length / ((used.user + used.system) / 1e6),
    recall: (100 * count(lookalikes)) / lookalikes.length,
    alarms: (1e6 * flagged) / top.length,
}));
