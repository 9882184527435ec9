// page_ask.js: a match that is started here: what it costs, before anything is sent; how it stands; what came of it.
import { T } from "./strings.js";
import { h, foreign, num, panel, heading, table, tlp, chip, facts, when, form, field, select, say } from "./dom.js";
import { get, post, postList, params, pause } from "./api.js";

const M = T.match, SECOND = 1, POLLS = [0.2, 0.3, 0.5];
export const mayAsk = (who) => who.role !== "reader";
export const askChip = (a) => chip(M.asks[a.state], { running: "", done: "ok", failed: "warn" }[a.state]);

// --- before -------------------------------------------------------------------------------------

const learns = (n, p) => panel(M.will, h("ul", { class: "list" }, [M.willWe(n, p), M.willThey(n, p), M.willStay].map((t) => h("li", null, t))));

function costs(list, may, wish, back) {
    const n = num(may.charged), kinds = Object.entries(list.asked).map(([k, v]) => `${num(v)} ${k}`).join(", ");
    const go = form(h("p", { class: "inline" },
        may.may && h("button", { class: "button", type: "submit", "data-do": "ask" }, M.ask(wish.member)), " ",
        h("button", { class: "button", type: "button", onclick: back }, M.change)), async () => {
        const r = await postList("match-ask", { member: wish.member, types: wish.types, pad: wish.pad && 1 }, wish.list);
        location.hash = "#/match?" + params({ ask: r.ask });
    });
    return [panel(M.cost, facts([M.partner, foreign(wish.member, 63)], [M.byType, kinds], [M.charged, M.chargedOf(n, num(may.left))],
        list.other_types + list.not_public + list.skipped > 0 && [M.leftOut, M.leftOutText(num(list.other_types), num(list.not_public), num(list.skipped))]),
        list.lines.length > 0 && h("ul", { class: "list muted" }, list.lines.map((l) => h("li", null, M.line(num(l.line), l.why))))),
    learns(n, wish.member), !may.may && h("p", { class: "wrong", role: "alert" }, M.mayNot(may.why)), go];
}

export async function startForm({ signal }) {
    const t = await get("partners", {}, signal), box = h("div", { class: "stack" });
    const others = t.members.filter((m) => !m.self && m.url !== "-");
    if (others.length === 0) return panel(M.start, h("p", { class: "empty" }, M.nobodyToAsk));
    const draw = form([
        field(M.partner, select("member", others.map((m) => [m.name, m.name]), others[0].name)),
        field(M.list, h("textarea", { name: "text", rows: 6, spellcheck: "false", "aria-describedby": "list-help" })), h("p", { class: "muted", id: "list-help" }, M.listHelp),
        field(M.file, h("input", { type: "file", name: "file" })),
        field(M.ofTypes, select("types", [["", M.allTypes], ...Object.entries(M.kinds)], "")),
        h("label", { class: "inline" }, h("input", { type: "checkbox", name: "pad", value: "1" }), " ", M.pad),
        h("p", null, h("button", { class: "button", type: "submit", "data-do": "plan" }, M.plan)),
    ], async (v) => {
        const wish = { member: v.member, types: v.types, pad: Boolean(v.pad), list: v.file && v.file.size > 0 ? v.file : v.text };
        const list = await postList("match-list", { types: wish.types, pad: wish.pad && 1 }, wish.list);
        const may = await get("match-may", { member: wish.member, items: list.items, pad: wish.pad && 1 }, signal);
        box.replaceChildren(...costs(list, may, wish, () => { box.replaceChildren(draw); draw.querySelector("textarea").focus(); }).filter(Boolean));
        box.querySelector("button")?.focus();
    }, { class: "stack", "aria-label": M.start });
    box.append(draw);
    return panel(M.start, box);
}

// --- how it stands ------------------------------------------------------------------------------

function hits(a) {
    const list = table(M.hits, [
        { title: M.found, class: "value", cell: (x) => h("a", { href: "#/indicator?" + params({ value: x.observable }) }, foreign(x.observable, 80)) },
        { title: M.kind, cell: (x) => foreign(x.kind || "", 63) },
        { title: T.tlp, cell: (x) => (x.tlp ? tlp(x.tlp) : "") },
        { title: M.sure, class: "num", cell: (x) => (x.confidence === undefined ? "" : num(x.confidence)) },
        { title: M.theySay, cell: (x) => (x.label_opens ? foreign(x.description, 160) : M.sealed) },
    ], a.hits);
    const note = a.hits.length < a.found ? M.more(num(a.hits.length), num(a.found)) : num(a.found);
    return panel(M.hits, { note }, a.hits.length ? list.node : h("p", { class: "empty" }, M.noHits));
}

function body(a, redraw) {
    const n = num(a.charged);
    if (a.state === "done")
        return [panel(M.run, h("p", null, M.doneText(num(a.found), num(a.items), a.partner, num(a.held))), h("p", null, h("a", { href: "#/match?" + params({ run: a.run }) }, M.toRecord))), hits(a),
            panel(M.learned, h("ul", { class: "list" }, h("li", null, M.asker(n, a.partner)), h("li", null, M.askerOther(n, a.partner))))];
    if (a.state === "failed") return [panel(M.run, h("p", { class: "wrong", role: "alert" }, M.failedText(a.why)), h("p", null, M.chargedStays))];
    const bar = h("progress", { "aria-label": M.progress, max: a.all || 1, value: a.all ? a.done : null });
    return [panel(M.run, h("p", null, M.phases[a.phase], a.all > 0 && `: ${num(a.done)} / ${num(a.all)}`), bar,
        a.stopping ? h("p", null, M.stopping) : form(h("button", { class: "button", type: "submit", "data-do": "stop" }, M.giveUp), async () => { await post("match-stop", { ask: a.ask }); await redraw(); }))];
}

export async function askPage(ask, signal) {
    const state = h("span"), box = h("div", { class: "stack" });
    let last = "";
    const look = async () => (await get("asks", { ask }, signal)).asks[0];
    const draw = async (now) => {
        const a = now || await look(), is = JSON.stringify(a || null);
        if (is === last) return a;
        if (a && a.state !== "running" && last !== "") say(M.asks[a.state]);
        last = is;
        state.replaceChildren(a ? askChip(a) : "");
        // The button keeps the focus while only numbers change.
        const held = box.querySelector("[data-do=stop]") === document.activeElement && document.activeElement !== null;
        box.replaceChildren(...(a ? body(a, () => draw()) : [panel(M.run, h("p", { role: "alert" }, M.lost))]));
        if (held) box.querySelector("[data-do=stop]")?.focus();
        return a;
    };
    const a = await draw();
    const follow = async () => {
        for (let i = 0, now = a; now && now.state === "running"; i++) {
            await pause(POLLS[i] || SECOND, signal);
            now = await draw(); // a part of the node that begins anew is waited for
        }
    };
    follow().catch((e) => { if (e.name !== "AbortError") box.append(h("p", { class: "wrong", role: "alert" }, foreign(e.message, 300))); });
    return [heading(a ? [foreign(a.partner, 63), ", " + when(a.began)] : M.run, a && M.by + " " + a.by, state), h("p", { class: "back" }, h("a", { href: "#/match" }, "← " + M.back)), box];
}
