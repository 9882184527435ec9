// Entente's receipts and heads against @sigstore/verify: its inclusion proofs, its heads of logs,
// both as it checks them for an entry of Rekor. Arguments: the directory with node_modules, and
// what ledger_artefacts wrote. Prints TAP.
import { createRequire } from 'node:module';
import { createPublicKey } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const [modules, artefacts] = process.argv.slice(2);
const require = createRequire(path.resolve(modules, 'package.json'));
// The package's front door wants a whole bundle of Rekor; this is the step behind it.
const inside = path.dirname(require.resolve('@sigstore/verify'));
const { verifyTLogTimestamp } = require(path.join(inside, 'timestamp', 'index.js'));

const read = (...names) => readFileSync(path.join(artefacts, ...names));

// A verifier key as one of its logs. The key id is the beginning of what it calls the log's id.
function authority(vkey) {
    const [, id, ...key] = vkey.trim().split('+');
    const raw = Buffer.from(key.join('+'), 'base64').subarray(1);
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]);
    return {
        logID: Buffer.from(id, 'hex'),
        publicKey: createPublicKey({ key: spki, format: 'der', type: 'spki' }),
        validFor: { start: new Date(0), end: new Date(4e12) },
    };
}

// A receipt as an entry of Rekor. It demands that every signature is by a log that it knows, so
// the cosignatures stay out.
function entryOf(text) {
    const [head, ...rest] = text.split('\n\n');
    const [, extra, index, ...hashes] = head.split('\n');
    const [body, signatures] = rest.join('\n\n').split('\n\n');
    const [, size, root] = body.split('\n');
    const own = signatures.split('\n')[0];
    return {
        canonicalizedBody: Buffer.from(extra.replace(/^extra /, ''), 'base64'),
        integratedTime: '1795328503',
        logId: { keyId: Buffer.alloc(32) },
        inclusionProof: {
            logIndex: index.replace(/^index /, ''),
            treeSize: size,
            rootHash: Buffer.from(root, 'base64'),
            hashes: hashes.map((h) => Buffer.from(h, 'base64')),
            checkpoint: { envelope: `${body}\n\n${own}\n` },
        },
    };
}

let count = 0;
let failed = 0;
function test(name, f) {
    count++;
    try {
        f();
        console.log(`ok ${count} - ${name}`);
    } catch (e) {
        failed++;
        console.log(`not ok ${count} - ${name}\n# ${e.stack.replaceAll('\n', '\n# ')}`);
    }
}
function refused(f, pattern) {
    try {
        f();
    } catch (e) {
        if (!pattern.test(e.message)) throw e;
        return;
    }
    throw new Error('accepted');
}

const logs = [authority(read('keys', 'log-1').toString())];
const files = readdirSync(path.join(artefacts, 'receipts'));
const text = (f) => read('receipts', f).toString();

test(`${files.length} receipts`, () => {
    if (files.length < 50) throw new Error('so few');
    for (const f of files) verifyTLogTimestamp(entryOf(text(f)), logs);
});
test('another place in the tree is refused', () => {
    for (const f of files) {
        const e = entryOf(text(f));
        if (e.inclusionProof.treeSize === '1') continue;
        const i = BigInt(e.inclusionProof.logIndex);
        e.inclusionProof.logIndex = String(i === 0n ? 1n : i - 1n);
        refused(() => verifyTLogTimestamp(e, logs), /calculated root hash|invalid hash count/);
    }
});
test('a flipped bit in any hash is refused', () => {
    for (const f of files) {
        for (let h = 0; h < entryOf(text(f)).inclusionProof.hashes.length; h++) {
            const e = entryOf(text(f));
            e.inclusionProof.hashes[h][h % 32] ^= 1;
            refused(() => verifyTLogTimestamp(e, logs), /calculated root hash/);
        }
    }
});
test('a flipped bit in the statement is refused', () => {
    for (const f of files) {
        const e = entryOf(text(f));
        e.canonicalizedBody[e.canonicalizedBody.length >> 1] ^= 4;
        refused(() => verifyTLogTimestamp(e, logs), /calculated root hash/);
    }
});
test('a head with another root, or of another log, is refused', () => {
    const e = entryOf(text(files[0]));
    const note = e.inclusionProof.checkpoint;
    note.envelope = note.envelope.replace(/\n(.)/, (_, c) => `\n${c === '1' ? '2' : '1'}`);
    refused(() => verifyTLogTimestamp(e, logs), /invalid checkpoint signature/);
    const other = [authority(read('keys', 'log-2').toString())];
    refused(() => verifyTLogTimestamp(entryOf(text(files[0])), other), /invalid checkpoint signature/);
});
console.log(`1..${count}`);
process.exitCode = failed === 0 ? 0 : 1;
