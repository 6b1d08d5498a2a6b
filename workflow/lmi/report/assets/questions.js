// What a dataset asks beside information: differences between groups, directions in time.

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
