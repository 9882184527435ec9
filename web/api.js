// api.js: the node's answers. Only paths of this origin, only JSON.
import { T } from "./strings.js";

export class Failed extends Error {
    constructor(status, error, detail, wait = 0) {
        super(detail);
        this.status = status;
        this.error = error;
        this.wait = wait; // seconds
    }
}

// What is done when the session is over.
let nobody = null;
export const onNobody = (f) => { nobody = f; };

async function call(path, options) {
    let answer, body = {};
    try {
        answer = await fetch("/api/v1/" + path, { credentials: "same-origin", redirect: "error", ...options });
        if (answer.status !== 204) body = await answer.json();
    } catch (e) {
        if (e.name === "AbortError") throw e;
        throw new Failed(0, "unreachable", T.unreachable);
    }
    if (answer.status === 401 && nobody) nobody();
    if (!answer.ok) throw new Failed(answer.status, body.error, String(body.detail || answer.status), Number(answer.headers.get("Retry-After")) || 0);
    return body;
}

export const pause = (seconds, signal) => new Promise((done, fail) => {
    const over = () => { clearTimeout(timer); fail(new DOMException("", "AbortError")); };
    const timer = setTimeout(() => { signal?.removeEventListener("abort", over); done(); }, seconds * 1000);
    signal?.addEventListener("abort", over);
});

export const params = (o) => new URLSearchParams(
    Object.entries(o || {}).filter(([, v]) => v !== undefined && v !== null && v !== "" && v !== false)).toString();
// A part of the node that begins anew is back within seconds: what only reads asks it again.
export async function get(path, query, signal, tries = 6) {
    const q = params(query);
    for (;;) {
        try {
            return await call(path + (q ? "?" + q : ""), { signal });
        } catch (e) {
            if (e.status !== 503 || --tries <= 0) throw e;
            await pause(Math.min(Math.max(e.wait, 1), 5), signal);
        }
    }
}
let token = "";
// Logging in and out; of the answers only these tell of a session.
export const door = (path, body) => call(path, {
    method: "POST", body: JSON.stringify(body),
    headers: { "X-CSRF-Token": token, "Content-Type": "application/json" },
});
export const setToken = (t) => { token = t; };
// A list: a text or a file, as it is.
export const postList = (path, query, list) => call(path + "?" + params(query), {
    method: "POST", body: list,
    headers: { "X-CSRF-Token": token, "Content-Type": "text/plain" },
});
export const post = (path, form) => call(path, {
    method: "POST", body: new URLSearchParams(form),
    headers: { "X-CSRF-Token": token, "Content-Type": "application/x-www-form-urlencoded" },
});
