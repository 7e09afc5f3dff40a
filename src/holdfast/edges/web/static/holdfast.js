// Keeps a page fresh: clocks tick, the live part is fetched again when the journal grows, Ctrl K finds.
// Without this script everything is still right as of when it was served.
(() => {
  "use strict";
  const DEBOUNCE_MS = 150;
  const LONGEST_MS = 1000;
  const STALE_MS = 60000;
  const AGAIN_MS = 2000;
  const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

  // The server's clock counts, not this machine's.
  let ahead = 0;
  const synchronize = () => {
    const served = document.getElementById("live")?.dataset.now;
    if (served) ahead = Date.now() - Date.parse(served);
  };

  // The same words as `holdfast.loop.view_words`.
  const short = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    const [size, unit] = UNITS.find(([one]) => whole >= one) ?? [1, "s"];
    return `${Math.floor(whole / size)} ${unit}`;
  };
  const span = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    if (whole < 60) return `${whole} s`;
    if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ""}`;
    const [size, unit] = UNITS.find(([one]) => whole >= one);
    const tenths = Math.floor((10 * whole) / size);
    return `${tenths < 100 ? tenths / 10 : Math.floor(tenths / 10)} ${unit}`;
  };
  const two = (value) => String(value).padStart(2, "0");
  const face = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    const rest = whole % 86400;
    const text = `${two(Math.floor(rest / 3600))}:${two(Math.floor((rest % 3600) / 60))}:${two(rest % 60)}`;
    return whole >= 86400 ? `${Math.floor(whole / 86400)} d ${text}` : text;
  };
  const WORDS = {short, span, face};

  const isPast = () => new URLSearchParams(location.search).has("as_of");
  const tick = () => {
    if (isPast()) return;
    const now = Date.now() - ahead;
    for (const element of document.querySelectorAll("[data-since]")) {
      const words = WORDS[element.dataset.as]((now - Date.parse(element.dataset.since)) / 1000);
      if (element.textContent !== words) element.textContent = words;
    }
  };

  let waiting = 0;
  let firstAt = 0;
  const refresh = () => {
    waiting = firstAt = 0;
    if (!isPast()) window.htmx?.trigger("#live", "holdfast:changed");
  };
  const changed = () => {
    const now = Date.now();
    firstAt ||= now;
    clearTimeout(waiting);
    waiting = setTimeout(refresh, Math.max(0, Math.min(DEBOUNCE_MS, firstAt + LONGEST_MS - now)));
  };

  const say = (state, words) => {
    const element = document.getElementById("live-state");
    if (!element || element.dataset.state === state) return;
    element.dataset.state = state;
    element.querySelector("span").textContent = words;
  };

  // The extension connects again by itself only after it was connected once.
  let failed = 0;
  const again = (event) => {
    if (event.target.id !== "events") return;
    say("lost", "not live");
    const pause = Math.min(STALE_MS, AGAIN_MS * 2 ** failed++) * (1 + Math.random());
    setTimeout(() => window.htmx?.trigger("#events", "holdfast:follow"), pause);
  };
  for (const name of ["htmx:error", "htmx:response:error"]) document.addEventListener(name, again);

  document.addEventListener("htmx:sse:after:connection", () => { failed = 0; say("live", "live"); });
  document.addEventListener("htmx:sse:after:message", changed);
  document.addEventListener("htmx:sse:error", () => say("lost", "not live"));
  document.addEventListener("htmx:after:swap", () => { synchronize(); tick(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) changed(); });

  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    const field = document.getElementById("find");
    if (!field) return;
    event.preventDefault();
    field.focus();
    field.select();
  });

  const key = document.getElementById("find-key");
  if (key) {
    if (/mac|iphone|ipad/i.test(navigator.platform)) key.textContent = "⌘ K";
    key.hidden = false;
  }
  if (window.htmx) say("waiting", "…");
  synchronize();
  tick();
  setInterval(tick, 1000);
  setInterval(() => { if (!document.hidden) changed(); }, STALE_MS);
})();
