// page_quorum.js: quorums: the pact's rule, the runs, how one stands, what came of it; offering one, and saying whether to take part.
import { T } from "./strings.js";
import { h, foreign, num, panel, heading, table, tlp, chip, facts, when, time, form, field, select, say } from "./dom.js";
import { get, post, params, pause } from "./api.js";

const Q = T.quorum, LOOK = 2, WINDOWS = 24, SHOWN = 50;
const may = (who) => who.role !== "reader";
const href = (run) => "#/quorum?" + params({ run });
const plus = (t, seconds) => new Date(Date.parse(t) + seconds * 1000).toISOString().replace(".000Z", "Z");
const names = (list) => list.map((n, i) => [i > 0 && ", ", foreign(n, 63)]);
const command = (text) => h("p", { class: "mono" }, text);

function span(seconds) {
    const [unit, name] = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]].find(([n]) => seconds % n === 0);
    return Q.span(seconds / unit, name);
}
const parts = (x) => Object.keys(Q.roles).filter((k) => x[k]).map((k) => Q.roles[k]).join(", ") || Q.noPart;
const phase = (x) => [chip(Q.phases[x.phase] || x.phase, { done: "ok", failed: "bad" }[x.phase] || ""), x.waits && [" ", chip(Q.waits, "warn")]];

// --- all of them --------------------------------------------------------------------------------

function rule(t) {
    const q = t.quorum, d = q.deadlines, next = plus(t.newest, q.window), at = when(plus(next, q.window + 60));
    return panel(Q.rule, facts([Q.every, q.each ? Q.each : Q.hand], [Q.windowLength, span(q.window)], [Q.types, q.types.join(", ")], [Q.finds, Q.findsText(q.threshold)],
        [Q.items, Q.itemsText(num(q.items), Q.padding[q.padding] || "")], [Q.tables, num(q.tables)], [Q.holders, names(q.holders)], [Q.collector, foreign(q.collector, 63)],
        [Q.schedule, Q.scheduleText(span(d.accept), span(d.keys), span(d.upload), span(d.result))],
        [Q.part, Q.parts[t.part]], [Q.next, (q.each ? Q.nextOffered : Q.nextComplete)(when(next), at)]));
}

function startForm(t) {
    const q = t.quorum, windows = Array.from({ length: WINDOWS }, (_, i) => plus(t.newest, -i * q.window));
    return panel(Q.start, form([
        field(Q.window, select("window", windows.map((w) => [w, when(w)]), windows[0])),
        field(`${Q.threshold}: ${Q.least(q.threshold)}`, h("input", { type: "text", inputmode: "numeric", name: "threshold", value: q.threshold, size: 6, required: true })),
        field(`${Q.items}: ${Q.most(num(q.items))}`, h("input", { type: "text", inputmode: "numeric", name: "items", value: q.items, size: 10, required: true })),
        field(Q.ofTypes, select("types", [["", Q.allTypes], ...q.types.map((x) => [x, x])], "")),
        h("p", { class: "muted" }, Q.willStay), h("p", { class: "muted" }, Q.others), command(Q.dryRun),
        h("p", null, h("button", { class: "button", type: "submit", "data-do": "offer" }, Q.offer)),
    ], async (v) => {
        const body = { from: Date.parse(v.window) / 1000, threshold: v.threshold.trim(), items: v.items.trim() };
        if (v.types) body.types = v.types;
        location.hash = href((await post("quorum-start", body)).run);
    }, { class: "stack", "aria-label": Q.start }));
}

function runs(t) {
    const link = (r, text) => h("a", { href: href(r.run) }, text);
    const list = table(Q.runs, [
        { title: Q.window, cell: (r) => link(r, r.damaged ? r.run.slice(0, 12) : when(r.window)) },
        { title: Q.length, cell: (r) => (r.damaged ? "" : span(r.seconds)) },
        { title: Q.threshold, cell: (r) => (r.damaged ? "" : Q.of(r.threshold, r.members)) },
        { title: Q.phase, cell: (r) => (r.damaged ? chip(Q.damaged, "bad") : phase(r)) },
        { title: Q.until, class: "time", cell: (r) => (r.until ? when(r.until) : "") },
        { title: Q.by, cell: (r) => foreign(r.author || "", 63) },
        { title: Q.you, cell: (r) => (r.damaged ? "" : parts(r)) },
        { title: Q.found, class: "num", cell: (r) => (r.found === undefined ? "" : num(r.found)) },
    ], t.runs);
    return panel(Q.runs, { note: Q.records(num(t.records)) }, t.runs.length ? list.node : h("p", { class: "empty" }, Q.none));
}

export async function quorum({ query, who, signal }) {
    if (query.run) return one(query.run, who, signal);
    const t = await get("quorums", {}, signal);
    const above = !t.quorum ? [panel(Q.rule, h("p", null, Q.noRule), command(Q.proposeCommand))]
        : [rule(t), may(who) ? startForm(t) : panel(Q.start, h("p", null, Q.startText), command(Q.command))];
    return [heading(T.pages.quorum, Q.sub), h("div", { class: "stack" }, h("div", { class: "grid" }, above.map((p, i) => h("div", { class: i ? "w5" : t.quorum ? "w7" : "" }, p))), runs(t))];
}

// --- one of them --------------------------------------------------------------------------------

function why(r) {
    const f = r.failed;
    if (!f) return Q.phaseText[r.phase];
    if (!f.by) return Q.tooFew(r.threshold);
    return f.fault === "none" ? [Q.refusedPart[0], foreign(f.by, 63), Q.refusedPart[1]] : [Q.failedFor, foreign(f.by, 63), ": ", foreign(f.text, 160), "."];
}

const refusal = (r, name) => r.refusals.find((x) => x.member === name);
const says = (x) => [chip(Q.answers.refused, "warn"), " ", foreign(x.text, 160)];

function seat(r, s) {
    const out = [], no = refusal(r, s.name);
    if (s.answer === "accepted") out.push(chip(Q.answers.accepted, "ok"), ` ${Q.items1} ${num(s.items)}`, s.late && [" ", chip(Q.late, "warn")]);
    else if (s.answer === "refused") out.push(no ? says(no) : chip(Q.answers.refused, "warn"));
    else out.push(chip(r.phase === "offered" ? Q.answers.none : Q.answers.silent, r.phase === "offered" ? "" : "warn"));
    if (s.answer === "accepted" && s.present === false) out.push(" ", chip(s.disputed ? Q.disputed : Q.leftOut, "bad"));
    else if (s.present && r.phase === "done") out.push(" ", chip(!s.counted ? Q.notCounted : s.taken ? Q.taken : Q.notTaken, !s.counted ? "bad" : s.taken ? "ok" : ""));
    return out;
}

function members(r) {
    const rows = r.seats.map((s) => ({ name: s.name, role: Q.roles.participant, said: seat(r, s) }));
    for (const name of r.holders) {
        const shown = r.keys.includes(name), no = refusal(r, name);
        rows.push({ name, role: Q.roles.holder, said: shown ? chip(Q.keyShown, "ok") : no && !r.participants.includes(name) ? says(no) : chip(Q.keyNotShown) });
    }
    const no = refusal(r, r.collector);
    rows.push({ name: r.collector, role: Q.roles.collector, said: no ? says(no) : "" });
    return panel(Q.members, table(Q.members, [
        { title: Q.member, cell: (m) => foreign(m.name, 63) },
        { title: T.match.role, cell: (m) => m.role },
        { title: Q.said, class: "words", cell: (m) => m.said },
    ], rows).node);
}

function named(r) {
    const list = table(Q.named, [
        { title: Q.member, cell: (f) => foreign(f.member, 63) },
        { title: Q.namedFor, class: "words", cell: (f) => [chip(foreign(f.fault, 32), "bad"), " ", foreign(f.text, 160)] },
        { title: Q.namedBy, cell: (f) => foreign(f.by, 63) },
    ], r.faults);
    return panel(Q.named, { note: Q.namedNote }, r.faults.length ? list.node : h("p", { class: "empty" }, Q.nobodyNamed), r.unverified > 0 && h("p", { class: "muted" }, Q.unverified(num(r.unverified))));
}

function bar(label, s) {
    return h("div", null, h("p", null, label, `: ${num(s.done)} / ${num(s.all)}`), h("progress", { "aria-label": Q.own, max: s.all, value: s.done }));
}

function own(r, who, redraw) {
    const s = r.self, over = r.phase === "done" || r.phase === "failed", steps = [];
    for (const k of ["evaluated", "uploaded", "computed"]) if (s[k] && !over) steps.push(bar(Q[k], s[k]));
    if (!over) for (const x of s.received) steps.push(bar([Q.from, " ", foreign(x.member, 63)], x));
    const answer = (call, text) => form(h("button", { class: "button", type: "submit", "data-do": call }, text), async () => { await post(call, { run: r.run }); await redraw(); });
    const asks = r.waits && may(who) && s.wish === "none";
    return panel(Q.own, facts([Q.you, parts(s)], r.waits && s.wish !== "none" && [T.state, chip(s.wish === "decline" && s.holder ? Q.onlyHolds : Q.wish[s.wish])]), steps,
        asks && [h("p", null, Q.answerText), h("div", { class: "inline" }, answer("quorum-join", Q.join), answer("quorum-decline", Q.decline))]);
}

// Out of the store: what an account may not see is not there.
function findings(r, t) {
    if (!r.self.participant) return panel(Q.result, h("p", { class: "empty" }, Q.notIn));
    if (!t) return panel(Q.result, h("p", { class: "empty" }, r.phase === "failed" ? Q.noResult : Q.notYet));
    const source = "quorum/" + r.run, mark = "quorum:seen-by=";
    const list = table(Q.result, [
        { title: Q.found, class: "value", cell: (x) => h("a", { href: "#/indicator?" + params({ value: `${x.type}:${x.value}` }) }, foreign(x.value, 80)) },
        { title: T.type, cell: (x) => x.type },
        { title: Q.seenBy, cell: (x) => (x.source === source ? names(x.labels.filter((g) => g.startsWith(mark)).map((g) => g.slice(mark.length))) : "") },
    ], t.rows);
    const more = t.before !== undefined || t.after !== undefined;
    return panel(Q.result, { note: r.self.found === undefined ? "" : num(r.self.found) }, t.rows.length ? list.node : h("p", { class: "empty" }, Q.nothing),
        t.rows.length > 0 && h("p", null, more && [Q.more, " "], h("a", { href: "#/indicators?" + params({ source }) }, Q.all)),
        r.self.refused_hits > 0 && h("p", { class: "muted" }, Q.refusedHits(num(r.self.refused_hits))), h("p", { class: "muted" }, Q.publish));
}

function about(r) {
    const d = r.deadlines;
    return panel(Q.run, h("p", null, why(r)), facts([Q.run, h("span", { class: "mono" }, r.run)], [Q.window, `${when(r.window)} – ${when(plus(r.window, r.seconds))}`], [Q.types, r.types.join(", ")],
        [Q.finds, Q.findsOf(r.threshold, r.members)], [Q.items, Q.itemsText(num(r.items), Q.padding[r.padding] || "")], [Q.tables, num(r.tables)],
        [Q.by, [r.author ? foreign(r.author, 63) : Q.unknown, r.offered && [", ", time(r.offered)]]],
        r.positions !== undefined && [Q.positions, Q.positionsText(num(r.positions))],
        r.until && [Q.deadlines, h("ul", null, Object.entries(Q.deadline).map(([k, name]) => h("li", null, `${name}: ${when(d[k])}`)))]));
}

async function one(run, who, signal) {
    const state = h("span"), box = h("div", { class: "grid" });
    let last = "";
    const draw = async () => {
        const r = await get("quorum", { run }, signal), over = r.phase === "done" || r.phase === "failed", is = JSON.stringify(r);
        if (is === last) return r;
        const t = r.self.participant && r.phase === "done" ? await get("indicators", { source: "quorum/" + run, limit: SHOWN }, signal) : null;
        if (last !== "" && over) say(Q.phases[r.phase]);
        last = is;
        state.replaceChildren(...[phase(r)].flat(2).filter(Boolean));
        const found = findings(r, t), words = [members(r), named(r)];
        box.replaceChildren(h("div", { class: "w7 stack" }, t ? found : [words, found]), h("div", { class: "w5 stack" }, about(r), own(r, who, draw), t && words));
        return r;
    };
    const r = await draw();
    // Followed until this member has what there is to have.
    const follow = async () => {
        for (let now = r; now.phase !== "failed" && !(now.phase === "done" && (!now.self.participant || now.seats.every((s) => s.name !== now.self.name || s.taken || !s.counted)));) {
            await pause(LOOK, signal);
            now = await draw();
        }
    };
    follow().catch((e) => { if (e.name !== "AbortError") box.append(h("p", { class: "wrong", role: "alert" }, foreign(e.message, 300))); });
    return [heading([Q.run, " ", when(r.window)], Q.findsOf(r.threshold, r.members), tlp(r.tlp), state), h("p", { class: "back" }, h("a", { href: "#/quorum" }, "← " + Q.back)), box];
}
