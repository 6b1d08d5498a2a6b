// Everything drawn by Plotly: one function a figure, drawn when it comes into view.

const LIGHT = {
  ink: "#1d232b", muted: "#5d6773", line: "#dde2e7", paper: "#ffffff", none: "#dfe3e8",
  series: ["#0072b2", "#c04f00", "#00835f", "#a06a00", "#aa4499", "#56759c", "#7a5a3a"],
  mi: [[-1, "#7a3300"], [-0.66, "#d55e00"], [-0.28, "#f3b68e"], [0, "#f7f8f9"], [0.2, "#c3dcee"],
       [0.4, "#73b3dc"], [0.6, "#2b82bd"], [0.8, "#0b5394"], [1, "#082a54"]],
};
const DARK = {
  ink: "#e4e8ec", muted: "#a3adb8", line: "#3a434d", paper: "#161b21", none: "#2c343d",
  series: ["#5cb3ea", "#f08a4b", "#3fc79a", "#e0b040", "#dd8fd0", "#9db8d9", "#c9a27e"],
  mi: [[-1, "#ffc39a"], [-0.66, "#e0793a"], [-0.28, "#6d3b1c"], [0, "#1d242c"], [0.2, "#143a58"],
       [0.4, "#1a6196"], [0.6, "#3c97d3"], [0.8, "#8fcaf2"], [1, "#e2f3ff"]],
};
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const coarse = matchMedia("(pointer: coarse)");
let printing = false;
const theme = () => prefersDark.matches && !printing ? DARK : LIGHT;
const Z95 = 1.96;

// ---- drawing when seen, again when the colours or the dataset change

const drawings = new Map();
const watcher = new IntersectionObserver(entries => {
  for (const entry of entries) if (entry.isIntersecting) drawNow(entry.target.id);
}, {rootMargin: "200px"});

function plot(id, make, click) {
  const place = byId(id);
  if (!place) return;
  drawings.set(id, {make, click});
  drawWhenSeen(place);
}

// Until it is seen, a place shows nothing, or what was chosen before.
function drawWhenSeen(place) {
  place.dataset.stale = "";
  watcher.unobserve(place);
  watcher.observe(place);
}

function drawNow(id) {
  const drawing = drawings.get(id), place = byId(id);
  if (!drawing || place?.dataset.stale === undefined) return;
  delete place.dataset.stale;
  const made = drawing.make(place);
  if (typeof made === "string") {
    Plotly.purge(place);
    place.replaceChildren(element("p", {className: "note"}, made));
    return;
  }
  if (!place.classList.contains("js-plotly-plot")) place.replaceChildren();
  Plotly.react(place, made.data, layoutOf(made.layout), {
    // a chart is not to be sent to anybody: by itself Plotly offers to upload it
    displaylogo: false, showSendToCloud: false, plotlyServerURL: "", responsive: true, scrollZoom: false,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    toImageButtonOptions: {format: "svg", filename: id},
  });
  place.removeAllListeners?.("plotly_click");
  if (drawing.click) place.on("plotly_click", event => drawing.click(event.points[0]));
}

function redraw(...ids) {
  for (const id of drawings.keys()) {
    if (ids.length && !ids.includes(id)) continue;
    const place = byId(id);
    if (place) drawWhenSeen(place);
    else drawings.delete(id);
  }
}

function axis(given = {}) {
  const colours = theme();
  return {
    gridcolor: colours.line, linecolor: colours.muted, zerolinecolor: colours.line,
    tickcolor: colours.muted, automargin: true, zeroline: false, ...given,
  };
}

function layoutOf(given) {
  const colours = theme();
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hovermode: "closest",
    font: {family: "Helvetica Neue, Arial, Liberation Sans, sans-serif", size: 12, color: colours.ink},
    hoverlabel: {align: "left", bgcolor: colours.paper, bordercolor: colours.muted,
      font: {color: colours.ink, size: 12.5}},
    margin: {l: 60, r: 16, t: coarse.matches ? 58 : 30, b: 48}, dragmode: coarse.matches ? false : "zoom",
    legend: {orientation: "h", x: 0, y: 1.02, yanchor: "bottom", bgcolor: "rgba(0,0,0,0)"},
    modebar: {bgcolor: "rgba(0,0,0,0)", color: colours.muted, activecolor: colours.series[0]},
    ...given, xaxis: axis(given.xaxis), yaxis: axis(given.yaxis),
    ...(printing ? {height: Math.min(given.height, given.printed ?? 270), printed: undefined} : {}),
  };
}

const narrow = place => place.clientWidth < 560;

// ---- rows of a dataset

let chosen = 0;

function rowsOf(dataset, keep = () => true) {
  const rows = [];
  const code = columnOf.dataset.texts.indexOf(words.datasets[dataset].name);
  for (let row = 0; row < nRows; row++) {
    if (arrays.dataset[row] === code && arrays.peak[row] && keep(row)) rows.push(row);
  }
  return rows;
}

const finite = row => Number.isFinite(arrays.mi_bits?.[row] ?? NaN);
const isFailed = row => valueOf("flag", row) === "fail";

// Only the ends of the scale that the values reach.
function scaleOf(colours, low, high) {
  const from = low / high;
  const inner = colours.filter(([at]) => at > from);
  const [[a, first], [b, second]] = [colours.findLast(([at]) => at <= from) ?? colours[0], inner[0]];
  const share = b === a ? 0 : Math.max((from - a) / (b - a), 0);
  const mixed = [1, 3, 5].map(i => Math.round(
    parseInt(first.slice(i, i + 2), 16) * (1 - share) + parseInt(second.slice(i, i + 2), 16) * share));
  return [[0, `rgb(${mixed})`], ...inner.map(([at, colour]) => [(at - from) / (1 - from), colour])];
}

// ---- figures of a dataset

function heatmapGrid() {
  const dataset = words.datasets[chosen];
  const rows = arrays[`rows-${chosen}`], columns = arrays[`columns-${chosen}`];
  const places = codes => {
    const found = new Int32Array(words.variables.length).fill(-1);
    codes.forEach((code, place) => found[code] = place);
    return found;
  };
  const ofRow = places(rows), ofColumn = places(columns);
  const matrix = arrays[`matrix-${chosen}`];
  const z = Array.from(rows, (_, i) => matrix
    ? matrix.slice(i * columns.length, (i + 1) * columns.length)
    : new Float32Array(columns.length).fill(NaN));
  const at = Array.from(rows, () => new Int32Array(columns.length).fill(-1));
  const put = (i, j, row) => {
    z[i][j] = arrays.mi_bits[row];
    at[i][j] = row;
  };
  for (const row of rowsOf(chosen)) {
    const x = arrays.x[row], y = arrays.y[row];
    if (ofRow[x] >= 0 && ofColumn[y] >= 0) put(ofRow[x], ofColumn[y], row);
    if (dataset.symmetric && ofRow[y] >= 0 && ofColumn[x] >= 0) put(ofRow[y], ofColumn[x], row);
  }
  return {rows, columns, z, at};
}

// Labels that Plotly takes for different ones where names are cut to the same text.
function labels(codes, width) {
  const seen = new Map();
  return Array.from(codes, code => {
    const text = label(words.variables[code], width);
    const n = seen.get(text) ?? 0;
    seen.set(text, n + 1);
    return text + "\u200b".repeat(n);
  });
}

let grid;

function heatmap(place) {
  const dataset = words.datasets[chosen], colours = theme();
  if (dataset.note) return dataset.note;
  grid = heatmapGrid();
  // the range is that of all values, the quantile that of some hundred thousand
  const values = [], every = Math.ceil(grid.z.length * grid.columns.length / 300000);
  let reach = 0.01, lowest = 0, n = 0;
  for (const line of grid.z) {
    for (const value of line) {
      if (!Number.isFinite(value)) continue;
      if (value < lowest) lowest = value;
      if (Math.abs(value) > reach) reach = Math.abs(value);
      if (n++ % every === 0) values.push(value);
    }
  }
  const sizes = Float64Array.from(values, Math.abs).sort();
  const cut = sizes[Math.floor(0.995 * (sizes.length - 1))];
  const clipped = sizes.length > 200 && reach > 2 * cut && cut > 0;
  const high = clipped ? cut : reach;
  const low = Math.max(lowest, -high);
  const width = narrow(place) || printing ? 13 : 26;
  // what hovering says is made when it is asked for, as there may be very many cells
  const said = grid.at.map((line, i) => new Proxy(new Array(line.length), {
    get: (cells, j) => /^\d+$/.test(String(j)) ? cellHover(i, Number(j), line[j]) : cells[j],
  }));
  const [nx, ny] = [grid.columns.length, grid.rows.length];
  const side = Math.min(place.clientWidth, 900);
  const edge = 40 + 7 * width; // names below or beside, title
  const height = Math.max(260, Math.min(side, edge + 26 * ny, ny > 40 ? 900 : 760) * Math.min(1, ny / nx * 1.2));
  // left to itself Plotly leaves out names for which there is room
  const eachName = (n, room) => 12 * n <= room ? {dtick: 1} : {};
  const gap = Math.max(nx, ny) <= 40 ? 1 : 0;
  return {
    data: [{
      type: "heatmap", z: grid.z, x: labels(grid.columns, width), y: labels(grid.rows, width),
      zmin: low, zmax: high, colorscale: scaleOf(colours.mi, low, high), xgap: gap, ygap: gap,
      customdata: said, hovertemplate: "%{customdata}<extra></extra>",
      colorbar: {title: {text: clipped ? "bits (top 0.5 % alike)" : "bits", side: "right"}, thickness: 12,
        len: 0.8, outlinewidth: 0},
    }],
    layout: {
      height, printed: 345, plot_bgcolor: colours.none, margin: {l: 60, r: 10, t: 26, b: 60},
      xaxis: {type: "category", tickangle: -90, showgrid: false, tickfont: {size: 11}, constrain: "domain",
        ...eachName(nx, side - edge - 60)},
      yaxis: {type: "category", autorange: "reversed", showgrid: false, tickfont: {size: 11},
        ...eachName(ny, height - edge)},
    },
  };
}

function cellHover(i, j, row) {
  if (row >= 0) return hover(row);
  const names = `${label(words.variables[grid.rows[i]])} – ${label(words.variables[grid.columns[j]])}`;
  const value = grid.z[i][j];
  return grid.rows[i] === grid.columns[j] ? `${label(words.variables[grid.rows[i]])} with itself`
    : Number.isFinite(value) ? `<b>${names}</b><br>about ${bits(value)} bits<br>more in mi.tsv: too weak for this page`
      : `<b>${names}</b><br>not estimated`;
}

function clickHeatmap(point) {
  const row = grid.at[point.pointIndex[0]][point.pointIndex[1]];
  if (row >= 0) openPair(row);
}

function strongestPairs(place) {
  const colours = theme();
  const rows = rowsOf(chosen, row => finite(row) && !isFailed(row)).slice(0, printing ? 10 : 15);
  if (!rows.length) return "No pair has an estimate that can be trusted.";
  const of = name => rows.map(row => valueOf(name, row));
  const at = rows.map((_, i) => i);
  const error = name => ({type: "data", array: of(name).map(sd => Z95 * (Number.isFinite(sd) ? sd : 0)),
    thickness: 1.3, width: 0});
  const data = [
    {name: "MI", x: of("mi_bits"), y: at.map(i => i - 0.12), error_x: error("sd_bits"),
      marker: {color: colours.series[0], size: 9}},
    {name: "uncorrected", x: of("mi_ksg_bits"), y: at.map(i => i + 0.12), error_x: error("sd_ksg_bits"),
      marker: {color: colours.series[1], size: 8, symbol: "diamond-open"}},
  ];
  if (of("truth_bits").some(Number.isFinite)) {
    data.push({name: "truth", x: of("truth_bits"), y: at,
      marker: {color: colours.ink, size: 13, symbol: "line-ns-open"}});
  }
  for (const one of data) {
    Object.assign(one, {type: "scatter", mode: "markers", customdata: rows, text: rows.map(hover),
      hovertemplate: "%{text}<extra></extra>"});
  }
  return {data, layout: {
    height: 110 + 26 * rows.length, printed: 290,
    xaxis: {title: {text: "MI (bits), 95 % intervals"}},
    yaxis: {range: [rows.length - 0.4, -0.6], tickvals: at, showgrid: false,
      ticktext: rows.map(row => label(pairName(row, narrow(place) ? 9 : 26), 60))},
  }};
}

// ---- figures of all datasets

function markOf(dataset) {
  const coloured = words.datasets.filter(one => !one.control).indexOf(words.datasets[dataset]);
  const {series, muted} = theme();
  return coloured < 0 ? {color: muted, symbol: "x-thin-open"} : {color: series[coloured % series.length]};
}

const LEVELS = [0, 2, 5, 10, 20, 50, 100, 300];
// certain pairs would press all others against the line of the level
const compressed = height => 2 * Math.asinh(height / 2);
const evidenceOf = row => -Math.log10(Math.min(Math.max(arrays.q_value[row], 1e-300), 1));

// Of pairs that would cover each other, the strongest: a page draws few thousand dots well.
function thinned(rows, x, y, n = 4000) {
  if (rows.length <= n) return rows;
  const span = values => values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
  const [x0, x1] = span(rows.map(x)), [y0, y1] = span(rows.map(y));
  const cells = new Map();
  for (const row of rows) {
    const i = Math.floor(160 * (x(row) - x0) / (x1 - x0 || 1)), j = Math.floor(90 * (y(row) - y0) / (y1 - y0 || 1));
    const cell = i * 1000 + j;
    if (!cells.has(cell)) cells.set(cell, row);
  }
  return [...cells.values()];
}

function volcano(place) {
  if (!has("q_value")) {
    return "No pair has a p value: set estimate.permutations.max above 0 in the config to test the pairs.";
  }
  const colours = theme(), mi = row => arrays.mi_bits[row], data = [];
  const level = -Math.log10(words.fdr);
  let highest = level;
  words.datasets.forEach((dataset, number) => {
    const rows = rowsOf(number, row => finite(row) && Number.isFinite(arrays.q_value[row]));
    const drawn = thinned(rows, mi, row => compressed(evidenceOf(row)));
    for (const row of drawn) highest = Math.max(highest, evidenceOf(row));
    const sure = rows.filter(row => arrays.significant[row]).length;
    data.push({
      type: "scatter", mode: "markers", x: drawn.map(mi), y: drawn.map(evidenceOf), customdata: drawn,
      text: drawn.map(hover), hovertemplate: "%{text}<extra></extra>",
      name: `${label(dataset.name, 28)}: ${whole(sure)} of ${whole(rows.length)} significant` +
        (dataset.control ? " (control)" : "") + (drawn.length < rows.length ? ", hidden dots left out" : ""),
      marker: {...markOf(number), size: 7,
        opacity: drawn.map(row => arrays.significant[row] || dataset.control ? 0.85 : 0.35)},
    });
  });
  const squeeze = highest > 20;
  const at = squeeze ? compressed : height => height;
  for (const one of data) one.y = one.y.map(at);
  const ticks = LEVELS.filter(tick => tick <= 1.2 * highest);
  return {data, layout: {
    height: narrow(place) ? 420 : 460, showlegend: true,
    margin: {l: 60, r: 16, t: 40 + 18 * data.length * (narrow(place) ? 1 : 0.55), b: 48},
    xaxis: {title: {text: "mutual information (bits)"}, zeroline: true},
    yaxis: {title: {text: `evidence: −log₁₀ q${squeeze ? ", compressed" : ""}`},
      range: [at(0) - 0.03 * at(highest), 1.07 * at(highest)],
      ...(squeeze ? {tickvals: ticks.map(at), ticktext: ticks.map(String)} : {})},
    shapes: [{type: "line", xref: "paper", x0: 0, x1: 1, y0: at(level), y1: at(level),
      line: {color: colours.ink, width: 1, dash: "dash"}}],
    annotations: [{xref: "paper", x: 1, y: at(level), text: `q = ${words.fdr}`, showarrow: false,
      xanchor: "right", yanchor: "bottom", font: {size: 11, color: colours.ink}}],
  }};
}

function distribution(place) {
  const data = [];
  words.datasets.forEach((dataset, number) => {
    const rows = rowsOf(number, finite);
    const {color} = markOf(number);
    const name = `${label(dataset.name, narrow(place) ? 12 : 26)}${dataset.control ? "<br>(control)" : ""}`;
    const few = rows.length <= 2000;
    data.push({
      type: rows.length > 4 ? "violin" : "scatter", orientation: "h", name, mode: "markers",
      x: rows.map(row => arrays.mi_bits[row]), y: rows.map(() => name), spanmode: "hard",
      points: few ? "all" : false, jitter: 0.35, pointpos: 0.75, side: "negative", width: 1.1,
      meanline: {visible: true}, marker: {color, size: rows.length > 4 ? 3.5 : 9, opacity: rows.length > 4 ? 0.55 : 1}, line: {color, width: 1.3},
      customdata: rows, text: few ? rows.map(hover) : undefined, hoveron: "points",
      hovertemplate: "%{text}<extra></extra>",
    });
  });
  return {data, layout: {
    height: 90 + 86 * data.length, showlegend: false, violinmode: "overlay",
    xaxis: {title: {text: "mutual information (bits)"}, zeroline: true},
    yaxis: {type: "category", autorange: "reversed", showgrid: false},
  }};
}

function truth(place) {
  const colours = theme(), rows = [];
  for (let row = 0; row < nRows; row++) {
    if (finite(row) && arrays.peak[row] && Number.isFinite(valueOf("truth_bits", row))) rows.push(row);
  }
  if (!rows.length) return "No pair of this page has a true mutual information that is known.";
  const of = name => rows.map(row => valueOf(name, row));
  const high = 1.08 * Math.max(0.2, ...of("truth_bits"), ...of("mi_bits"));
  const low = Math.min(0, ...of("mi_bits"));
  const error = name => ({type: "data", array: of(name).map(sd => Z95 * (Number.isFinite(sd) ? sd : 0)), width: 0});
  const trace = (name, mi, sd, marker) => ({
    type: "scatter", mode: "markers", name, x: of("truth_bits"), y: of(mi), error_y: error(sd), marker,
    customdata: rows, text: rows.map(hover), hovertemplate: "%{text}<br>truth %{x:.3f}<extra></extra>",
  });
  return {data: [
    {type: "scatter", mode: "lines", name: "estimate = truth", x: [low, high], y: [low, high],
      line: {color: colours.muted, width: 1}, hoverinfo: "skip"},
    trace("uncorrected", "mi_ksg_bits", "sd_ksg_bits", {color: colours.series[1], symbol: "diamond-open", size: 8}),
    trace("MI", "mi_bits", "sd_bits", {color: colours.series[0], size: 9}),
  ], layout: {
    height: 420, printed: 230, xaxis: {title: {text: "true mutual information (bits)"}},
    yaxis: {title: {text: "estimate (bits), 95 % interval"}},
  }};
}
