// The network of a dataset: variables where Python placed them, pairs as the sliders choose.

const MAX_LINES = 1500;
const Q_STEPS = [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10, 1e-15, 1e-20, 1e-50];

function setSliders() {
  const rows = rowsOf(chosen, row => finite(row) && !isFailed(row));
  const most = rows.reduce((top, row) => Math.max(top, arrays.mi_bits[row]), 0.01);
  const tested = has("q_value") && rows.some(row => Number.isFinite(arrays.q_value[row]));
  byId("q-control").hidden = !tested;
  const q = byId("max-q"), mi = byId("min-mi");
  q.max = Q_STEPS.length - 1;
  const level = Q_STEPS.findIndex(step => step <= words.fdr * 1.0001);
  q.value = Math.max(level, 0);
  mi.max = most;
  mi.step = most / 200;
  mi.value = tested ? 0 : most / 4;
  const by = words.datasets[chosen].explained_by;
  byId("direct-control").hidden = !by;
  byId("direct").checked = false;
  byId("direct-said").textContent = `without pairs that a third variable explains (${by})`;
  tellSliders();
}

function limits() {
  return {q: byId("q-control").hidden ? Infinity : Q_STEPS[byId("max-q").value], mi: Number(byId("min-mi").value)};
}

function tellSliders() {
  const {q, mi} = limits();
  byId("max-q-said").textContent = Number.isFinite(q) ? `q ≤ ${probability(q)}` : "";
  byId("max-q").setAttribute("aria-valuetext", byId("max-q-said").textContent);
  byId("min-mi-said").textContent = `MI ≥ ${bits(mi)} bits`;
  byId("min-mi").setAttribute("aria-valuetext", byId("min-mi-said").textContent);
}

function nodesOf(dataset) {
  const of = name => arrays[`${name}-${dataset}`];
  const nodes = new Map();
  of("nodes").forEach((code, i) => nodes.set(code, {
    code, x: of("place_x")[i], y: of("place_y")[i], community: of("community")[i],
    degree: of("degree")[i], hub: of("hub")[i],
  }));
  return nodes;
}

function colourOf(community) {
  const {series, muted} = theme();
  return community ? series[(community - 1) % series.length] : muted;
}

function networkPlot(place) {
  const colours = theme(), nodes = nodesOf(chosen), {q, mi} = limits();
  const good = rowsOf(chosen, row => finite(row) && !isFailed(row) && arrays.x[row] !== arrays.y[row] &&
    arrays.mi_bits[row] >= mi && (q === Infinity || arrays.q_value[row] <= q) &&
    !(byId("direct").checked && arrays.explained[row]));
  const placed = good.filter(row => [arrays.x[row], arrays.y[row]].every(code => Number.isFinite(nodes.get(code)?.x)));
  const rows = placed.slice(0, MAX_LINES);
  byId("network-said").textContent = `${counted(good.length, "pair")}` +
    (rows.length < good.length ? `; the strongest ${whole(rows.length)} are drawn` : "") + ".";
  const most = rows.length ? arrays.mi_bits[rows[0]] : 1;
  const data = [0, 1, 2].map(third => {
    const some = rows.filter(row => Math.min(2, Math.floor(3 * Math.max(arrays.mi_bits[row], 0) / most)) === third);
    const along = key => some.flatMap(row => [nodes.get(arrays.x[row])[key], nodes.get(arrays.y[row])[key], null]);
    return {type: "scatter", mode: "lines", x: along("x"), y: along("y"), hoverinfo: "skip", showlegend: false,
      line: {color: colours.muted, width: [0.6, 1.6, 3][third]}, opacity: [0.45, 0.65, 0.85][third]};
  });
  const middle = key => rows.map(row => (nodes.get(arrays.x[row])[key] + nodes.get(arrays.y[row])[key]) / 2);
  data.push({type: "scatter", mode: "markers", x: middle("x"), y: middle("y"), customdata: rows, showlegend: false,
    marker: {size: 9, color: colours.muted, opacity: 0}, text: rows.map(hover), hovertemplate: "%{text}<extra></extra>"});
  const used = new Set(rows.flatMap(row => [arrays.x[row], arrays.y[row]]));
  const drawn = [...nodes.values()].filter(node => Number.isFinite(node.x) && (used.has(node.code) || nodes.size <= 60));
  const top = Math.max(...drawn.map(node => node.hub), 1e-9);
  const size = node => 7 + 15 * Math.sqrt(Math.max(node.hub, 0) / top);
  const height = printing ? 300 : narrow(place) ? 420 : 620;
  const ranges = ["x", "y"].map(key => rangeOf(drawn.map(node => node[key])));
  const named = namedNodes(drawn, size, ranges, place.clientWidth - 2 * SIDE, height - 2 * SIDE);
  data.push({
    type: "scatter", mode: "markers+text", showlegend: false, cliponaxis: false,
    x: drawn.map(node => node.x), y: drawn.map(node => node.y), customdata: drawn.map(node => -1 - node.code),
    text: drawn.map(node => named.has(node.code) ? label(words.variables[node.code], NAME_LETTERS) : ""),
    textposition: drawn.map(node => named.get(node.code) ?? "top center"),
    textfont: {size: 11, color: colours.ink, shadow: ["1px 1px", "-1px 1px", "1px -1px", "-1px -1px"].map(at => `${at} 2px ${colours.paper}`).join(", ")},
    marker: {color: drawn.map(node => colourOf(node.community)), opacity: 1,
      line: {color: colours.paper, width: 1}, size: drawn.map(size)},
    hovertext: drawn.map(node => `<b>${label(words.variables[node.code])}</b><br>` +
      `${counted(node.degree, "significant pair")}, ${bits(node.hub)} bits in all` +
      (node.community ? `<br>community ${node.community}` : "")),
    hovertemplate: "%{hovertext}<extra></extra>",
  });
  const hidden = range => ({visible: false, automargin: false, range});
  return {data, layout: {height, printed: height, margin: {l: SIDE, r: SIDE, t: SIDE, b: SIDE}, xaxis: hidden(ranges[0]), yaxis: hidden(ranges[1])}};
}

// Pixels beside the network; letters of a name in it, and how wide and high one is.
const SIDE = 26, NAME_LETTERS = 18, LETTER = [6.3, 13];

function rangeOf(values) {
  const [low, high] = values.length ? [Math.min(...values), Math.max(...values)] : [0, 1];
  const room = 0.06 * (high - low) || 1;
  return [low - room, high + room];
}

// Where the names of variables stand: hubs first, each where it covers no other name; some have no room.
function namedNodes(nodes, size, [[x0, x1], [y0, y1]], width, height) {
  const taken = [], places = new Map();
  const at = node => [(node.x - x0) / (x1 - x0) * width, (y1 - node.y) / (y1 - y0) * height];
  for (const node of [...nodes].sort((a, b) => b.hub - a.hub).slice(0, 60)) {
    const [x, y] = at(node), away = size(node) / 2 + LETTER[1] / 2, half = LETTER[0] * printable(words.variables[node.code], NAME_LETTERS).length / 2;
    const centres = {"top center": [x, y - away], "bottom center": [x, y + away], "middle right": [x + away + half, y], "middle left": [x - away - half, y]};
    for (const [where, [cx, cy]] of Object.entries(centres)) {
      const covers = taken.some(([ox, oy, reach]) => Math.abs(cx - ox) < half + reach && Math.abs(cy - oy) < LETTER[1]);
      if (covers || cx - half < -SIDE || cx + half > width + SIDE) continue;
      taken.push([cx, cy, half]);
      places.set(node.code, where);
      break;
    }
  }
  return places;
}

function clickNetwork(point) {
  if (point.customdata === undefined) return;
  if (point.customdata < 0) openVariable(-1 - point.customdata, chosen);
  else openPair(point.customdata);
}
