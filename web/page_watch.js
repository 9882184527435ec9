import { T } from "./strings.js";
import { h, foreign, num, panel, heading, time, table, when, say } from "./dom.js";
import { get, params, pause } from "./api.js";

const KEPT = 200;

export async function watch({ signal }) {
    const w = await get("watch", {}, signal);
    const logs = table(T.watch.logs, [
        { title: T.log, class: "value", cell: (l) => foreign(l.path, 120) },
        { title: T.watch.found, class: "num", cell: (l) => num(l.indicators) },
        { title: T.count, class: "num", cell: (l) => num(l.count) },
        { title: T.first, class: "time", cell: (l) => when(l.first) },
        { title: T.last, class: "time", cell: (l) => time(l.last) },
    ], w.logs);
    const hits = table(T.watch.hits, [
        { title: T.value, class: "value", cell: (g) => h("a", { href: "#/indicator?" + params({ value: `${g.type}:${g.value}` }) }, foreign(g.value, 80)) },
        { title: T.type, cell: (g) => g.type },
        { title: T.log, class: "value", cell: (g) => [foreign(g.log, 70), ":" + g.line] },
        { title: T.count, class: "num", cell: (g) => num(g.count) },
        { title: T.last, class: "time", cell: (g) => time(g.last) },
    ], w.hits);
    const known = new Map(w.hits.map((g) => [`${g.type} ${g.value} ${g.log}`, g.count]));
    const dot = h("span", { class: "dot" }), state = h("span", null, T.watch.waiting), none = h("p", { class: "empty", hidden: w.hits.length > 0 }, T.watch.noHits);
    const live = (on) => { dot.className = on ? "dot ok" : "dot warn"; state.textContent = on ? T.watch.live : T.watch.waiting; };
    let answered = 0, from = w.last, stream = null;
    const take = (ev) => {
        answered = Date.now();
        from = ev.lastEventId || from;
        live(true);
        for (const g of JSON.parse(ev.data).hits.reverse()) {
            const key = `${g.type} ${g.value} ${g.log}`;
            if (known.get(key) === g.count) continue;
            known.set(key, g.count);
            hits.add([g], true);
            hits.body.prepend(hits.body.lastChild);
            while (hits.body.children.length > KEPT) hits.body.lastChild.remove();
            none.hidden = true;
            say(T.watch.newHit(g.value.slice(0, 80)));
        }
    };
    // Each answer ends, and the browser asks again: only when none came for a while it is not live.
    // After an answer that is none it asks no more: then it is for us to, and to find out whether
    // anybody is still known.
    const listen = () => {
        stream = new EventSource("/api/v1/hits?from=" + from);
        stream.addEventListener("hits", take);
        stream.addEventListener("error", async () => {
            if (stream.readyState !== EventSource.CLOSED || signal.aborted) return;
            live(false);
            try {
                await pause(3, signal);
                await get("session", {}, signal, 1).catch((e) => { if (e.name === "AbortError") throw e; });
            } catch { return; }
            if (!signal.aborted) listen();
        });
    };
    listen();
    const timer = setInterval(() => { if (Date.now() - answered > 15000) live(false); }, 2000);
    signal.addEventListener("abort", () => { stream.close(); clearInterval(timer); });
    return [heading(T.pages.watch, T.watch.sub, h("span", { class: "live" }, dot, state)),
        h("div", { class: "stack" }, panel(T.watch.hits, hits.node, none),
            panel(T.watch.logs, { note: num(w.logs.length) }, w.logs.length ? logs.node : h("p", { class: "empty" }, T.watch.noLogs)))];
}
