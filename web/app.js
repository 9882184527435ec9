// app.js: the frame around the pages: where one is, who one is, light or dark.
import { T } from "./strings.js";
import { h, foreign, tlp, say } from "./dom.js";
import { get, door, params, setToken, onNobody } from "./api.js";
import { today } from "./page_today.js";
import { indicators, indicator } from "./page_indicators.js";
import { watch } from "./page_watch.js";
import { partners } from "./page_partners.js";
import { match } from "./page_match.js";
import { quorum } from "./page_quorum.js";
import { ledger } from "./page_ledger.js";
import { releases } from "./page_releases.js";
import { audit } from "./page_audit.js";
import { account } from "./page_accounts.js";
import { settings } from "./page_settings.js";
import { loginPage, firstPage } from "./page_door.js";

const pages = { today, indicators, indicator, watch, partners, match, quorum, ledger, releases, audit, account, settings };
const under = { indicator: "indicators", account: "settings" };
const mayOpen = (page) => page !== "audit" || who.role === "operator";
const main = document.getElementById("main"), side = document.getElementById("side");
let who = null, leaving = null;

function themes() {
    const root = document.documentElement;
    const box = h("div", { class: "switch", role: "group", "aria-label": T.theme.label });
    const draw = () => box.replaceChildren(...["auto", "light", "dark"].map((name) => h("button", {
        type: "button", "aria-pressed": String((root.dataset.theme || "auto") === name), "data-theme-name": name,
        onclick: () => {
            if (name === "auto") delete root.dataset.theme;
            else root.dataset.theme = name;
            try { localStorage.setItem("theme", name); } catch { /* for this page, then */ }
            draw();
            box.querySelector(`[data-theme-name="${name}"]`).focus();
        },
    }, T.theme[name])));
    draw();
    return box;
}

function frame() {
    document.getElementById("skip").textContent = T.skip;
    side.replaceChildren(
        h("div", { class: "brand" }, h("img", { src: "/console/mark.svg", alt: "" }), h("div", null, T.product, foreign(who.display || who.member, 80))),
        h("nav", { "aria-label": T.nav }, h("ul", null, Object.entries(T.pages).filter(([k]) => mayOpen(k)).map(([k, name]) => h("li", null, h("a", { href: "#/" + k, "data-page": k }, name))))),
        h("div", { class: "me" }, h("div", { class: "who" }, foreign(who.account, 40), h("span", null, `${who.role}, ${T.clearance}`), tlp(who.clearance)),
            h("p", null, h("button", { class: "button", type: "button", onclick: leave }, T.door.logout)), themes()));
}

// Where one is; its name.
function mark() {
    const { name } = place(), nav = under[name] || name;
    for (const a of side.querySelectorAll("[data-page]"))
        if (a.dataset.page === nav) a.setAttribute("aria-current", "page");
        else a.removeAttribute("aria-current");
    return nav;
}

// Whoever is not known sees one page, and where it came from stays in the address.
function atDoor(nodes, title) {
    leaving?.abort();
    onNobody(null);
    who = null;
    setToken("");
    side.replaceChildren();
    document.body.classList.add("outside");
    document.title = `${title} – ${T.product}`;
    main.replaceChildren(h("h1", null, T.product), ...nodes);
    main.setAttribute("aria-busy", "false");
    main.querySelector("input")?.focus();
}

// Whoever is told to be out is out: where the node did not say so, the cookie may still hold.
async function leave() {
    try {
        await door("logout", {});
    } catch (e) {
        if (e.status === 403) location.reload(); // somebody else's session, of another tab
        else if (e.status !== 401) main.replaceChildren(failed(e, leave, T.door.stillIn));
        if (e.status !== 401) return;
    }
    atDoor(loginPage(enter), T.door.title);
}

function place() {
    const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
    return { name: Object.hasOwn(pages, path) ? path : "today", query: Object.fromEntries(new URLSearchParams(query || "")) };
}

function failed(e, again, title = T.failedTitle) {
    return h("section", { class: "panel failed stack", role: "alert" }, h("h2", null, title), h("p", null, foreign(e.message, 300)),
        h("p", null, h("button", { class: "button", type: "button", onclick: () => again() }, T.again)));
}

// Whose node this is comes from the part of it that has the pact: without that one the others work.
async function meet(signal) {
    const node = await get("node", {}, signal, 1).catch((e) => { if (e.status !== 503) throw e; });
    if (!node || signal.aborted) return;
    who = { ...who, ...node };
    frame();
    mark();
}

// Who came from another page starts in the content; who just came, at the top.
async function show(ev) {
    const { name, query } = place(), mine = leaving = (leaving?.abort(), new AbortController());
    const nav = mark();
    document.title = `${T.pages[nav]} – ${T.product}`;
    main.setAttribute("aria-busy", "true");
    // What is typed on a page belongs into its address, without a new page.
    const replace = (q) => {
        const p = params(q), to = `#/${name}${p ? "?" + p : ""}`;
        if (!mine.signal.aborted && place().name === name) history.replaceState(null, "", to);
    };
    try {
        if (who.member === undefined) await meet(mine.signal);
        const nodes = await pages[name]({ query, who, signal: mine.signal, replace });
        if (mine.signal.aborted) return;
        main.replaceChildren(...nodes);
        say(T.loaded(T.pages[nav]));
    } catch (e) {
        if (mine.signal.aborted || e.name === "AbortError") return;
        main.replaceChildren(failed(e, show));
    }
    main.setAttribute("aria-busy", "false");
    window.scrollTo(0, 0);
    if (ev && (document.activeElement === document.body || !document.activeElement)) main.focus({ preventScroll: true });
}

document.getElementById("skip").addEventListener("click", (ev) => { ev.preventDefault(); main.focus(); });
window.addEventListener("hashchange", (ev) => { if (who) void show(ev); });

async function enter() {
    if (!who && !main.firstChild) main.replaceChildren(h("p", { class: "muted" }, T.loading));
    try {
        who = await get("session");
        setToken(who.csrf);
    } catch (e) {
        if (e.status === 401) atDoor(loginPage(enter), T.door.title);
        else main.replaceChildren(failed(e, enter));
        return;
    }
    onNobody(() => atDoor(loginPage(enter), T.door.title));
    document.body.classList.remove("outside");
    frame();
    await show();
}
if (location.pathname === "/first") atDoor(firstPage(enter), T.door.first);
else await enter();
