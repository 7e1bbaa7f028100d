// Everything that Tally does in the browser besides htmx. No page needs it in order to work.
// Loaded in the head before anything is drawn, so that the theme is right from the first frame;
// the rest listens on the document and needs no particular moment.
"use strict";

(() => {
  const root = document.documentElement;
  root.classList.add("has-js");

  // htmx: announced by a class once it is there; a copy of our own where its CDN fails.

  // Its script is async: a CDN that hangs holds up nothing but htmx.

  function onceRead(action) {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", action);
    else action();
  }

  // A browser lets a page copy only where it is reached by https, or on this machine.
  onceRead(() => {
    for (const button of document.querySelectorAll("[data-copies]")) {
      button.hidden = !navigator.clipboard;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).value);
        button.textContent = "Copied";
      });
    }
  });

  // Whoever sets Tally up most likely sits in the zone by which the days shall be.
  onceRead(() => {
    const select = document.querySelector("[data-own-zone]");
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (select && [...select.options].some(({ value }) => value === zone)) select.value = zone;
  });

  // A form that comes back begins where something is wrong, unless its top says so.
  function beginWhereItIsWrong() {
    if (document.querySelector("main [role=alert]")) return;
    const wrong = document.querySelector("main form[method=post] [aria-invalid=true]");
    wrong?.focus({ preventScroll: true });
    wrong?.scrollIntoView({ block: "center" }); // with its name and what is wrong with it
  }
  onceRead(() => requestAnimationFrame(beginWhereItIsWrong)); // once its place is known

  const htmxIsThere = () =>
    onceRead(() => {
      root.classList.add("has-htmx");
      watchFromNow();
    });

  // Without any htmx nobody asks whether the count has ended: the whole page looks again.
  function reloadWhileCounting() {
    if (document.querySelector("[data-sync=busy]")) setTimeout(() => location.reload(), 2000);
  }

  function loadOwnHtmx(fromCdn) {
    const own = document.createElement("script");
    own.src = fromCdn.dataset.fallback;
    own.integrity = fromCdn.integrity;
    own.addEventListener("load", () => {
      onceRead(() => window.htmx.process(document.body));
      htmxIsThere();
    });
    own.addEventListener("error", () => onceRead(reloadWhileCounting));
    document.head.append(own);
  }

  const isHtmx = (element) => element instanceof HTMLScriptElement && "fallback" in element.dataset;
  document.addEventListener("load", ({ target }) => isHtmx(target) && htmxIsThere(), true);
  document.addEventListener("error", ({ target }) => isHtmx(target) && loadOwnHtmx(target), true);

  // Every request by htmx bears the CSRF token: version 2 names the event one way, version 4 another.

  const token = () => document.querySelector("meta[name=csrf-token]")?.content ?? "";
  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = token();
  });
  document.addEventListener("htmx:config:request", (event) => {
    event.detail.ctx.request.headers["X-CSRFToken"] = token();
  });

  // A request that nobody answered, or that something before the server did: htmx keeps silent.

  const LOST = "The server did not answer. Try again in a moment.";
  let isLeaving = false; // a page that is being left drops its requests, and that is no loss
  window.addEventListener("beforeunload", () => (isLeaving = true));
  window.addEventListener("pageshow", () => (isLeaving = false));

  function tellLost(method) {
    const place = document.getElementById("flashes");
    if (!place || isLeaving) return;
    // What asks by itself every second says it once.
    if (method === "GET" && place.textContent.trim() === LOST) return;
    const message = document.createElement("p");
    message.className = "flash error late";
    message.dataset.lost = method;
    message.textContent = LOST;
    place.replaceChildren(message);
  }

  // What was said of an earlier request goes when one of its kind is answered well.
  function forgetErrors(method, status) {
    if (status >= 400) return;
    const which = method === "GET" ? "#flashes > [data-lost=GET]" : "#flashes > .late.error";
    for (const message of document.querySelectorAll(which)) message.remove();
  }

  document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
    if (ctx && ctx.text === undefined) tellLost(ctx.request.method);
  });
  document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
    if (ctx.response.status >= 500 && !ctx.hx.reswap) tellLost(ctx.request.method);
  });
  document.addEventListener("htmx:before:response", ({ detail: { ctx } }) => {
    forgetErrors(ctx.request.method, ctx.response.status);
  });
  const methodOf = (event) => event.detail.requestConfig.verb.toUpperCase();
  for (const lost of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(lost, (event) => tellLost(methodOf(event)));
  }
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    if (xhr.status >= 500 && !xhr.getResponseHeader("HX-Reswap")) tellLost(methodOf(event));
  });
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    forgetErrors(methodOf(event), event.detail.xhr.status);
  });

  // Theme: the system's, light or dark, remembered in this browser.

  const THEMES = ["system", "light", "dark"];
  const THEME_KEY = "tally-theme";

  function storedTheme() {
    try {
      const theme = localStorage.getItem(THEME_KEY);
      return THEMES.includes(theme) ? theme : "system";
    } catch {
      return "system"; // a browser that keeps nothing
    }
  }

  function showTheme(theme) {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    for (const name of document.querySelectorAll("[data-theme-name]")) name.textContent = theme;
  }

  function nextTheme() {
    const theme = THEMES[(THEMES.indexOf(root.dataset.theme ?? "system") + 1) % THEMES.length];
    showTheme(theme);
    try {
      localStorage.setItem(THEME_KEY, theme);
    } catch {
      // It holds until the next page.
    }
  }

  showTheme(storedTheme());
  onceRead(() => showTheme(storedTheme())); // again, now that the switch is there to name it
  window.addEventListener("storage", (event) => event.key === THEME_KEY && showTheme(storedTheme()));
  // Going back, htmx puts the page in as the server wrote it.
  for (const swapped of ["htmx:afterSwap", "htmx:after:swap"]) {
    document.addEventListener(swapped, () => showTheme(root.dataset.theme ?? "system"));
  }

  // Connecting an account happens in a window of its own, which tells the others when it is done.

  const channel = "BroadcastChannel" in window ? new BroadcastChannel("tally") : null;
  const POPUP_KEY = "tally-popup";

  function openPopup(link) {
    const [width, height] = [Math.min(640, screen.availWidth), Math.min(760, screen.availHeight)];
    const left = Math.round(screenX + (outerWidth - width) / 2);
    const top = Math.round(screenY + (outerHeight - height) / 2);
    // A new window starts with a copy of this one's session storage: that is how it knows itself
    // again after the detour, which may cut the tie to its opener.
    sessionStorage.setItem(POPUP_KEY, "yes");
    const popup = window.open(
      link.href,
      "tally-connect",
      `popup,width=${width},height=${height},left=${left},top=${top}`,
    );
    sessionStorage.removeItem(POPUP_KEY);
    popup?.focus();
    return popup !== null;
  }

  channel?.addEventListener("message", (event) => {
    if (event.data?.kind !== "connected") return;
    const button = document.querySelector("[data-reload-on-connect]");
    if (button) button.click();
    // A page that offers no connecting is left alone: something may be half typed in it.
    else if (document.querySelector("[data-popup]")) location.reload();
  });

  onceRead(() => {
    const done = document.querySelector("[data-announce]");
    if (!done) return;
    channel?.postMessage({ kind: done.dataset.announce });
    if (sessionStorage.getItem(POPUP_KEY)) setTimeout(() => window.close(), 1500);
  });

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("[data-theme-switch]")) nextTheme();
    const link = target?.closest("a[data-popup]");
    const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (link && isPlain && openPopup(link)) event.preventDefault();
  });

  // Lists of several choices: a plain click adds or removes one. The choice with an empty value
  // ("Any") stands alone: choosing it clears the others, choosing another clears it.

  const choicesBefore = new WeakMap();
  const chosen = (select) => new Set([...select.selectedOptions].map((option) => option.value));
  const isSeveral = (element) => element instanceof HTMLSelectElement && element.multiple;

  function keepAnyAlone(select) {
    const any = [...select.options].find((option) => option.value === "");
    if (!any) return;
    const others = [...select.selectedOptions].filter((option) => option !== any);
    const wasAny = (choicesBefore.get(select) ?? new Set()).has("");
    if (any.selected && others.length) {
      if (wasAny) any.selected = false;
      else for (const option of others) option.selected = false;
    } else if (!others.length) any.selected = true;
  }

  document.addEventListener("mousedown", (event) => {
    const option = event.target instanceof HTMLOptionElement ? event.target : null;
    const select = option?.closest("select");
    const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey);
    if (!isSeveral(select) || select.disabled || option.disabled || !isPlain) return;
    event.preventDefault();
    const scrolled = select.scrollTop;
    choicesBefore.set(select, chosen(select));
    option.selected = !option.selected;
    select.focus({ preventScroll: true });
    for (const kind of ["input", "change"]) select.dispatchEvent(new Event(kind, { bubbles: true }));
    select.scrollTop = scrolled;
  });

  document.addEventListener("focusin", ({ target }) => {
    if (isSeveral(target)) choicesBefore.set(target, chosen(target));
  });
  // In the capture phase: htmx listens on the select itself and must see the outcome.
  document.addEventListener("input", ({ target }) => {
    if (!isSeveral(target)) return;
    keepAnyAlone(target);
    choicesBefore.set(target, chosen(target));
  }, true);

  // A long list shows no more than what holds the words typed above it, and what is chosen.

  const wholes = new WeakMap(); // what was in a list of options before
  const isNarrower = (element) => element instanceof HTMLInputElement && "narrows" in element.dataset;
  const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  // Not hidden but taken out: not every browser hides options.
  function narrowOptions(list, stays) {
    if (!wholes.has(list)) wholes.set(list, [...list.children]);
    const isGroup = (child) => child instanceof HTMLOptGroupElement;
    const kept = wholes
      .get(list)
      .filter((child) => (isGroup(child) ? narrowOptions(child, stays) : stays(child)));
    list.replaceChildren(...kept);
    return kept.length > 0;
  }

  function narrow(input) {
    const list = document.getElementById(input.dataset.narrows);
    const words = folded(input.value).split(/\s+/);
    const fits = (one) => words.every((word) => folded(one.textContent).includes(word));
    let found;
    if (list instanceof HTMLSelectElement) {
      // Whatever is taken out, a list of one choice chooses another; so they are kept in mind.
      const chosen = new Set(list.selectedOptions);
      narrowOptions(list, (one) => chosen.has(one) || one.value === "" || fits(one));
      for (const option of list.options) option.selected = chosen.has(option);
      found = [...list.options].filter((option) => option.value !== "" && fits(option)).length;
    } else {
      const items = [...list.children];
      for (const item of items) item.hidden = !(fits(item) || item.querySelector(":checked"));
      found = items.filter(fits).length;
    }
    list.scrollTop = 0;
    input.nextElementSibling.textContent = input.value.trim() ? `${found} found` : "";
  }

  document.addEventListener("input", ({ target }) => isNarrower(target) && narrow(target));
  // It is no choice: the form is not asked for anew, nor sent by Enter.
  document.addEventListener("change", (event) => isNarrower(event.target) && event.stopPropagation(), true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && isNarrower(event.target)) event.preventDefault();
  });

  // A chart tells one point at a time: the nearest to the pointer or the finger, or the one that the
  // arrow keys reached. Its points, as the server drew them, hold all there is to say.

  const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -7, PageUp: 7 };
  let told = null; // which point, for when the chart is fetched anew

  const plotAt = (target) => (target instanceof Element ? target.closest(".plot") : null);
  const pointsOf = (plot) => [...plot.querySelectorAll(".points > *")];
  const placeOf = (point) =>
    ["cx", "cy"].map((name) => parseFloat(point.lastElementChild.getAttribute(name)));

  function tellPoint(plot, index) {
    const points = pointsOf(plot);
    const point = points[index];
    if (!point) return;
    for (const title of plot.querySelectorAll(".points title")) {
      title.parentNode.dataset.text = title.textContent; // the browser would show it as well
      title.remove();
    }
    const [x, y] = placeOf(point);
    const cursor = plot.querySelector(".cursor");
    for (const name of ["x1", "x2"]) cursor.firstElementChild.setAttribute(name, `${x}%`);
    cursor.lastElementChild.setAttribute("cx", `${x}%`);
    cursor.lastElementChild.setAttribute("cy", y);
    cursor.removeAttribute("hidden");
    const slider = plot.querySelector(".slider");
    slider.setAttribute("aria-valuenow", index + 1);
    slider.setAttribute("aria-valuetext", point.dataset.text);
    const readout = plot.parentNode.querySelector(".told");
    readout.querySelector(".words").textContent = point.dataset.text;
    const href = point.getAttribute("href");
    const link = readout.querySelector("a");
    if (href) link.href = href;
    else link?.removeAttribute("href");
    plot.classList.toggle("leads", href !== null);
    told = { x, isOlder: index < points.length - 1 };
  }

  // Across counts, and where several lie above each other, up as well.
  function nearest(plot, { clientX, clientY }) {
    const { left, top, width } = plot.querySelector(".drawn").getBoundingClientRect();
    const far = pointsOf(plot).map((point) => {
      const [x, y] = placeOf(point);
      return Math.abs(left + (x / 100) * width - clientX) + Math.abs(top + y - clientY) / 20;
    });
    return far.indexOf(Math.min(...far));
  }

  const linkOf = (plot) => plot.parentNode.querySelector(".told a[href]");
  let isTouch = false;
  for (const kind of ["pointerdown", "pointermove"]) {
    document.addEventListener(kind, (event) => {
      const plot = plotAt(event.target);
      if (!plot) return;
      isTouch = event.pointerType === "touch";
      tellPoint(plot, nearest(plot, event));
    });
  }

  // A click opens the point; a finger only picks one, and the link beneath opens it.
  document.addEventListener("click", (event) => {
    const plot = plotAt(event.target);
    if (!plot || !plot.querySelector(".slider")) return;
    event.preventDefault();
    if (!isTouch) linkOf(plot)?.dispatchEvent(new MouseEvent("click", event));
  });

  document.addEventListener("keydown", (event) => {
    const plot = plotAt(event.target);
    if (!plot || event.ctrlKey || event.metaKey || event.altKey) return;
    const last = pointsOf(plot).length - 1;
    const now = Number(event.target.getAttribute("aria-valuenow")) - 1;
    if (event.key === "Enter") linkOf(plot)?.click();
    else if (event.key === "Home") tellPoint(plot, 0);
    else if (event.key === "End") tellPoint(plot, last);
    else if (event.key in STEPS) tellPoint(plot, Math.min(Math.max(now + STEPS[event.key], 0), last));
    else return;
    event.preventDefault();
  });

  // On a chart that tells nothing yet: the point that the one before it told, else the newest.
  function tellAgain() {
    const plot = document.querySelector(".plot:has(.cursor[hidden])");
    if (!plot) return;
    const far = pointsOf(plot).map((point) => Math.abs(placeOf(point)[0] - told?.x));
    tellPoint(plot, told?.isOlder ? far.indexOf(Math.min(...far)) : far.length - 1);
  }
  document.addEventListener("focusin", ({ target }) => target.id === "chart-slider" && tellAgain());
  for (const swapped of ["htmx:afterSwap", "htmx:after:swap"]) {
    document.addEventListener(swapped, () => told && tellAgain());
  }

  // A page that is open follows its figures. What shows some carries a mark of each; the server is
  // asked for the present marks, and whatever differs is fetched anew, alone.

  const SLOWEST = 60_000; // milliseconds from one look to the next, when the server does not answer
  const MOST = 200; // as many marks as the server gives at once
  const usualPause = () => Number(document.body.dataset.liveEvery) || 0;
  let pause = 0;
  let nextLook;
  let isLooking = false;

  // What a page shows as a sample stays as it is.
  const following = (selector) =>
    [...document.querySelectorAll(selector)].filter((one) => !one.closest("[hx-ignore]"));
  const shown = (element) => element.dataset.live.split(" ").map((pair) => pair.split(":"));
  const news = (element, marks) =>
    shown(element).flatMap(([id, mark]) => (marks[id] && marks[id] !== mark ? [id] : []));

  function lookAgain(after) {
    clearTimeout(nextLook);
    if (!document.hidden) nextLook = setTimeout(look, after);
  }

  async function look() {
    if (isLooking) return;
    const elements = following("[data-live]");
    const ids = new Set(elements.flatMap((element) => shown(element).map(([id]) => id)));
    isLooking = true;
    const began = performance.now();
    const asked = [...ids].slice(0, MOST);
    const marks = asked.length ? await answerTo(`/live?measures=${asked}`) : {};
    isLooking = false;
    if (marks === "signed out") return;
    // A server that takes long is asked less often, and one that does not answer less and less.
    if (marks) pause = Math.max(usualPause(), 5 * (performance.now() - began));
    else pause = Math.min(2 * pause, SLOWEST);
    if (marks) fetchAnew(elements, marks);
    lookAgain(pause);
  }

  async function answerTo(question) {
    try {
      const signal = AbortSignal.timeout(10_000);
      const answer = await fetch(question, { redirect: "manual", signal });
      if (answer.type === "opaqueredirect" || answer.status === 401) return "signed out";
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  }

  function fetchAnew(elements, marks) {
    const there = elements.filter((element) => element.isConnected && window.htmx);
    const stale = outermost(there.filter((element) => news(element, marks).length));
    const told = new Set(stale.flatMap((element) => element.dataset.tells ?? []));
    for (const element of stale) {
      // A roll-up hears from the rows of its key results once they have come.
      if (!told.has(element.dataset.hears)) swapIn(element);
    }
  }

  // A larger part brings the smaller ones in it along.
  const outermost = (parts) =>
    parts.filter((one) => !parts.some((other) => other !== one && other.contains(one)));

  async function swapIn(element) {
    const { id } = element;
    const wasCounting = "counting" in element.dataset;
    await window.htmx.ajax("GET", element.dataset.liveUrl, {
      source: element,
      target: element,
      swap: "outerHTML",
    });
    const place = document.getElementById("news");
    const said = document.querySelector("#standing .say");
    if (!place) return;
    if (id === "standing" && said) place.textContent = said.textContent;
    // A row tells what came of a press, and nothing of what others did.
    else if (wasCounting) place.textContent = rowInWords(document.getElementById(id));
  }

  const rowInWords = (row) =>
    [".name a", ".pct", ".status"]
      .map((part) => row?.querySelector(part))
      .filter(Boolean)
      .map(spoken)
      .join(", ");

  onceRead(() => {
    pause = usualPause();
    if (!pause) return;
    lookAgain(pause);
    document.addEventListener("visibilitychange", () => lookAgain(0));
  });

  // A screen reader tells what changes in a place that was there before. What htmx puts in anew was
  // not, so what is news in it is told in a place that stays.

  const spoken = (element) => element.textContent.trim().replace(/\s+/g, " ");
  const newsIn = () =>
    new Map(following("[data-news]").map((one) => [one.dataset.news, spoken(one)]));
  let toldNews = new Map();

  function tellNews() {
    const now = newsIn();
    const fresh = [...now].filter(([name, text]) => text && text !== toldNews.get(name));
    const place = document.getElementById("news");
    if (place && fresh.length) place.textContent = fresh.map(([, text]) => text).join(" ");
    toldNews = now;
  }
  onceRead(() => (toldNews = newsIn()));
  for (const swapped of ["htmx:afterSwap", "htmx:after:swap"]) {
    document.addEventListener(swapped, tellNews);
  }

  // htmx gives the focus back to what has an id; the links of a part that is shown anew have none.

  let focused = null;
  document.addEventListener("focusin", ({ target }) => {
    const part = target.id ? null : target.closest("[data-live-url]");
    focused = part && { element: target, part: part.id, href: target.getAttribute("href") };
  });
  document.addEventListener("pointerdown", () => (focused = null));
  const givesFocusBack = new MutationObserver(() => {
    if (!focused?.href || focused.element.isConnected) return;
    if (document.activeElement !== document.body) return;
    const links = document.getElementById(focused.part)?.querySelectorAll("a[href]") ?? [];
    const same = [...links].find((link) => link.getAttribute("href") === focused.href);
    same?.focus();
  });
  givesFocusBack.observe(root, { childList: true, subtree: true });

  // What is being counted asks for itself every second, by htmx. Whoever pressed Refresh should not
  // wait for that: in between, a question that costs next to nothing tells when the count has ended.

  const SOONEST = 50; // milliseconds from one such question to the next
  const SHARE = 1 / 20; // of the wait so far that may be added to it
  const OWN_PACE = 1000; // from here on the elements themselves are quick enough
  const fetchedOnce = new WeakSet();
  let watchedSince = 0;
  let nextQuestion;
  let isAsking = false;

  const counting = () =>
    following("[data-counting]").filter((one) => !fetchedOnce.has(one));

  function watchFromNow() {
    watchedSince = performance.now();
    watch();
  }

  function watch() {
    clearTimeout(nextQuestion);
    const after = Math.max(SOONEST, SHARE * (performance.now() - watchedSince));
    const isWanted = window.htmx && !document.hidden && counting().length > 0;
    if (isWanted && after < OWN_PACE) nextQuestion = setTimeout(askIfCounted, after);
  }

  async function askIfCounted() {
    if (isAsking) return;
    const elements = counting().slice(0, MOST);
    const ids = new Set(elements.map((element) => element.dataset.counting));
    isAsking = true;
    const unfinished = await answerTo(`/live/counting?measures=${[...ids]}`);
    isAsking = false;
    // Without an answer it is left to the elements; the next one that comes starts this again.
    if (!Array.isArray(unfinished)) return;
    const isDone = (element) => !unfinished.includes(Number(element.dataset.counting));
    for (const element of outermost(elements.filter((one) => one.isConnected && isDone(one)))) {
      fetchedOnce.add(element);
      swapIn(element);
    }
    watch();
  }

  const isPost = ({ detail }) =>
    (detail.ctx?.request?.method ?? detail.requestConfig?.verb)?.toUpperCase() === "POST";
  for (const swapped of ["htmx:afterSwap", "htmx:after:swap"]) {
    document.addEventListener(swapped, (event) => (isPost(event) ? watchFromNow() : watch()));
  }
  document.addEventListener("visibilitychange", watchFromNow);
})();
