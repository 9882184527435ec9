// console_quorum.mjs: the page of quorums of a running node, with real runs. Arguments and output are
// those of browser.mjs. In the environment: $PASSWORD of the accounts tester (an analyst) and reader;
// runs: $DONE, of which $FOUND came, $LATE where d was silent, $FEW that failed, $ASKED that waits for
// an answer; $WINDOW, to be offered. $SHOTS is a directory for pictures, or empty.
import path from "node:path";
import { complaints, contrast, end, is, json, log, ok, open, quiet, sessions, unnamed, until, base } from "./browser.mjs";

const { PASSWORD, DONE, LATE, FEW, ASKED, FOUND, WINDOW, SHOTS } = process.env;
for (const name of ["tester", "reader"]) {
    const p = await open({}, name);
    await p.goto(base + "/");
    await log(p, name, PASSWORD);
    sessions[name] = await p.context().storageState();
    await p.context().close();
}
complaints.splice(0); // the 401 before

const page = await open(), rows = page.locator("main tbody tr");
const text = () => page.textContent("main");
const of = (run) => "quorum?run=" + run;
await page.go("quorum");
is(await rows.count(), 4, "the page has all runs");
const all = await text();
ok(["The pact's rule", "a, b", "at most 4,000 of each, padded to a power of two", "done", "failed", "waits for a word from here"].every((w) => all.includes(w)), "and the rule", all);
await page.locator("main tbody a").first().click();
await page.waitForSelector("main :text('Who was named')");
ok(page.url().includes("#/quorum?run="), "each leads to its own page", page.url());

await page.go(of(DONE));
const done = await text(), known = await json(page, "quorum?run=" + DONE);
ok(done.includes("The collector has answered.") && done.includes("Nobody was named"), "one that is done", done);
const shown = await page.locator("main section").first().locator("tbody td:first-child").allTextContents();
is(shown.length, Math.min(known.self.found, 50), "shows what was found, or the first fifty of it");
ok(shown.every((v) => FOUND.split(" ").includes(v)) && /[abcd], [abcd], [abcd]/.test(done), "and who saw it", done);
await page.locator("main section").first().locator("tbody a").first().click();
await page.waitForSelector("article h3");
ok((await text()).includes("seen by at least 3 of 4 members"), "which is an indicator");
await page.go(of(LATE));
const late = await text();
ok(late.includes("did not answer") && late.includes("nothing came from it before the deadline"), "who was silent is named", late);
await page.go(of(FEW));
const few = await text();
ok(few.includes("fewer than 3 take part") && few.includes("There is no result."), "one that failed says why", few);
quiet("without a complaint");

// --- what is said --------------------------------------------------------------------------------

await page.go(of(ASKED));
await page.click("[data-do=quorum-decline]");
await until(page, () => document.querySelector("[data-do=quorum-join]") === null && [...document.querySelectorAll("main tr")].some((r) => /^cparticipantrefused/.test(r.textContent)));
ok(true, "who has declined is shown as one who refused, and asked no more");
await page.go("quorum");
await page.selectOption("select[name=window]", WINDOW);
await page.fill("input[name=threshold]", "1");
await page.click("[data-do=offer]");
await page.waitForSelector("form .wrong:not(:empty)");
ok((await page.textContent("form .wrong")).includes("out of range"), "what makes no sense is not offered", await page.textContent("form .wrong"));
complaints.splice(0); // the browser tells the 409
await page.fill("input[name=threshold]", "2");
await page.click("[data-do=offer]");
await page.waitForSelector("main :text('Members say whether they take part.')");
await until(page, () => [...document.querySelectorAll("main tr")].some((r) => /^cparticipantaccepted/.test(r.textContent)));
ok(page.url().includes("#/quorum?run="), "a run is offered, and who offered it is in it");
quiet("without a complaint");
const reader = await open({}, "reader");
for (const hash of ["quorum", of(DONE)]) {
    await reader.go(hash);
    is(await reader.locator("main form").count(), 0, `${hash.slice(0, 6)}: a reader is offered nothing`);
}
await reader.context().close();

// --- hostile text --------------------------------------------------------------------------------

const evil = `<script>alert(1)</script><img src=x onerror=alert(2)>\u001b[2J\u202etxt.exe\u2066\u200b'"&amp;`;
const poison = (o) => {
    for (const k of Object.keys(o))
        if (typeof o[k] === "object" && o[k] !== null) poison(o[k]);
        else if (["name", "member", "by", "author", "text", "fault", "collector"].includes(k) || Array.isArray(o) && k !== "length" && ["a", "b", "c", "d"].includes(o[k])) o[k] = evil;
    return o;
};
const poisoned = async (route) => {
    const r = await route.fetch();
    await route.fulfill({ response: r, json: poison(await r.json()) });
};
await page.route("**/api/v1/quorum*", poisoned);
for (const hash of ["quorum", of(LATE), of(FEW)]) {
    await page.go(hash);
    is(await page.locator("main script, main img, main iframe, main [onerror]").count(), 0, "markup in a run stays text");
    ok((await text()).includes("<script>alert(1)</script>"), "and is shown");
    ok(!/[\u0000-\u0008\u000b-\u001f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/.test(await text()), "no control character is left");
    ok(await page.evaluate(() => [...document.querySelectorAll("a")].every((a) => a.getAttribute("href").startsWith("#"))), "no link leads elsewhere");
}
await page.unroute("**/api/v1/quorum*");
quiet("and nothing of it does anything");

// --- for everybody -------------------------------------------------------------------------------

for (const colorScheme of ["light", "dark"]) {
    const p = await open({ colorScheme });
    for (const [name, hash] of Object.entries({ quorums: "quorum", quorum: of(LATE), offered: of(ASKED) })) {
        await p.go(hash);
        const c = await p.evaluate(contrast), told = await p.textContent("main");
        ok(c.n > 10 && c.bad.length === 0, `${name}, ${colorScheme}: contrast of ${c.n} texts at least 4.5`, ...c.bad);
        ok(!told.includes("undefined") && !told.includes("NaN") && !told.includes("[object"), `${name}: each word is one`, told);
        is(await p.evaluate(unnamed), [], `${name}: each control has a name`);
        if (SHOTS && colorScheme === "light" && name === "quorums") await p.screenshot({ path: path.join(SHOTS, `console-${name}-light.png`) });
        await p.setViewportSize({ width: 400, height: 800 });
        ok(await p.evaluate(() => document.documentElement.scrollWidth <= 400), `${name} fits into 400 pixels`);
        await p.setViewportSize({ width: 1280, height: 860 });
    }
    await p.context().close();
}
quiet("without a complaint");
await end();
