// browser.mjs: a headless Chromium before the console of a running node, for *.mjs here. Arguments of
// the program: the directory with node_modules, the browser, the address of the users' port. Prints TAP.
import { createRequire } from "node:module";
import path from "node:path";

export const [modules, browserPath, base] = process.argv.slice(2);
const require = createRequire(path.resolve(modules, "package.json"));
const { chromium } = require("playwright-core");

let count = 0, failed = 0;
export function ok(good, name, ...why) {
    count++;
    if (!good) failed++;
    console.log(`${good ? "ok" : "not ok"} ${count} - ${name}`);
    if (!good) for (const w of why) console.log("# " + String(w).slice(0, 300).replace(/\n/g, " "));
}
export const is = (got, want, name) => ok(JSON.stringify(got) === JSON.stringify(want), name, "got:  " + JSON.stringify(got), "want: " + JSON.stringify(want));

const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
export const complaints = [], asked = { all: 0, tester: 0 };
export const sessions = {}; // of whom: what the browser of this one keeps
export async function open(options = {}, whom = "tester") {
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, reducedMotion: "reduce", ignoreHTTPSErrors: true, storageState: sessions[whom], ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(15000);
    page.on("console", (m) => { if (["error", "warning"].includes(m.type())) complaints.push(m.text()); });
    page.on("pageerror", (e) => complaints.push(e.message));
    page.on("dialog", (d) => { complaints.push("dialog " + d.message()); void d.dismiss(); });
    page.on("request", (r) => { asked.all++; if (whom === "tester" && r.url().includes("/api/")) asked.tester++; });
    page.on("request", (r) => { if (!r.url().startsWith(base + "/") && !r.url().startsWith("data:")) complaints.push("request to " + r.url()); });
    page.go = async (hash) => {
        await page.goto("about:blank");
        await page.goto(base + "/#/" + hash);
        await page.waitForSelector("main[aria-busy=false] h1");
    };
    return page;
}
// The policy of the pages lets nobody evaluate a text in them, Playwright's own waiting neither.
export async function until(p, what) {
    for (let i = 0; i < 150; i++) {
        if (await p.evaluate(what)) return;
        await p.waitForTimeout(100);
    }
    throw new Error("waited in vain: " + what);
}
export const quiet = (name) => { is(complaints.splice(0), [], name); };
export const json = (page, p) => page.evaluate(async (u) => (await fetch(u)).json(), "/api/v1/" + p);
export const log = async (p, name, password) => {
    await p.fill("input[name=name]", name);
    await p.fill("input[name=password]", password);
    await p.keyboard.press("Enter");
    await p.waitForSelector("main[aria-busy=false] .tiles");
};

// Contrast (WCAG 2.1, 1.4.3) of each text against what is behind it, colours with alpha laid over.
export const contrast = () => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (c) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); const d = canvas.getImageData(0, 0, 1, 1).data; return [d[0], d[1], d[2], d[3] / 255]; };
    const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
    const lum = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const behind = (e) => {
        const layers = [];
        for (; e; e = e.parentElement) layers.push(rgba(getComputedStyle(e).backgroundColor));
        return layers.reverse().reduce((b, a) => over(a, b), [255, 255, 255, 1]);
    };
    const bad = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let n = 0;
    while (walk.nextNode()) {
        const e = walk.currentNode.parentElement, r = e.getBoundingClientRect();
        if (!walk.currentNode.data.trim() || r.width < 2 || r.height < 2 || e.closest("script, style, noscript")) continue;
        const st = getComputedStyle(e), b = behind(e), f = over(rgba(e.closest("svg") ? st.fill : st.color), b);
        const [hi, lo] = [lum(f), lum(b)].sort((x, y) => y - x), ratio = (hi + 0.05) / (lo + 0.05);
        n++;
        if (ratio < 4.5) bad.push(`${ratio.toFixed(2)} ${e.tagName}.${e.className}: ${walk.currentNode.data.slice(0, 30)}`);
    }
    return { n, bad };
};
export const unnamed = () => [...document.querySelectorAll("a, button, input, select, textarea, progress, [role=meter], [role=img]")].filter((e) =>
    !(e.getAttribute("aria-label") || e.textContent.trim() || (e.labels && e.labels.length))).map((e) => e.outerHTML.slice(0, 80));
// The last word.
export async function end() {
    await browser.close();
    console.log(`# ${asked.all} requests, ${asked.tester} of them calls of one account`);
    console.log(`1..${count}`);
    process.exit(failed === 0 ? 0 : 1);
}
