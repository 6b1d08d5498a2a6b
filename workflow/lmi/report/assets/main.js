// What happens when the page opens.

function choose(dataset) {
  chosen = dataset;
  byId("dataset").value = dataset;
  byId("dataset-name").textContent = printable(words.datasets[dataset].name);
  const codes = arrays[`nodes-${dataset}`];
  byId("variable-names").replaceChildren(
    ...Array.from(codes, code => element("option", {value: words.variables[code]})));
  const asked = {groups: comparedRows, changes: comparedRows, transfer: directedRows};
  for (const [id, rows] of Object.entries(asked)) if (byId(id)) byId(`figure-${id}`).hidden = !rows().length;
  const ids = ["heatmap", "network", "strongest", ...Object.keys(asked)].filter(byId);
  for (const id of ids) {
    const title = document.querySelector(`#figure-${id} h3`).textContent;
    byId(id).setAttribute("aria-label",
      `${title} of ${printable(words.datasets[dataset].name)}. ${words.datasets[dataset].summary}`);
  }
  setSliders();
  redraw(...ids);
}

async function start() {
  await Promise.all([load("plotly"), load("tabulator"), loadData()]);
  words.datasets.forEach((dataset, number) =>
    byId("dataset").append(element("option", {value: number}, printable(dataset.name))));
  byId("dataset").addEventListener("change", event => choose(Number(event.target.value)));
  for (const button of document.querySelectorAll("[data-dataset]")) {
    button.addEventListener("click", () => {
      choose(Number(button.dataset.dataset));
      byId("explore").scrollIntoView();
    });
  }
  const clickPair = point => {
    if (point.customdata >= 0) openPair(point.customdata);
  };
  plot("heatmap", heatmap, clickHeatmap);
  plot("network", networkPlot, clickNetwork);
  plot("strongest", strongestPairs, clickPair);
  plot("groups", groupsPlot, clickPair);
  plot("changes", changesPlot, clickPair);
  plot("transfer", transferPlot, clickPair);
  words.datasets.forEach(({selected}, number) => plot(`targets-${number}`, place => targetsPlot(place, selected)));
  plot("volcano", volcano, clickPair);
  plot("distribution", distribution, clickPair);
  plot("truth-plot", truth, clickPair);
  let waiting;
  for (const slider of [byId("max-q"), byId("min-mi")]) {
    slider.addEventListener("input", () => {
      tellSliders();
      clearTimeout(waiting);
      waiting = setTimeout(() => redraw("network"), 120);
    });
  }
  byId("direct").addEventListener("change", () => redraw("network"));
  byId("find-variable").addEventListener("change", event => {
    const code = words.variables.indexOf(event.target.value);
    if (arrays[`nodes-${chosen}`].includes(code)) openVariable(code, chosen);
  });
  byId("panel-close").addEventListener("click", closePanel);
  byId("panel").addEventListener("click", event => {
    if (event.target === byId("panel")) closePanel();
  });
  prefersDark.addEventListener("change", () => {
    redraw();
    tellGroups();
  });
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
  const first = words.datasets.findIndex(dataset => !dataset.note);
  choose(Math.max(first, 0));
  await buildTable();
  document.documentElement.dataset.ready = Math.round(performance.now());
}

// On paper: everything drawn, on white.
function print(begins) {
  printing = begins;
  document.documentElement.classList.toggle("printing", begins);
  redraw();
  if (begins) for (const id of drawings.keys()) drawNow(id);
}

const ready = start().catch(error => {
  byId("failed").hidden = false;
  byId("failed").append(` (${error.message})`);
  throw error;
});
