// dom.js: the only way to elements. Text becomes text nodes; nothing is ever parsed as markup.
import { T } from "./strings.js";

const SVG = "http://www.w3.org/2000/svg";

function fill(e, props, children) {
    for (const [k, v] of Object.entries(props || {})) {
        if (v === null || v === undefined || v === false) continue;
        if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
        else e.setAttribute(k, v === true ? "" : String(v));
    }
    for (const c of children.flat(Infinity))
        if (c !== null && c !== undefined && c !== false) e.append(c);
    return e;
}
export const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);
export const s = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);

// --- foreign text -------------------------------------------------------------------------------

// Controls, separators, direction marks, zero-width characters, variation selectors, tags: what
// changes what a reader sees without being seen.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}]/gu;
const NAMED = { "\n": "\\n", "\t": "\\t", "\r": "\\r" };

function shown(text) {
    const out = [];
    let at = 0;
    for (const m of text.matchAll(UNSEEN)) {
        if (m.index > at) out.push(text.slice(at, m.index));
        const v = m[0].codePointAt(0);
        const code = NAMED[m[0]] || (v < 256 ? "\\x" + v.toString(16).padStart(2, "0") : "\\u{" + v.toString(16) + "}");
        out.push(h("span", { class: "esc", title: T.escaped("U+" + v.toString(16).toUpperCase().padStart(4, "0")) }, code));
        at = m.index + m[0].length;
    }
    if (at < text.length) out.push(text.slice(at));
    return out;
}

// Whatever came from outside: isolated, so that its direction ends with it, visible, and cut.
export function foreign(text, max = 160, props = {}) {
    text = String(text ?? "");
    const e = h("bdi", props);
    if (text.length <= max + 20) {
        e.append(...shown(text));
        return e;
    }
    const end = /[\ud800-\udbff]/.test(text[max - 1]) ? max - 1 : max; // no half of a pair
    e.append(...shown(text.slice(0, end)), "… ");
    e.append(h("button", {
        class: "more", type: "button",
        onclick: (ev) => { ev.preventDefault(); e.replaceChildren(...shown(text)); },
    }, T.all(text.length.toLocaleString("en"))));
    return e;
}
// Lines of a body: line feeds are what they are, the rest as above.
export function foreignLines(text) {
    const pre = h("pre", { tabindex: "0" });
    text.split("\n").forEach((line, i) => pre.append(i ? "\n" : "", h("bdi", null, ...shown(line))));
    return pre;
}

// --- small parts --------------------------------------------------------------------------------

export const num = (n) => Number(n ?? 0).toLocaleString("en");
export const when = (t) => (t ? t.replace("T", " ").replace("Z", "") : T.never);
export function ago(t) {
    if (!t) return T.never;
    const min = Math.floor((Date.now() - Date.parse(t)) / 60000);
    if (min < 1) return T.ago.now;
    if (min < 60) return T.ago.m(min);
    return min < 2880 ? T.ago.h(Math.floor(min / 60)) : T.ago.d(Math.floor(min / 1440));
}
export const time = (t) => h("time", { datetime: t || null, title: when(t) }, ago(t));
export function tlp(mark) {
    const name = String(mark).replace("TLP:", "").toLowerCase();
    const known = { clear: "clear", green: "green", amber: "amber", "amber+strict": "amber", red: "red" };
    return h("span", { class: "tlp " + (known[name] || "") }, mark);
}
export const chip = (text, kind = "") => h("span", { class: "chip " + kind }, text);
export const field = (label, input) => h("label", { class: "field" }, label, input);
export const select = (name, list, chosen, props = {}) => h("select", { name, ...props }, list.map(([value, text]) => h("option", { value, selected: value === chosen }, text)));
// A form whose answer is a page drawn again, or a sentence at its end.
export function form(children, done, props = {}) {
    const said = h("p", { class: "wrong", role: "alert" });
    return h("form", {
        ...props,
        onsubmit: async (ev) => {
            ev.preventDefault();
            said.replaceChildren();
            try { await done(Object.fromEntries(new FormData(ev.target, ev.submitter))); } catch (e) { said.replaceChildren(foreign(e.message, 300)); }
        },
    }, children, said);
}
export function panel(title, ...children) {
    let note = null;
    if (children[0] && children[0].note !== undefined) note = children.shift().note;
    const id = "p" + Math.random().toString(36).slice(2, 9);
    return h("section", { class: "panel", "aria-labelledby": id },
        h("header", null, h("h2", { id }, title), note && h("span", { class: "note" }, note)), ...children);
}
export const facts = (...pairs) => h("dl", { class: "facts" },
    pairs.filter(Boolean).map(([k, v]) => [h("dt", null, k), h("dd", null, v)]));
export const heading = (title, sub, ...tools) => h("div", { class: "head" }, h("h1", null, title),
    sub && h("span", { class: "sub" }, sub), tools.length > 0 && h("div", { class: "tools" }, ...tools));
export const say = (text) => { document.getElementById("said").textContent = text; };

export async function copy(text) {
    try { await navigator.clipboard.writeText(text); say(T.copied); } catch { /* not allowed here */ }
}

// --- tables -------------------------------------------------------------------------------------

// columns: {title, cell(row), class, help}. The first link of each row is its handle: one of them
// is in the order of tabs, arrow keys go from row to row.
export function table(label, columns, rows) {
    const body = h("tbody");
    const handles = () => [...body.querySelectorAll("tr")].map((r) => r.querySelector("a")).filter(Boolean);
    const enter = (list, i) => {
        list.forEach((a, k) => { a.tabIndex = k === i ? 0 : -1; });
        list[i].focus();
    };
    body.addEventListener("keydown", (ev) => {
        const list = handles(), i = list.indexOf(document.activeElement);
        const to = { ArrowDown: i + 1, ArrowUp: i - 1, Home: 0, End: list.length - 1 }[ev.key];
        if (i < 0 || to === undefined || to < 0 || to >= list.length) return;
        ev.preventDefault();
        enter(list, to);
    });
    const add = (more, fresh = false) => {
        for (const row of more)
            body.append(h("tr", { class: fresh ? "new" : null }, columns.map((c) => h("td", { class: c.class }, c.cell(row)))));
        handles().forEach((a, i) => { a.tabIndex = i === 0 ? 0 : -1; });
    };
    add(rows);
    const e = h("div", { class: "wide" }, h("table", { "aria-label": label },
        h("thead", null, h("tr", null, columns.map((c) => h("th", { scope: "col", class: /\bnum\b/.test(c.class || "") ? "num" : null, title: c.help }, c.title)))), body));
    return { node: e, body, add };
}
