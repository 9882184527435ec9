// Entente's OPRFs against @cloudflare/voprf-ts: both roles, modes OPRF and VOPRF, suite
// ristretto255-SHA512. Arguments: the directory with node_modules, the oprf_peer program.
// Prints TAP.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { randomBytes } from 'node:crypto';
import path from 'node:path';

const [modules, program] = process.argv.slice(2);
const require = createRequire(path.resolve(modules, 'package.json'));
const ts = require('@cloudflare/voprf-ts');
const { CryptoNoble } = require('@cloudflare/voprf-ts/crypto-noble');
ts.Oprf.Crypto = CryptoNoble;
const suite = ts.Oprf.Suite.RISTRETTO255_SHA512;

const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
const hex = (b) => Buffer.from(b).toString('hex') || '-';
const list = (l) => l.map(hex).join(',');
const unlist = (s) => s.split(',').map((h) => new Uint8Array(Buffer.from(h, 'hex')));

// One command to our side; its words, or an exception with its error.
async function ours(...words) {
    child.stdin.write(words.join(' ') + '\n');
    const answer = (await lines.next()).value;
    if (!answer.startsWith('ok')) throw new Error(answer);
    return answer.split(' ').slice(1);
}

let count = 0;
let failed = 0;
async function test(name, f) {
    count++;
    try {
        await f();
        console.log(`ok ${count} - ${name}`);
    } catch (e) {
        failed++;
        console.log(`not ok ${count} - ${name}\n# ${e.stack.replaceAll('\n', '\n# ')}`);
    }
}
function same(a, b, what) {
    if (a !== b) throw new Error(`${what} differ: ${a} and ${b}`);
}
async function refused(f, pattern) {
    try {
        await f();
    } catch (e) {
        if (!pattern.test(e.message)) throw e;
        return;
    }
    throw new Error('accepted');
}

const elements = (l) => l.map((b) => ts.Oprf.getGroup(suite).desElt(b));
function inputs(n) {
    const l = [];
    for (let i = 0; i < n; i++) l.push(new Uint8Array(randomBytes(i % 7 === 3 ? 200 : i % 40)));
    return l;
}
const flipped = (proof, at) => {
    const b = Buffer.from(proof, 'hex');
    b[at] ^= 1;
    return b.toString('hex');
};
function evaluation(mode, evaluated, proof) {
    return new ts.Evaluation(
        mode,
        elements(unlist(evaluated)),
        mode === 1
            ? ts.DLEQProof.deserialize(ts.Oprf.getGroup(suite).id, Buffer.from(proof, 'hex'))
            : undefined
    );
}

async function theirClient(mode, n, seed, info, keys) {
    const client =
        mode === 0 ? new ts.OPRFClient(suite) : new ts.VOPRFClient(suite, keys.publicKey);
    const x = inputs(n);
    const [data, request] = await client.blind(x);
    const blinded = list(request.blinded.map((e) => e.serialize(true)));
    const [evaluated, proof] = await ours('evaluate', mode, blinded);
    const out = await client.finalize(data, evaluation(mode, evaluated, proof));
    same(list(out), (await ours('own', mode, list(x)))[0], 'outputs');
    if (mode === 0) return;
    for (const at of [0, 17, 32, 50])
        await refused(
            () => client.finalize(data, evaluation(mode, evaluated, flipped(proof, at))),
            /proof failed/
        );
}

async function theirServer(mode, n, seed, info, keys) {
    const server =
        mode === 0
            ? new ts.OPRFServer(suite, keys.privateKey)
            : new ts.VOPRFServer(suite, keys.privateKey);
    const x = inputs(n);
    const [blinded] = await ours('blind', mode, list(x));
    const answer = await server.blindEvaluate(
        new ts.EvaluationRequest(elements(unlist(blinded)))
    );
    const evaluated = list(answer.evaluated.map((e) => e.serialize(true)));
    const proof = mode === 0 ? '-' : hex(answer.proof.serialize());
    const pk = hex(keys.publicKey);
    const [out] = await ours('finalize', mode, pk, evaluated, proof);
    const want = [];
    for (const one of x) want.push(await server.evaluate(one));
    same(out, list(want), 'outputs');
    if (mode === 0) return;
    for (const at of [0, 17, 32, 50])
        await refused(
            () => ours('finalize', mode, pk, evaluated, flipped(proof, at)),
            /^error a signature, proof/
        );
    await refused(() => ours('finalize', mode, hex(randomBytes(31)) + '80', evaluated, proof), /^error malformed/);
}

for (const mode of [0, 1]) {
    const seed = randomBytes(32);
    const info = randomBytes(20);
    const keys = await ts.deriveKeyPair(mode, suite, seed, info);
    const name = mode === 0 ? 'OPRF' : 'VOPRF';
    await test(`${name}: both derive the same key`, async () => {
        const [pk] = await ours('key', mode, hex(seed), hex(info));
        same(pk, hex(keys.publicKey), 'public keys');
    });
    for (const n of [1, 2, 50]) {
        await test(`${name}: their client, our server, ${n} inputs`, () =>
            theirClient(mode, n, seed, info, keys));
        await test(`${name}: our client, their server, ${n} inputs`, () =>
            theirServer(mode, n, seed, info, keys));
    }
}
console.log(`1..${count}`);
child.stdin.end();
process.exitCode = failed === 0 ? 0 : 1;
