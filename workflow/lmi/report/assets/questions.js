// What a dataset asks beside information: differences between groups, directions in time, what tells of a target.

const MOST_NAMED = 8;

// Two values of each pair, and the line where both are the same; `named` returns what stands beside a dot.
function against(rows, x, y, said, filled, heads, named) {
  const colours = theme(), values = rows.flatMap(row => [x(row), y(row)]);
  const low = Math.min(0, ...values), high = 1.08 * Math.max(0.05, ...values);
  return {data: [
    {type: "scatter", mode: "lines", x: [low, high], y: [low, high], hoverinfo: "skip", showlegend: false,
      line: {color: colours.muted, width: 1}},
    {type: "scatter", mode: "markers+text", x: rows.map(x), y: rows.map(y), customdata: rows, showlegend: false,
      hovertext: rows.map(said), hovertemplate: "%{hovertext}<extra></extra>", text: rows.map(named),
      textposition: "top center", textfont: {size: 11, color: colours.ink}, cliponaxis: false,
      marker: {color: colours.series[0], size: 9, symbol: rows.map(row => filled(row) ? "circle" : "circle-open")}},
  ], layout: {height: 460, xaxis: {title: {text: heads[0]}}, yaxis: {title: {text: heads[1]}}}};
}

const comparedRows = () => rowsOf(chosen, row => Number.isFinite(valueOf("delta_bits", row)) && !isFailed(row));
const changed = row => valueOf("q_delta", row) <= words.fdr;
// Exchanged labels give many pairs the same smallest p value: of those the larger difference, in errors.
const surest = (one, other) => (valueOf("p_delta", one) - valueOf("p_delta", other) || 0) ||
  Math.abs(valueOf("delta_bits", other) / valueOf("sd_delta_bits", other)) -
  Math.abs(valueOf("delta_bits", one) / valueOf("sd_delta_bits", one));

function saidOfGroups(row) {
  const pair = ["first", "second"].map(name => bits(valueOf(`mi_${name}_bits`, row), valueOf(`sd_${name}_bits`, row)));
  const q = valueOf("q_delta", row);
  return `<b>${label(pairName(row, 40), 120)}</b><br>${label(valueOf("groups", row), 60)}: ${pair.join(" against ")} bits` +
    `<br>difference ${bits(valueOf("delta_bits", row), valueOf("sd_delta_bits", row))}` +
    (Number.isFinite(q) ? `<br>q ${probability(q)}` : "");
}

function groupsPlot() {
  const rows = comparedRows();
  if (!rows.length) return "";
  const drawn = thinned(rows, row => valueOf("mi_first_bits", row), row => valueOf("mi_second_bits", row));
  const named = new Set([...drawn].sort(surest).slice(0, MOST_NAMED).filter(changed));
  return against(drawn, row => valueOf("mi_first_bits", row), row => valueOf("mi_second_bits", row), saidOfGroups,
    changed, [`MI in the first group (bits)<br>${label(valueOf("groups", rows[0]), 60)}`, "MI in the second group (bits)"],
    row => named.has(row) ? label(pairName(row, 14), 34) : "");
}

function changesPlot(place) {
  const rows = comparedRows().sort(surest).slice(0, 15), colours = theme();
  if (!rows.length) return "";
  const at = rows.map((_, i) => i), of = name => rows.map(row => valueOf(name, row));
  return {data: [{
    type: "scatter", mode: "markers", x: of("delta_bits"), y: at, customdata: rows, text: rows.map(saidOfGroups),
    hovertemplate: "%{text}<extra></extra>", showlegend: false,
    error_x: {type: "data", array: of("sd_delta_bits").map(sd => Z95 * (Number.isFinite(sd) ? sd : 0)), thickness: 1.3, width: 0},
    marker: {color: colours.series[0], size: 9, symbol: rows.map(row => changed(row) ? "circle" : "circle-open")},
  }], layout: {
    height: 110 + 26 * rows.length,
    xaxis: {title: {text: `difference (bits)<br>with 95 % intervals<br>${label(valueOf("groups", rows[0]), 60)}`}, zeroline: true},
    yaxis: {range: [rows.length - 0.4, -0.6], tickvals: at, showgrid: false,
      ticktext: rows.map(row => label(pairName(row, narrow(place) ? 9 : 26), 60))},
  }};
}

// Of a pair, the stronger direction: its column, and that of the weaker.
const stronger = row => valueOf("xy_bits", row) >= valueOf("yx_bits", row) ? ["xy", "yx"] : ["yx", "xy"];

// Source and target of the stronger direction.
function ends(row) {
  const names = ["x", "y"].map(side => label(valueOf(side, row), 14));
  return stronger(row)[0] === "xy" ? names : names.toReversed();
}

function saidOfTransfer(row) {
  const names = ["x", "y"].map(side => label(valueOf(side, row), 40));
  const line = (way, [source, target]) => {
    const q = valueOf(`q_${way}`, row), lag = valueOf(`${way}_lag`, row);
    return `<br>${source} → ${target}: ${bits(valueOf(`${way}_bits`, row), valueOf(`sd_${way}_bits`, row))} bits` +
      (lag ? `, lag ${lag}` : "") + (Number.isFinite(q) ? `, q ${probability(q)}` : "");
  };
  return `<b>${names.join(" – ")}</b>${line("xy", names)}${line("yx", names.toReversed())}` +
    `<br>net ${bits(valueOf("net_bits", row), valueOf("sd_net_bits", row))}`;
}

const directedRows = () => rowsOf(chosen, row => Number.isFinite(valueOf("net_bits", row)) && !isFailed(row));

function transferPlot() {
  const rows = directedRows();
  if (!rows.length) return "";
  const strong = row => valueOf(`${stronger(row)[0]}_bits`, row), weak = row => valueOf(`${stronger(row)[1]}_bits`, row);
  const sure = row => valueOf(`q_${stronger(row)[0]}`, row) <= words.fdr;
  const drawn = thinned(rows, strong, weak);
  const named = new Set(drawn.filter(sure).sort((one, other) => strong(other) - strong(one)).slice(0, MOST_NAMED));
  return against(drawn, strong, weak, saidOfTransfer, sure,
    ["transfer in the stronger direction (bits)", "in the other direction (bits)"],
    row => named.has(row) ? ends(row).join(" → ") : "");
}

// What is drawn of a selected variable: its columns, its name, its mark.
const TOLD = [
  ["added_bits", "sd_added_bits", "added to those above", {size: 9}],
  ["mi_bits", "sd_bits", "told alone", {size: 8, symbol: "diamond-open"}],
  ["unique_bits", "sd_unique_bits", "unique: beyond all others", {size: 7, symbol: "square"}],
];

function targetsPlot(place, rows) {
  const colours = theme(), at = rows.map((_, i) => i), last = rows.at(-1);
  const value = (row, [name, sd]) => bits(row[name] ?? NaN, row[sd] ?? NaN);
  const said = rows.map(row => `<b>${label(row.variable, 60)}</b>` +
    TOLD.map(one => `<br>${one[2]}: ${value(row, one)}`).join(""));
  return {data: TOLD.map(([name, sd, told, marker], i) => ({
    type: "scatter", mode: "markers", name: told, x: rows.map(row => row[name]), y: at.map(row => row + 0.2 * (i - 1)),
    error_x: {type: "data", array: rows.map(row => Z95 * (row[sd] ?? 0)), thickness: 1.3, width: 0},
    text: said, hovertemplate: "%{text}<extra></extra>", marker: {color: colours.series[i], ...marker},
  })), layout: {
    height: (narrow(place) ? 210 : 140) + 44 * rows.length,
    xaxis: {title: {text: `bits about ${label(last.target, 28)}, 95 % intervals<br>` +
      `together ${bits(last.total_bits ?? NaN, last.sd_total_bits ?? NaN)}`}, zeroline: true},
    yaxis: {range: [rows.length - 0.5, -0.5], tickvals: at, showgrid: false,
      ticktext: rows.map(row => `${row.step}. ${label(row.variable, narrow(place) ? 14 : 28)}`)},
  }};
}
