// chart.js: drawings, as SVG, each with a text beside it.
import { T } from "./strings.js";
import { h, s, num, when } from "./dom.js";

const DAY = 86400;
const date = (t) => new Date(t * 1000).toISOString().slice(0, 10);

// Bars by day: what was seen last on it, and of that what was seen for the first time.
export function days(since, count, rows) {
    const by = new Map(rows.map((r) => [r.day, r])), W = 860, H = 150, base = H - 22;
    const list = Array.from({ length: count }, (_, i) => {
        const day = since + i * DAY, r = by.get(day) || {};
        return { day, first: r.first || 0, last: r.last || 0 };
    });
    const most = Math.max(1, ...list.map((d) => Math.max(d.first, d.last)));
    const step = W / count, wide = Math.max(2, Math.min(28, step - 3));
    const y = (n) => (n / most) * (base - 14);
    const svg = s("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": T.today.chartLabel(num(list.reduce((a, d) => a + d.last, 0)), count) });
    svg.append(s("line", { class: "axis", x1: 0, x2: W, y1: base + 0.5, y2: base + 0.5 }),
        s("line", { class: "axis", x1: 0, x2: W, y1: base - y(most), y2: base - y(most), "stroke-dasharray": "2 4" }),
        s("text", { x: 0, y: base - y(most) - 4 }, num(most)));
    list.forEach((d, i) => {
        const x = i * step + (step - wide) / 2;
        const g = s("g", null, s("title", null, `${date(d.day)}: ${d.last} ${T.today.lastSeen}, ${d.first} ${T.today.firstSeen}`));
        g.append(s("rect", { x: i * step, y: 0, width: step, height: base, fill: "transparent" }));
        if (d.last) g.append(s("rect", { class: "bar", x, y: base - y(d.last), width: wide, height: y(d.last), rx: 2 }));
        if (d.first) g.append(s("rect", { class: "bar first", x, y: base - y(d.first), width: wide / 2, height: y(d.first), rx: 2 }));
        svg.append(g);
        const every = Math.ceil(count / 6);
        if (i % every === 0) svg.append(s("text", { x: i * step, y: H - 5 }, date(d.day).slice(5)));
    });
    const legend = h("div", { class: "legend" }, h("span", null, h("i"), T.today.lastSeen), h("span", null, h("i", { class: "first" }), T.today.firstSeen));
    const table = h("details", null, h("summary", null, T.today.table), h("table", null,
        h("thead", null, h("tr", null, [T.today.day, T.today.firstSeen, T.today.lastSeen].map((t) => h("th", { scope: "col" }, t)))),
        h("tbody", null, list.filter((d) => d.first || d.last).map((d) => h("tr", null, h("td", null, date(d.day)), h("td", null, num(d.first)), h("td", null, num(d.last)))))));
    return h("figure", { class: "stack" }, svg, legend, table);
}

// What is left of a budget.
export function gauge(left, all, label) {
    const part = all > 0 ? Math.max(0, Math.min(1, left / all)) : 0;
    const kind = part === 0 ? "none" : part < 0.1 ? "low" : "";
    return h("div", null,
        s("svg", { class: "gauge", viewBox: "0 0 300 8", preserveAspectRatio: "none", height: 8, role: "meter", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": all, "aria-valuenow": left },
            s("rect", { width: 300, height: 8, rx: 4 }), s("rect", { class: "left " + kind, width: 300 * part, height: 8, rx: 4 })),
        h("div", { class: "note" }, T.partners.of(num(left), num(all)) + " " + label));
}

// From the first import of each source's claim to its last, and when it was seen.
export function timeline(claims, sightings) {
    const at = (t) => Date.parse(t);
    const all = [...claims.flatMap((c) => [at(c.first_import), at(c.last_import)]), ...sightings.map((g) => at(g.last))];
    const now = Date.now(), from = Math.min(...all, now - 86400000), W = 860, row = 22;
    const x = (t) => 200 + ((t - from) / Math.max(1, now - from)) * (W - 210);
    const list = claims.slice(0, 12), H = (list.length + (sightings.length ? 1 : 0)) * row + 24;
    const svg = s("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": T.indicator.historyLabel });
    const name = (text, y) => s("text", { x: 0, y: y + 4 }, [...text].slice(0, 30).join("").replace(/[^\x20-\x7e\u00a1-\u02ff]/g, "\ufffd"));
    list.forEach((c, i) => {
        const y = i * row + 10;
        svg.append(name(c.own ? T.indicator.own : c.source, y), s("g", null,
            s("title", null, T.indicator.imported(when(c.first_import), when(c.last_import))),
            s("line", { class: "span " + (c.state === "valid" ? "valid" : ""), x1: x(at(c.first_import)), x2: x(at(c.last_import)) + 0.1, y1: y, y2: y })));
    });
    if (sightings.length) {
        const y = list.length * row + 10;
        svg.append(name(T.seen, y), sightings.map((g) => s("circle", { class: "point", cx: x(at(g.last)), cy: y, r: 4 }, s("title", null, when(g.last)))).reduce((f, c) => (f.append(c), f), s("g")));
    }
    svg.append(s("line", { class: "axis", x1: 200, x2: W - 10, y1: H - 18, y2: H - 18 }),
        s("text", { x: 200, y: H - 4 }, date(from / 1000)), s("text", { x: W - 10, y: H - 4, "text-anchor": "end" }, date(now / 1000)));
    return svg;
}
