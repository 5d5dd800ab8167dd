(function () {
  "use strict";
  var read = function (id) {
    var element = document.getElementById("json-" + id);
    return element ? JSON.parse(element.textContent) : null;
  };
  var template = read("template");
  var coarse = window.matchMedia && window.matchMedia("(pointer: coarse)").matches;

  function draw(canvas) {
    if (canvas.dataset.drawn || !canvas.isConnected) { return; }
    canvas.dataset.drawn = "yes";
    var spec = read(canvas.dataset.spec);
    var data = spec.data.map(function (trace) { return trace.shared ? read(trace.shared) : trace; });
    spec.layout.template = template;
    if (coarse) { spec.layout.dragmode = false; }
    Plotly.newPlot(canvas, data, spec.layout, { responsive: true, displayModeBar: false, showTips: false });
  }

  var watcher = "IntersectionObserver" in window
    ? new IntersectionObserver(function (entries) {
        entries.forEach(function (entry) {
          if (entry.isIntersecting) { watcher.unobserve(entry.target); draw(entry.target); }
        });
      }, { rootMargin: "500px" })
    : null;
  function watch(canvas) { if (watcher) { watcher.observe(canvas); } else { draw(canvas); } }

  function panel(item) {
    var figure = document.createElement("figure");
    var caption = document.createElement("figcaption");
    if (item.looks) {
      var known = document.querySelector('.legend [data-looks="' + item.looks + '"] svg');
      if (known) { caption.appendChild(known.cloneNode(true)); }
    }
    caption.appendChild(document.createTextNode(item.title));
    var canvas = document.createElement("div");
    canvas.className = "canvas";
    canvas.dataset.spec = item.spec;
    canvas.style.minHeight = item.height + "px";
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", item.title);
    figure.append(caption, canvas);
    return figure;
  }

  document.querySelectorAll(".explorer").forEach(function (explorer) {
    var panels = read(explorer.dataset.name);
    var box = explorer.querySelector(".panels");
    function show() {
      var key = Array.from(explorer.querySelectorAll("input:checked"), function (i) { return i.value; }).join("|");
      box.querySelectorAll(".canvas").forEach(function (canvas) {
        if (watcher) { watcher.unobserve(canvas); }
        if (canvas.dataset.drawn) { Plotly.purge(canvas); }
      });
      var items = panels[key] || [];
      box.replaceChildren.apply(box, items.map(panel));
      box.classList.toggle("wide", items.length < 3);
      if (!items.length) {
        var note = document.createElement("p");
        note.className = "note";
        note.textContent = "The study has nothing for this choice; what was left out, and why, stands under “Data”.";
        box.replaceChildren(note);
      }
      box.querySelectorAll(".canvas").forEach(watch);
    }
    explorer.addEventListener("change", show);
    show();
  });
  document.querySelectorAll(".canvas").forEach(watch);

  // Figures do not follow the width of a printed page by themselves.
  function resizeAll() {
    document.querySelectorAll(".canvas").forEach(function (canvas) {
      if (canvas.dataset.drawn && canvas.offsetParent) { Plotly.relayout(canvas, { autosize: true }); }
    });
  }
  window.addEventListener("beforeprint", function () {
    document.documentElement.classList.add("printing");
    document.querySelectorAll(".canvas").forEach(draw);
    resizeAll();
  });
  window.addEventListener("afterprint", function () {
    document.documentElement.classList.remove("printing");
    resizeAll();
  });
})();
