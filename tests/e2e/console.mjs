// console.mjs: the console of a running node in a headless Chromium. Arguments and output are those
// of browser.mjs. In the environment: $PASSWORD of the accounts tester (an analyst who may see RED)
// and reader (GREEN), $LINK where the first operator is made, and commands: $GROW makes the own log
// longer, $HIT finds something in a log, $END ends the ledger, $OUT the sessions of the reader.
// $SHOTS is a directory for pictures, or empty.
import { execSync } from "node:child_process";
import path from "node:path";
import { base, complaints, contrast, end, is, json, log, ok, open, quiet, sessions, unnamed, until } from "./browser.mjs";

for (const name of ["tester", "reader"]) {
    const p = await open({}, name);
    await p.goto(base + "/");
    await log(p, name, process.env.PASSWORD);
    ok((await p.textContent("#side")).includes(name), `${name} logs in`);
    sessions[name] = await p.context().storageState();
    await p.context().close();
}
is(sessions.tester.cookies.map((c) => [c.name, c.secure, c.httpOnly, c.sameSite, c.path, c.domain]), [["__Host-entente", true, true, "Strict", "/", "127.0.0.1"]], "by a cookie of this host alone, which no script reads");
is(complaints.splice(0).filter((c) => !c.includes("401")), [], "without a complaint but for the 401 before");

// --- pages ---------------------------------------------------------------------------------------

const seen = "ipv4:109.163.234.2";
const page = await open();
await page.go("today");
const bytes = await page.evaluate(() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].reduce((n, e) => n + e.transferSize, 0));
ok(bytes > 50000 && bytes < 200000, `until the day is drawn less than 200 kB came, headers included: ${bytes} bytes`);
const run = (await json(page, "matches")).matches[0].run;
const pages = {
    today: "today", indicators: "indicators", indicator: "indicator?value=" + seen, watch: "watch", partners: "partners",
    matches: "match", match: "match?run=" + run, quorum: "quorum", ledger: "ledger", proof: "ledger?member=a&index=0", releases: "releases", settings: "settings",
};
let calls = 0, most = 0;
page.on("request", (r) => { if (r.url().includes("/api/")) calls++; });
for (const [name, hash] of Object.entries(pages)) {
    calls = 0;
    await page.go(hash);
    most = Math.max(most, calls);
    const text = await page.textContent("main");
    ok(text.length > 100 && !text.includes("undefined") && !text.includes("NaN") && await page.locator(".failed").count() === 0, `${name} opens`, text);
}
quiet("without a complaint of the browser, and no request to others");
ok(most > 0 && most <= 10, `a page asks little beside the 1,200 times that an account may in a minute: at most ${most} times`);

// --- indicators ----------------------------------------------------------------------------------

const rows = page.locator("main tbody tr");
await page.go("indicators");
is(await rows.count(), 50, "the newest fifty indicators");
await page.click("text=Load more");
await until(page, () => document.querySelectorAll("main tbody tr").length === 100);
ok(true, "and fifty more");
await page.fill("#q", "");
await page.locator("#q").pressSequentially("109[.]163.234.");
await until(page, () => [...document.querySelectorAll("main tbody tr td:first-child")].every((e) => e.textContent.startsWith("109.163.234.")));
is(await rows.count(), 3, "what is typed is searched, defanged or not");
ok(page.url().endsWith("#/indicators?q=109%5B.%5D163.234."), "and stands in the address", page.url());
await page.fill("#q", "109.163.0.0/16");
await until(page, () => location.hash.includes("%2F16"));
await page.waitForSelector("main tbody tr");
ok((await rows.count()) >= 3, "a network finds what lies in it");
await page.fill("#q", "");
await until(page, () => document.querySelectorAll("main tbody tr").length === 50);
await page.click("aside button:has-text('domain')");
await until(page, () => document.querySelectorAll("main tbody tr").length === 10);
is(await page.locator("main tbody tr td:nth-child(2)").allTextContents(), Array(10).fill("domain"), "a facet leaves its type");
await page.click("aside button:has-text('list.txt')");
await until(page, () => document.querySelectorAll("main tbody tr").length === 0);
ok((await page.textContent("main")).includes("Nothing that you may see"), "two facets leave both, here nothing");

await page.go("indicator?value=" + seen);
is(await page.locator("article h3").count(), 2, "an indicator has its claims");
ok((await page.textContent("main")).includes("apache_logs"), "and where it was seen");
await page.fill("input[aria-label='New tag']", "e2e tag");
await page.click("button:has-text('Add')");
await page.waitForSelector(".chip:has-text('e2e tag')");
is((await json(page, "indicator?value=" + seen)).tags, ["e2e tag"], "a tag is added");
await page.click("button[aria-label='Remove the tag e2e tag']");
await until(page, () => !document.querySelector("main").textContent.includes("e2e tag"));
is((await json(page, "indicator?value=" + seen)).tags, [], "and removed");
is(await page.evaluate(async () => (await fetch("/api/v1/tag", { method: "POST", body: new URLSearchParams({ value: "ipv4:109.163.234.2", tag: "x" }) })).status), 403, "not without the token of the session");
complaints.splice(0); // the browser tells the 403

// --- proofs --------------------------------------------------------------------------------------

const verdict = async (p) => {
    await p.waitForSelector("[data-verdict]");
    return [await p.getAttribute("[data-verdict]", "data-verdict"), await p.locator("[data-check].bad").evaluateAll((l) => l.map((e) => e.dataset.check))];
};
const proof = async (hash, change, memory) => {
    const p = await open();
    if (change) await p.route("**/api/v1/proof?*", async (route) => {
        const r = await route.fetch(), o = await r.json();
        change(o);
        await route.fulfill({ response: r, json: o });
    });
    if (memory) {
        await p.go(hash);
        await verdict(p);
        await memory(p);
    }
    await p.go(hash);
    const v = await verdict(p);
    v.push(await p.evaluate(() => getComputedStyle(document.querySelector("[data-verdict]")).color));
    await p.context().close();
    return v;
};
const own = "ledger?member=a&index=1", RED = "rgb(168, 32, 26)";
await page.go(own);
is(await verdict(page), ["good", []], "a statement of the own log is proved in the browser");
is(await page.locator("[data-check].ok").evaluateAll((l) => l.map((e) => e.dataset.check)),
    ["form", "author", "place", "leaf", "head", "log", "witnesses", "inclusion", "body", "key", "history"], "by all of its checks");
await page.go("ledger?member=b&index=0");
ok(["good", "short"].includes((await verdict(page))[0]), "and one of a mirror");
await page.go("ledger?member=a");
await page.click("text=Check all of these");
await until(page, () => /checked (\d+) of \1/.test(document.querySelector("main").textContent));
is(await page.locator("main td .chip:has-text('✓')").count(), await page.evaluate(() => document.querySelectorAll("section:nth-of-type(2) tbody tr").length), "all of a log");

const flip = (b64, at) => { const b = Buffer.from(b64, "base64"); b[at < 0 ? b.length + at : at] ^= 1; return b.toString("base64"); };
const edit = (b64, from, to) => Buffer.from(Buffer.from(b64, "base64").toString().replace(from, to)).toString("base64");
const lies = [
    ["another time in the statement", (o) => { o.entry = edit(o.entry, /time (\d+)/, "time 1"); }, ["form", "author", "leaf", "inclusion"]],
    ["another time in statement and answer", (o) => { o.entry = edit(o.entry, /time (\d+)/, "time 1"); o.claimed_time = "1970-01-01T00:00:01Z"; }, ["author", "leaf", "inclusion"]],
    ["an answer that says another marking", (o) => { o.tlp = "TLP:CLEAR"; }, ["form"]],
    ["another number", (o) => { o.index = 0; }, ["place", "inclusion"]],
    ["another hash", (o) => { o.leaf = "00" + o.leaf.slice(2); }, ["leaf"]],
    ["another path", (o) => { o.path[0] = flip(o.path[0], 3); }, ["inclusion"]],
    ["a path that is too long", (o) => { o.path.push(o.path[0]); }, ["inclusion"]],
    ["a larger head", (o) => { o.head = edit(o.head, /\n2\n/, "\n3\n"); }, ["log", "witnesses", "inclusion"]],
    ["a wrong signature of the log", (o) => { o.log_key.key = flip(o.log_key.key, 5); }, ["log"]],
    ["the origin of another log", (o) => { o.origin = o.origin.replace("/a/", "/b/"); }, ["head"]],
    ["a wrong cosignature", (o) => { o.head = edit(o.head, /(witness [A-Za-z0-9+/]{60})(.)/, (_, a, c) => a + (c === "A" ? "B" : "A")); }, ["witnesses"]],
    ["another body", (o) => { o.body = flip(o.body, -2); }, ["body"]],
    ["another author", (o) => { o.author_key.key = flip(o.author_key.key, 1); }, ["author"]],
    ["bytes that are nothing", (o) => { o.entry = "AAAA"; o.head = "AAAA"; }, ["form", "leaf", "head"]],
];
for (const [name, change, checks] of lies) is(await proof(own, change), ["bad", checks, RED], `red: ${name}`);
is((await proof(own, (o) => { o.witnesses = []; }))[0], "short", "without known witnesses it is only received");
const forge = (what) => (p) => p.evaluate((w) => {
    for (const k of Object.keys(localStorage)) {
        if (!k.startsWith("head ")) continue;
        const v = JSON.parse(localStorage.getItem(k));
        if (w === "key") v.key = "x";
        else v.root = "A" + (v.root[1] === "A" ? "B" : "A") + v.root.slice(2);
        localStorage.setItem(k, JSON.stringify(v));
    }
}, what);
is(await proof(own, null, forge("root")), ["bad", ["history"], RED], "red: a log that this browser saw otherwise");
is(await proof(own, null, forge("key")), ["bad", ["key"], RED], "red: a log with another key than before");
complaints.splice(0);

const before = await json(page, "log?member=a");
execSync(process.env.GROW, { stdio: "ignore" });
let after = before; // the node looks five times a second
for (let i = 0; i < 50 && after.size === before.size; i++) {
    await page.waitForTimeout(100);
    after = await json(page, "log?member=a");
}
ok(after.size > before.size, `the log grew from ${before.size} to ${after.size}`);
await page.go("ledger?member=a&index=" + (after.size - 1));
is(await verdict(page), ["good", []], "the new statement is proved");
ok((await page.textContent("[data-check=history]")).includes(`grew from ${before.size} to ${after.size}`), "and that the log still begins as it did");
await page.go("ledger?member=a&index=0");
is(await verdict(page), ["good", []], "and the old one still");
quiet("without a complaint");

// --- a match that is started here ----------------------------------------------------------------

await page.go("match");
await page.fill("textarea[name=text]", "109[.]163[.]234[.]2\n198.51.100.7\n10.0.0.1\nwhat is this\n93.184.216.34\n");
await page.click("[data-do=plan]");
await page.waitForSelector("[data-do=ask]");
const plan = await page.textContent("main");
ok(plan.includes("2 ipv4") && plan.includes("b will learn that 2 things are asked") && plan.includes("line 4: more than one value in a line"), "before anything is sent one sees what it costs, and what each side will learn", plan);
await page.click("text=Change it");
is(await page.inputValue("textarea[name=text]").then((t) => t.split("\n").length), 6, "and can change it");
await page.check("input[name=pad]");
await page.click("[data-do=plan]");
await page.click("[data-do=ask]");
await page.waitForSelector("text=Its record");
ok(page.url().includes("#/match?ask="), "it is started, and has a place");
const came = await page.textContent("main");
ok(came.includes("1 of 2 are on the list of b, which has 915.") && came.includes("109.163.234.2") && came.includes("IP_WATCHLIST"), "what was found is shown, with what the partner says of it", came);
await page.click("text=Its record");
await page.waitForSelector("text=Signed record");
ok((await page.textContent("main")).includes("all files are what they were"), "and its record is kept");
await page.go("match?ask=7");
ok((await page.textContent("main")).includes("The node knows of no such match"), "one that is not known any more is told to be lost");
quiet("without a complaint");

// --- hits ----------------------------------------------------------------------------------------

await page.go("watch");
await page.waitForSelector(".live .dot.ok");
const hits = await rows.count();
execSync(process.env.HIT, { stdio: "ignore" });
await page.waitForSelector("tr.new");
ok((await rows.count()) > hits && (await page.textContent("tr.new")).includes("fresh"), "a hit comes by itself");
quiet("without a complaint");
const busy = { status: 503, headers: { "Retry-After": "1" }, json: { error: "busy", detail: "a part of the node does not answer" } };
await page.route("**/api/v1/hits?*", (route) => route.fulfill(busy));
await page.waitForSelector(".live .dot.warn");
ok(true, "a stream that ends with an error is told");
await page.unroute("**/api/v1/hits?*");
await page.waitForSelector(".live .dot.ok");
ok(true, "and comes back by itself");
await page.go("today");
complaints.splice(0);

// --- a part of the node that begins anew ---------------------------------------------------------

execSync(process.env.END, { stdio: "ignore" });
await page.go("ledger");
ok((await page.textContent("main")).includes("own log"), "a page waits for a ledger that was ended, and then opens");
await page.route("**/api/v1/logs", (route) => route.fulfill(busy));
await page.goto("about:blank");
await page.goto(base + "/#/ledger");
await page.waitForSelector(".failed");
ok((await page.textContent(".failed")).includes("a part of the node does not answer"), "one that does not come back is told");
await page.unroute("**/api/v1/logs");
await page.click(".failed button");
await page.waitForSelector("main[aria-busy=false] h1");
ok((await page.textContent("main")).includes("own log"), "and asked for again");
await page.route("**/api/v1/session", (route) => route.fulfill(busy));
await page.goto("about:blank");
await page.goto(base + "/#/watch");
await page.waitForSelector(".failed");
await page.unroute("**/api/v1/session");
await page.click(".failed button");
await page.waitForSelector("main[aria-busy=false] h1");
ok((await page.textContent("#side")).includes("tester"), "also when nobody could say who asks");
await page.route("**/api/v1/node", (route) => route.fulfill(busy));
await page.go("indicators");
ok((await rows.count()) > 0 && !(await page.textContent("body")).includes("undefined"), "what needs no ledger is there without it");
await page.unroute("**/api/v1/node");
is(complaints.splice(0).filter((c) => !c.includes("503")), [], "without a complaint but for the 503");

// --- hostile text --------------------------------------------------------------------------------

const evil = `<script>alert(1)</script><img src=x onerror=alert(2)>\u001b[2J\u202etxt.exe\u2066\u200b'"&amp;`;
const long = (evil + "x").repeat(700).slice(0, 65536);
await page.route("**/api/v1/indicator?*", async (route) => {
    const r = await route.fetch(), o = await r.json();
    o.value = long;
    o.tags = [evil];
    o.warnings = [evil];
    Object.assign(o.claims[0], { source: evil, kind: evil, text: long, labels: [evil], id: evil, objects: [{ id: evil, type: evil, name: evil, relation: evil }] });
    o.sightings = [{ log: evil, count: 1, line: 1, first: "2020-01-01T00:00:00Z", last: "2020-01-01T00:00:00Z" }];
    o.within = [{ type: "url", value: "javascript:alert(3)" }];
    await route.fulfill({ response: r, json: o });
});
await page.go("indicator?value=" + seen);
is(await page.locator("main script, main img, main iframe, main [onerror]").count(), 0, "markup in an indicator stays text");
ok((await page.textContent("h1")).startsWith("<script>alert(1)</script><img src=x onerror=alert(2)>\\x1b[2J\\u{202e}txt.exe\\u{2066}\\u{200b}'\"&amp;"), "and what is invisible in it is shown");
ok(!/[\u0000-\u0008\u000b-\u001f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/.test(await page.textContent("main")), "no control character is left, of any text");
ok(await page.evaluate(() => [...document.querySelectorAll("a")].every((a) => a.getAttribute("href").startsWith("#"))), "no link leads elsewhere");
ok((await page.textContent("h1")).length < 2000, "a long value is cut");
await page.click("h1 .more");
ok((await page.textContent("h1")).length > 65536, "and whole when asked for");
ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "without making the page wider");
await page.unroute("**/api/v1/indicator?*");
await page.go("indicators?q=" + encodeURIComponent("http://evil.example/"));
ok((await page.textContent("main tbody")).includes("<script>alert"), "a hostile URL of a real feed is text", await page.textContent("main"));
await page.locator("main tbody a").first().click();
await page.waitForSelector("article h3");
ok((await page.textContent("main")).includes("\\u{202e}"), "with its description", await page.textContent("main"));
quiet("and nothing of it does anything");

// --- clearance and role --------------------------------------------------------------------------

const reader = await open({}, "reader");
await reader.go("indicators?q=109.163.234.2");
is(await reader.locator("main tbody tr").count(), 1, "who sees GREEN sees what is CLEAR");
is(await reader.locator("main tbody tr td:last-child").allTextContents(), ["1"], "and not the RED claim on it");
ok(!(await reader.textContent("aside")).includes("list.txt"), "nor that there is such a source");
await reader.go("indicator?value=" + seen);
is(await reader.locator("main form").count(), 0, "a reader is offered no change");
await reader.go("ledger?member=a");
ok((await reader.textContent("main")).includes("marked narrower"), "statements that are too narrow are places without words");
is(await reader.evaluate(async () => {
    const { csrf } = await (await fetch("/api/v1/session")).json();
    return (await fetch("/api/v1/tag", { method: "POST", headers: { "X-CSRF-Token": csrf }, body: new URLSearchParams({ value: "ipv4:109.163.234.2", tag: "x" }) })).status;
}), 403, "nor may it");
await reader.go("watch");
await reader.waitForSelector(".live .dot.ok");
execSync(process.env.OUT, { stdio: "ignore" });
await reader.waitForSelector("input[name=password]");
ok(!(await reader.textContent("body")).includes("fresh"), "whose account is closed is out, without a click, and nothing is left on the page");
await reader.context().close();
is(complaints.splice(0).filter((c) => !/40[13]/.test(c)), [], "without a complaint but for what was refused");

// --- accounts ------------------------------------------------------------------------------------

const outside = await open({}, null);
await outside.goto(base + "/#/indicators");
await outside.waitForSelector("input[name=password]");
ok(!(await outside.textContent("body")).includes("Partners"), "who is not known sees a form alone");
is(await outside.evaluate(async () => (await fetch("/api/v1/today")).status), 401, "and is told nothing");
await outside.goto(base + "/first#nonsense");
await outside.waitForSelector("main .panel");
is(await outside.locator("form").count(), 0, "a link that is none has no form");
await outside.goto("about:blank");
await outside.goto(process.env.LINK);
await outside.waitForSelector("input[name=again]");
is(outside.url(), base + "/first", "the secret of the link leaves the address at once");
const typed = async (values) => { for (const [k, v] of Object.entries(values)) await outside.fill(`main input[name=${k}]`, v); };
await typed({ name: "eva", display: "Eva", password: "correct horse", again: "correct horsf" });
await outside.click("button[type=submit]");
await until(outside, () => document.querySelector(".wrong").textContent.includes("differ"));
ok(true, "two passwords that differ are told");
await typed({ password: "correct horse", again: "correct horse" });
await outside.click("button[type=submit]");
await outside.waitForSelector("main[aria-busy=false] .tiles");
ok((await outside.textContent("#side")).includes("eva") && outside.url() === base + "/", "the first operator is made, and is in", outside.url());
ok(!(await outside.evaluate(() => document.cookie)).includes("entente"), "no script sees the cookie");
await outside.route("**/api/v1/logout", (route) => route.fulfill(busy));
await outside.click("text=Log out");
await outside.waitForSelector(".failed");
ok((await outside.textContent(".failed")).includes("You may still be logged in"), "who cannot be logged out is told");
await outside.unroute("**/api/v1/logout");
await outside.click("text=Log out");
await outside.waitForSelector("input[name=password]");
is((await outside.context().cookies()).length, 0, "logging out takes the cookie away");
is(await outside.evaluate(async () => (await fetch("/api/v1/today")).status), 401, "who has logged out is out");
await typed({ name: "eva", password: "wrong and long enough" });
await outside.click("button[type=submit]");
await until(outside, () => document.querySelector(".wrong").textContent.includes("no such account"));
is(await outside.inputValue("input[name=password]"), "", "a wrong password is told, and forgotten");
await typed({ name: "eva", password: "correct horse" });
await outside.keyboard.press("Enter");
await outside.waitForSelector("main[aria-busy=false] .tiles");
ok(true, "the right one lets in");
// As an operator: accounts, a token, the audit log.
const inside = async (p, hash) => { await p.goto(base + "/#/" + hash); await p.waitForSelector("main[aria-busy=false] h1"); };
const shows = (p, what) => p.waitForSelector(`main :text("${what}")`);
await inside(outside, "settings");
await outside.fill("form[aria-label='New account'] [name=account]", "bob");
await outside.selectOption("form[aria-label='New account'] [name=role]", "releaser");
await outside.fill("form[aria-label='New account'] [name=password]", "short");
await outside.click("form[aria-label='New account'] button");
await shows(outside, "a password has 12 to 256 bytes");
ok(true, "a short password is refused, with its reason");
await outside.fill("form[aria-label='New account'] [name=password]", "battery staple");
await outside.click("form[aria-label='New account'] button");
await outside.waitForSelector("main a:has-text('bob')");
ok(true, "an operator makes an account");
await outside.click("main a:has-text('bob')");
await outside.waitForSelector("form[aria-label='New token']");
await outside.fill("form[aria-label='New token'] [name=token]", "feeds");
await outside.selectOption("form[aria-label='New token'] [name=role]", "reader");
await outside.fill("form[aria-label='New token'] [name=until]", "2099-01-01");
await outside.click("form[aria-label='New token'] button");
await outside.waitForSelector(".secret");
const secret = await outside.textContent(".secret");
ok(/^ent_[A-Za-z0-9_-]{43}$/.test(secret), "a token is shown");
await inside(outside, "settings");
await inside(outside, "account?account=bob");
ok(!(await outside.content()).includes(secret) && (await outside.textContent("main")).includes("feeds"), "once");
await outside.click("button[aria-label='Take back the token feeds']");
await shows(outside, "No tokens.");
ok(true, "and taken back");
await inside(outside, "account");
await outside.fill("input[name=old]", "not this password");
await outside.fill("input[name=password]", "another password");
await outside.fill("input[name=again]", "another password");
await outside.click("button:has-text('Change the password')");
await shows(outside, "not the password that it has now");
ok(true, "the own password wants the old one");
await inside(outside, "releases");
const ofJar = `form[data-source="JAR-16-20296A.csv"]`;
await outside.fill(ofJar + " [name=reason]", "it is an old report");
await outside.click(ofJar + " button");
await outside.waitForSelector("main :text('another one has to confirm it')");
ok(true, "a release is asked for, and cannot be confirmed by who asked");
const second = await open({}, null);
await second.goto(base + "/");
await log(second, "bob", "battery staple");
ok((await second.textContent("main")).includes("it is an old report"), "the other one sees that it waits");
is(await second.locator("#side a:has-text('Audit')").count(), 0, "who is no operator is not led to the audit log");
await inside(second, "releases");
await second.click("button:has-text('Confirm')");
await second.waitForSelector(".chip:has-text('released')");
ok(true, "and confirms it");
await second.click(ofJar + " button:has-text('Hold')");
await second.waitForSelector(ofJar + " [name=reason]");
ok(true, "and takes it back");
await second.context().close();
await inside(outside, "audit");
const record = await outside.textContent("main tbody");
ok(["release", "confirm", "hold", "add bob", "token bob/feeds", "first"].every((w) => record.includes(w)), "all of it is on record", record);
const doors = { accounts: "settings", account: "account", asked: "releases", audit: "audit" };
for (const [name, hash] of Object.entries(doors)) {
    await inside(outside, hash);
    const c = await outside.evaluate(contrast);
    ok(c.n > 10 && c.bad.length === 0, `${name}: contrast of ${c.n} texts at least 4.5`, ...c.bad);
    is(await outside.evaluate(unnamed), [], `${name}: each control has a name`);
    await outside.setViewportSize({ width: 400, height: 800 });
    ok(await outside.evaluate(() => document.documentElement.scrollWidth <= 400), `${name} fits into 400 pixels`);
    await outside.setViewportSize({ width: 1280, height: 860 });
}
is(complaints.splice(0).filter((c) => !/40[0-9]|503/.test(c)), [], "without a complaint but for what was refused");

await outside.goto(process.env.LINK);
await outside.waitForSelector("input[name=again]");
await typed({ name: "mallory", password: "correct horse", again: "correct horse" });
await outside.click("button[type=submit]");
await until(outside, () => document.querySelector(".wrong").textContent.includes("holds no more"));
ok(true, "a link holds once");
await outside.goto(base + "/#/indicators");
await outside.waitForSelector("main[aria-busy=false] tbody");
await outside.context().clearCookies();
await outside.goto(base + "/#/watch");
await outside.waitForSelector("input[name=password]");
ok(true, "when the session is over the form is there again");
await outside.context().addCookies([{ ...sessions.tester.cookies[0], value: "A".repeat(43) }]);
await outside.goto("about:blank");
await outside.goto(base + "/#/watch");
await outside.waitForSelector("input[name=password]");
await outside.fill("input[name=name]", "eva");
await outside.fill("input[name=password]", "correct horse");
await outside.keyboard.press("Enter");
await outside.waitForSelector("main[aria-busy=false] .live");
ok(true, "the cookie of a session that is no more does not stand in the way of logging in, and one is where one was");
is(complaints.splice(0).filter((c) => !c.includes("401")), [], "without a complaint but for the 401");
await outside.context().close();

// --- for everybody -------------------------------------------------------------------------------

for (const colorScheme of ["light", "dark"]) {
    const p = await open({ colorScheme });
    for (const [name, hash] of Object.entries(pages)) {
        await p.go(hash);
        const c = await p.evaluate(contrast);
        ok(c.n > 10 && c.bad.length === 0, `${name}, ${colorScheme}: contrast of ${c.n} texts at least 4.5`, ...c.bad);
        if (colorScheme === "light") is(await p.evaluate(unnamed), [], `${name}: each control has a name`);
        if (process.env.SHOTS && { today: "light", indicators: "dark", partners: "light", proof: "dark" }[name] === colorScheme)
            await p.screenshot({ path: path.join(process.env.SHOTS, `console-${name}-${colorScheme}.png`) });
    }
    await p.context().close();
}
const small = await open({ viewport: { width: 400, height: 800 } });
for (const [name, hash] of Object.entries(pages)) {
    await small.go(hash);
    ok(await small.evaluate(() => document.documentElement.scrollWidth <= 400), `${name} fits into 400 pixels`, await small.evaluate(() => document.documentElement.scrollWidth));
    if (process.env.SHOTS && name === "today") await small.screenshot({ path: path.join(process.env.SHOTS, "console-small.png") });
}
await small.context().close();

const ground = () => getComputedStyle(document.body).backgroundColor;
const theme = await open({ colorScheme: "light" });
await theme.go("today");
const light = await theme.evaluate(ground);
await theme.click("text=Dark");
const dark = await theme.evaluate(ground);
await theme.go("today");
ok(light !== dark && (await theme.evaluate(ground)) === dark, "the switch makes it dark, and it stays so");
await theme.click(".switch >> text=Auto");
is(await theme.evaluate(ground), light, "and back to what the system says");

await theme.go("indicators");
await theme.evaluate(() => document.activeElement.blur());
await theme.keyboard.press("Tab");
is(await theme.evaluate(() => document.activeElement.id), "skip", "the first tab is the way to the content");
await theme.keyboard.press("Enter");
is(await theme.evaluate(() => document.activeElement.id), "main", "which goes there");
await theme.focus("main tbody a");
await theme.keyboard.press("ArrowDown");
await theme.keyboard.press("ArrowDown");
const at = () => theme.evaluate(() => [...document.querySelectorAll("main tbody tr")].findIndex((r) => r.contains(document.activeElement)));
is(await at(), 2, "arrow keys go from row to row");
await theme.keyboard.press("Home");
is(await at(), 0, "Home to the first");
ok(await theme.evaluate(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle === "solid" && parseFloat(s.outlineWidth) >= 2; }), "where one is can be seen");
await theme.keyboard.press("Enter");
await theme.waitForSelector("article h3");
ok(true, "Enter opens it");
await theme.goto(base + "/#/indicator?value=ipv4:192.0.2.255");
await theme.waitForSelector(".failed");
ok((await theme.textContent(".failed")).includes("nothing is known of it"), "what is not there is told");
await theme.context().close();
is(complaints.splice(0).filter((c) => !c.includes("404")), [], "without a complaint but for the 404");

await end();
