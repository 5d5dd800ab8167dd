// What only a browser can do: remember the visit, write the address, take files, change the theme.
(function () {
  "use strict";
  const VISIT = "edgepair-visit";
  const THEME = "edgepair-theme";

  function visitHeaders(more) {
    return Object.assign({ "X-Edgepair-Visit": sessionStorage.getItem(VISIT) || "" }, more);
  }

  // A tab keeps its visit when it is loaded again; the server says whether it still goes on.
  // Asked for at once: Dash needs some tenths of a second before it asks.
  const begun = fetch("/visit", { method: "POST", headers: visitHeaders({}) });
  async function visit() {
    const reply = await begun;
    const told = await reply.json();
    if (!reply.ok) {
      // No room for another visitor: nothing can be asked for, but it can be told why.
      window.dash_clientside.set_props("page", { children: told.notice });
      return window.dash_clientside.no_update;
    }
    const key = told.visit;
    sessionStorage.setItem(VISIT, key);
    return key;
  }

  function address(view) {
    if (view) {
      const query = new URLSearchParams(view).toString();
      history.replaceState(history.state, "", location.pathname + (query ? "?" + query : ""));
    }
    return window.dash_clientside.no_update;
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, { edgepair: { visit, address } });

  // Files
  async function sendOne(file, page) {
    const about = {
      "X-Edgepair-Name": encodeURIComponent(file.name),
      "X-Edgepair-Page": page,
      "X-Edgepair-Size": String(file.size),
      "Content-Type": "application/octet-stream",
    };
    try {
      // The server refuses by the size before anything is sent.
      const first = await fetch("/upload?check", { method: "POST", headers: visitHeaders(about) });
      const reply = first.ok
        ? await fetch("/upload", { method: "POST", headers: visitHeaders(about), body: file })
        : first;
      if (reply.ok) return null;
      if (reply.status === 422) return await reply.json();
      throw new Error("answer " + reply.status);
    } catch (error) {
      return {
        problem: "cannot take '" + file.name + "'",
        found: "a file that could not be sent (" + error.message + ")",
        needed: "a file, not a folder, and a server that runs",
        suggestion: "load the page again and drop the file again",
      };
    }
  }

  async function send(zone, files) {
    const page = zone.dataset.page;
    const busy = zone.querySelector(".busy");
    const waiting = Array.from(files);
    const refused = [];
    const names = waiting.map(function (file) { return file.name; });
    const total = waiting.length;
    zone.classList.add("sending");
    async function next() {
      while (waiting.length) {
        const file = waiting.shift();
        busy.textContent = "reading " + (total - waiting.length) + " of " + total + " …";
        const problem = await sendOne(file, page);
        if (problem) refused.push(problem);
      }
    }
    await Promise.all([next(), next(), next()]);
    busy.textContent = "";
    zone.classList.remove("sending");
    window.dash_clientside.set_props(page + "-uploads", { data: { tick: Date.now(), names: names, refused: refused } });
  }

  function prepare(zone) {
    const place = zone.querySelector(".place");
    if (!place || place.firstChild) return;
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    input.id = zone.dataset.page + "-file";
    label.className = "choose";
    label.append("choose files", input);
    place.append(label);
    input.addEventListener("change", function () {
      if (input.files.length) send(zone, input.files);
      input.value = "";
    });
    zone.addEventListener("dragover", function (event) {
      event.preventDefault();
      zone.classList.add("over");
    });
    zone.addEventListener("dragleave", function () { zone.classList.remove("over"); });
    zone.addEventListener("drop", function (event) {
      event.preventDefault();
      zone.classList.remove("over");
      if (event.dataTransfer.files.length) send(zone, event.dataTransfer.files);
    });
  }

  // Tables: rows that came since are added, others laid out anew. What stands in them is text, nothing else.
  function layOut(place) {
    const rows = place.dataset.rows;
    if (place.laid === rows) return;
    const heads = JSON.parse(place.dataset.heads);
    let body = place.querySelector("tbody");
    if (!body) {
      const table = document.createElement("table");
      const head = table.createTHead().insertRow();
      for (const text of heads) {
        const cell = document.createElement("th");
        cell.scope = "col";
        cell.textContent = text;
        head.append(cell);
      }
      body = table.createTBody();
      place.append(table);
    }
    if (!place.laid || !rows.startsWith(place.laid.slice(0, -1))) body.replaceChildren();
    place.laid = rows;
    const opens = place.dataset.opens;
    for (const row of JSON.parse(rows).slice(body.rows.length)) {
      const line = body.insertRow();
      const number = opens ? row.shift() : null;
      row.forEach(function (cell, column) {
        const place = document.createElement(column ? "td" : "th");
        if (!column) place.scope = "row";
        if (column === row.length - 1 && row.length < heads.length) place.colSpan = heads.length - column;
        let into = place;
        if (!column && opens) {
          into = document.createElement("button");
          into.type = "button";
          into.className = "link";
          into.dataset.opens = opens;
          into.dataset.number = number;
          place.append(into);
        }
        for (const [text, look] of typeof cell === "string" ? [[cell, ""]] : cell) {
          const part = document.createElement("span");
          part.className = look;
          part.textContent = text;
          into.append(part);
        }
        line.append(place);
      });
    }
  }

  document.addEventListener("click", function (event) {
    const button = event.target.closest("button[data-opens]");
    if (!button) return;
    const data = { number: Number(button.dataset.number), tick: Date.now() };
    window.dash_clientside.set_props(button.dataset.opens, { data: data });
    document.getElementById(button.dataset.opens + "ed").scrollIntoView({ block: "start" });
  });

  // A file dropped beside the place would replace the page.
  for (const name of ["dragover", "drop"]) {
    document.addEventListener(name, function (event) { event.preventDefault(); });
  }

  // Theme: the system's, until the visitor chooses
  function chosenTheme() {
    return localStorage.getItem(THEME) ||
      (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  }

  function applyTheme() {
    const theme = chosenTheme();
    document.documentElement.dataset.theme = theme;
    const button = document.getElementById("theme");
    if (button) {
      button.textContent = theme === "dark" ? "Light theme" : "Dark theme";
    }
  }

  document.addEventListener("click", function (event) {
    if (event.target.id === "theme") {
      localStorage.setItem(THEME, chosenTheme() === "dark" ? "light" : "dark");
      applyTheme();
    }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", applyTheme);
  applyTheme();

  // Who asked from further up is brought to the answer; who comes back to the page is not moved.
  let asked = null;
  document.addEventListener("click", function (event) {
    const button = event.target.closest("button.main");
    if (button) asked = document.querySelector(".result h2");
    if (button) button.dataset.asked = "yes";
  });

  function showAnswer() {
    const button = document.querySelector("button.main[data-asked]");
    const answer = document.querySelector(".result h2");
    if (!button || !answer || answer === asked) return;
    delete button.dataset.asked;
    answer.tabIndex = -1;
    answer.focus({ preventScroll: true });
    answer.scrollIntoView({ block: "start" });
  }

  // The library that draws is loaded while the visitor looks for a file, as Dash would for the first figure,
  // and draws once beside the page: a first drawing takes far longer than those after it.
  function loadDrawing() {
    if (window.Plotly || !window._dashPlotlyJSURL) return;
    for (const source of ["/_dash-component-suites/dash/dcc/async-graph.js", window._dashPlotlyJSURL]) {
      const script = document.createElement("script");
      script.src = source;
      script.onload = function () { whenIdle(drawOnce); };
      document.head.append(script);
    }
  }

  function whenIdle(call) {
    (window.requestIdleCallback || setTimeout)(call);
  }

  // Figures that come together are drawn one after the other, so that the tab answers between them.
  let drawn = null;
  function drawInTurn() {
    drawn = Promise.resolve();
    const draw = window.Plotly.react;
    window.Plotly.react = function (place, ...rest) {
      const turn = drawn.then(function () { return new Promise(function (go) { setTimeout(go); }); });
      const own = turn.then(function () { return place.isConnected ? draw(place, ...rest) : undefined; });
      drawn = own.catch(function () {});
      return own;
    };
  }

  function drawOnce() {
    if (!window.Plotly || drawn) return;
    drawInTurn();
    const place = document.createElement("div");
    window.Plotly.newPlot(place, [{ x: [0, 1], y: [0, 1], name: "" }], { width: 400, height: 300, showlegend: true })
      .then(function () { window.Plotly.purge(place); }, function () {});
  }

  // What Dash puts on the page, when it puts it there
  let heading = null;
  new MutationObserver(function () {
    document.querySelectorAll(".drop").forEach(prepare);
    document.querySelectorAll(".plain").forEach(layOut);
    const button = document.getElementById("theme");
    if (button && !button.dataset.ready) {
      button.dataset.ready = "yes";
      applyTheme();
    }
    showAnswer();
    const now = document.querySelector("#page h1");
    if (now && now !== heading) {
      document.title = now.textContent + " – edgepair";
      // Another page: readers of the screen go on at its heading.
      if (heading) now.focus();
      if (!heading) whenIdle(loadDrawing);
      heading = now;
    }
  }).observe(document.documentElement, { childList: true, subtree: true, attributeFilter: ["data-rows"] });
})();
