// The dialog: a pair with all that the page knows of it, or a variable with its pairs.

let colourBy = "";  // the name of a label; else pointwise MI

function show(title, kicker, ...content) {
  const dialog = byId("panel");
  byId("panel-kicker").textContent = kicker;
  byId("panel-title").textContent = title;
  for (const old of dialog.querySelectorAll(".js-plotly-plot")) Plotly.purge(old);
  byId("panel-content").replaceChildren(...content);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

function closePanel() {
  byId("panel").close();
}

function facts(entries) {
  return element("dl", {className: "facts"}, ...entries
    .filter(([, value]) => value !== "" && value !== "–")
    .flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

function figure(id, title, caption, make, click) {
  const place = element("div", {id, className: "plot", role: "img", ariaLabel: `${title}. ${caption}`});
  plotLater.push([id, make, click]);
  return element("figure", {}, element("figcaption", {}, element("h3", {}, title), caption), place);
}

let plotLater = [];

function drawLater() {
  for (const [id, make, click] of plotLater) plot(id, make, click);
  plotLater = [];
}

const datasetOf = row => words.datasets.findIndex(one => one.name === valueOf("dataset", row));

function linkTo(code, dataset) {
  const button = element("button", {type: "button", className: "link"}, printable(words.variables[code], 80));
  button.addEventListener("click", () => openVariable(code, dataset));
  return button;
}

function flagWords(row) {
  const flag = valueOf("flag", row);
  if (flag === "ok") return element("p", {className: "verdict"}, "The pair passed all checks.");
  const codes = String(has("reason_codes") ? valueOf("reason_codes", row) : "").split(" ").filter(Boolean);
  const kinds = [...new Set(codes.map(code => words.kinds[code]))].filter(kind => words.meanings[kind]);
  return element("div", {className: "verdict"},
    element("p", {}, element("span", {className: `flag ${flag}`}, flag), `: ${has("reason") ? printable(valueOf("reason", row), 600) : ""}`),
    ...kinds.map(kind => element("p", {}, element("strong", {}, `What to do (${kind}). `), words.meanings[kind])));
}

async function openPair(row) {
  const {words: {details}, arrays: heavy} = await loadDetails();
  const dataset = datasetOf(row), its = details[dataset];
  const of = name => valueOf(name, row);
  const [x, y] = [arrays.x[row], arrays.y[row]];
  const rank = rowsOf(dataset).indexOf(row) + 1;
  const about = facts([
    ["MI", `${bits(of("mi_bits"), of("sd_bits"))} bits`],
    ["Uncorrected", `${bits(of("mi_ksg_bits"), of("sd_ksg_bits"))} bits`],
    ["Interval", has("low_bits") && Number.isFinite(of("low_bits"))
      ? `${bits(of("low_bits"), of("sd_bits"), false)} to ${bits(of("high_bits"), of("sd_bits"), false)} bits, for the truth` : ""],
    ["Given", has("cmi_bits") && Number.isFinite(of("cmi_bits"))
      ? `${bits(of("cmi_bits"), of("sd_cmi_bits"))} bits beyond what the dataset gives, ` +
        `p ${probability(of("p_conditional"))}, q ${probability(of("q_conditional"))}` : ""],
    ["p, q", has("q_value") ? `${probability(of("p_value"))}, ${probability(of("q_value"))}` +
      (of("significant") ? " (significant)" : "") + (has("p_method") ? ` by ${of("p_method")}` : "") : ""],
    ["Truth", has("truth_bits") ? bits(of("truth_bits")) : ""],
    ["Samples", whole(of("n_samples"))],
    ["Features", `${whole(of("n_features_x"))} of x, ${whole(of("n_features_y"))} of y`],
    ["Embedding", has("candidate") ? of("candidate") : ""],
    ["Rank", rank ? `${whole(rank)} of ${whole(words.datasets[dataset].pairs)} in ${printable(words.datasets[dataset].name)}` : ""],
    ["Checks", checks(row)],
  ]);
  const figures = [...sampleFigures(row, dataset, its, heavy), ...loadingFigures(row, its), nullFigure(row, dataset, its, heavy), lagFigure(row), sizeFigure(row),
    strataFigure(row), takenFigure(row, its), trainingFigure(row, dataset, its, heavy)].filter(Boolean);
  const variables = element("p", {}, "Variables: ", linkTo(x, dataset), " and ", linkTo(y, dataset));
  show(pairName(row, 60), `Pair of ${printable(words.datasets[dataset].name)}`,
    flagWords(row), about, variables, ...figures.filter(one => one.tagName !== "FIGURE"),
    element("div", {className: "figures"}, ...figures.filter(one => one.tagName === "FIGURE")));
  drawLater();
  labelsShown = its.labels;
  tellGroups();
}

function checks(row) {
  return words.checks
    .filter(name => Number.isFinite(valueOf(name, row)))
    .map(name => `${columnOf[name].head.toLowerCase()} ${bits(valueOf(name, row))}`).join("; ");
}

// ---- samples: the two variables against each other, and each by itself

function sampleFigures(row, dataset, its, heavy) {
  const at = its.pairs.indexOf(row);
  if (at < 0) {
    return [element("p", {className: "note"}, its.pairs.length
      ? `Single samples are kept of the strongest pairs alone: the ${whole(its.pairs.length)} of this dataset that the page holds.`
      : "Single samples were not kept (keep.pointwise).")];
  }
  const n = its.samples, of = name => heavy[`${name}-${dataset}`].subarray(at * n, (at + 1) * n);
  const pointwise = of("pointwise");
  const colours = place => {
    const at = its.labels.findIndex(one => one.name === colourBy);
    if (at < 0) return byPointwise(pointwise, place, its.names);
    const {name, groups} = its.labels[at], values = heavy[`label_${at}-${dataset}`];
    return groups.length ? byGroup(values, groups, its.names) : byQuantity(values, name, place, its.names);
  };
  const cloud = (id, x, y, titles) => place => ({
    data: colours(place)(x, y),
    layout: {height: 330, margin: {l: 50, r: 10, t: 30, b: 46},
      xaxis: {title: {text: titles[0]}}, yaxis: {title: {text: titles[1]}}},
  });
  const names = ["x", "y"].map(side => label(valueOf(side, row), 30));
  const shown = n < its.of ? ` ${whole(n)} of ${whole(its.of)} samples.` : "";
  const made = [];
  if (its.labels.length) {
    const select = element("select", {id: "colour-by"}, element("option", {value: ""}, "pointwise MI"),
      ...its.labels.map(({name}) => element("option", {value: name}, printable(name, 40))));
    select.value = its.labels.some(one => one.name === colourBy) ? colourBy : "";
    select.addEventListener("change", () => {
      colourBy = select.value;
      redraw("pair-xy", "pair-x", "pair-y");
      tellGroups();
    });
    made.push(element("p", {className: "tools"}, element("label", {}, "Colour samples by ", select)),
      element("p", {id: "sample-groups", className: "members"}));
  }
  made.push(figure("pair-xy", "x against y",
    `The first learned axis of either variable. By pointwise MI, blue samples fit the dependence and orange ones contradict it; their mean is the MI.${shown}`,
    cloud("pair-xy", of("scatter_x"), of("scatter_y"), names)));
  for (const side of ["x", "y"]) {
    const place = (its.embedded ?? []).indexOf(arrays[side][row]);
    if (place < 0) continue;
    const axes = [1, 2].map(k => heavy[`axis_${k}-${dataset}`].subarray(place * n, (place + 1) * n));
    if (!axes[1].some(Number.isFinite)) continue;
    made.push(figure(`pair-${side}`, `${side}: ${printable(valueOf(side, row), 30)}`,
      "The same samples on the first two principal components of this variable.",
      cloud(`pair-${side}`, axes[0], axes[1], ["component 1", "component 2"])));
  }
  return made;
}

// Which features make up the axes that are drawn.
function loadingFigures(row, its) {
  const at = its.pairs.indexOf(row);
  return ["x", "y"].map((side, i) => {
    const [names, values] = its.loadings?.[at]?.[i] ?? [[], []];
    if (!names.length) return null;
    const variable = printable(valueOf(side, row), 30);
    const most = names.slice(0, 3).map((name, k) => `${printable(name, 30)} ${bits(values[k])}`).join(", ");
    return figure(`pair-loadings-${side}`, `Features of ${side}: ${variable}`,
      `Correlation with the first learned axis of ${side}, over samples that its encoder has not seen; ` +
      `the largest of ${whole(valueOf(`n_features_${side}`, row))}: ${most}. Either end of an axis may be the high one.`,
      place => ({
        data: [{type: "bar", orientation: "h", x: values, y: names.map((_, k) => k), textposition: "none",
          text: names.map((name, k) => `${label(name)}: ${bits(values[k])}`), hovertemplate: "%{text}<extra></extra>",
          marker: {color: values.map(value => theme().series[value < 0 ? 1 : 0])}}],
        layout: {height: 90 + 20 * names.length, xaxis: {title: {text: "correlation with the axis"}, range: [-1.02, 1.02], zeroline: true},
          yaxis: {tickvals: names.map((_, k) => k), ticktext: names.map(name => label(name, narrow(place) ? 16 : 28)),
            autorange: "reversed", showgrid: false}},
      }));
  });
}

const sampleName = names => names ? names.map(name => `<b>${label(name)}</b><br>`) : undefined;

function byPointwise(values, place, names) {
  const sizes = Array.from(values).filter(Number.isFinite).map(Math.abs).sort((a, b) => a - b);
  const reach = sizes.length ? Math.max(sizes[Math.floor(0.98 * (sizes.length - 1))], 0.01) : 1;
  return (x, y) => [{
    type: "scatter", mode: "markers", x: Array.from(x), y: Array.from(y), showlegend: false,
    customdata: Array.from(values), text: sampleName(names),
    hovertemplate: `${names ? "%{text}" : ""}%{customdata:.2f} bits<extra></extra>`,
    marker: {size: 5, color: Array.from(values, value => Number.isFinite(value) ? value : 0), cmin: -reach, cmax: reach,
      colorscale: theme().mi.map(([at, colour]) => [(at + 1) / 2, colour]),
      line: {color: theme().muted, width: 0.4},
      showscale: place.id === "pair-xy",
      colorbar: {thickness: 9, outlinewidth: 0, len: 0.9, title: {text: "bits", side: "right"}}},
  }];
}

let labelsShown = [];

// What the colours and shapes of groups mean, once for all plots of a pair.
function tellGroups() {
  const groups = labelsShown.find(one => one.name === colourBy)?.groups ?? [], {series} = theme();
  byId("sample-groups")?.replaceChildren(...groups.slice(0, series.length * SYMBOLS.length).map((name, code) => {
    const swatch = element("span", {className: `swatch ${SYMBOLS[Math.floor(code / series.length)]}`});
    swatch.style.background = series[code % series.length];
    return element("span", {className: "group"}, swatch, printable(name, 40));
  }));
}

const SYMBOLS = ["circle", "diamond", "square", "cross", "triangle-up"];

function byGroup(codes, groups, names) {
  const {series, muted} = theme(), drawn = Math.min(groups.length, series.length * SYMBOLS.length);
  return (x, y) => [...groups.slice(0, drawn), null].map((name, code) => {
    const of = Array.from(codes.keys()).filter(i => Math.min(codes[i], drawn) === code);
    const said = name === null ? (drawn < groups.length ? "another, or none" : "none") : label(name);
    return {type: "scatter", mode: "markers", name: said, x: of.map(i => x[i]), y: of.map(i => y[i]),
      text: sampleName(names && of.map(i => names[i])), showlegend: false,
      hovertemplate: `${names ? "%{text}" : ""}${said}<extra></extra>`,
      marker: {size: 5, color: name === null ? muted : series[code % series.length], symbol: SYMBOLS[Math.floor(code / series.length)] ?? "x-thin-open"}};
  });
}

function byQuantity(values, name, place, names) {
  return (x, y) => [{
    type: "scatter", mode: "markers", x: Array.from(x), y: Array.from(y), showlegend: false,
    customdata: Array.from(values, value => Number.isFinite(value) ? value.toPrecision(4) : "none"), text: sampleName(names),
    hovertemplate: `${names ? "%{text}" : ""}${label(name, 40)}: %{customdata}<extra></extra>`,
    marker: {size: 5, color: Array.from(values, value => Number.isFinite(value) ? value : null), colorscale: "Viridis",
      line: {color: theme().muted, width: 0.4}, showscale: place.id === "pair-xy",
      colorbar: {thickness: 9, outlinewidth: 0, len: 0.9, title: {text: label(name, 30), side: "right"}}},
  }];
}

// ---- the rest of a pair

function nullFigure(row, dataset, its, heavy) {
  const [mean, sd, value] = ["null_mean_bits", "null_sd_bits", "mi_ksg_bits"].map(name => valueOf(name, row));
  if (![mean, sd, value].every(Number.isFinite) || sd <= 0) return null;
  const at = its.pairs.indexOf(row), n = at < 0 ? 0 : its.null;
  const drawn = n ? Array.from(heavy[`null-${dataset}`].subarray(at * n, (at + 1) * n)).filter(Number.isFinite) : [];
  const said = drawn.length
    ? `Bars: the uncorrected estimate of ${counted(drawn.length, "permutation")} of the samples of y. Curve: a normal one of the same mean and spread as all of them.`
    : "Curve: a normal one with the mean and spread that the uncorrected estimate has by chance.";
  return figure("pair-null", "Observed against chance",
    `${said} Line: the estimate of the samples as they are, ${bits(value)} bits; by chance ${bits(mean, sd)}.`, () => {
      const colours = theme(), size = 0.4 * sd;
      const x = Array.from({length: 121}, (_, i) => mean + (i - 60) / 15 * sd);
      // as high as the bars of so many permutations should be
      const peak = drawn.length ? drawn.length * size / (sd * Math.sqrt(2 * Math.PI)) : 1;
      const y = x.map(at => peak * Math.exp(-0.5 * ((at - mean) / sd) ** 2));
      const bars = drawn.length ? [{type: "histogram", x: drawn, name: "permuted", xbins: {start: mean - 10 * size - size / 2, end: mean + 20 * size, size},
        marker: {color: colours.muted, opacity: 0.5}, hovertemplate: "%{y} permutations at %{x} bits<extra></extra>"}] : [];
      const [low, high] = [Math.min(mean - 4 * sd, value), Math.max(mean + 4 * sd, value)], room = 0.04 * (high - low);
      return {data: [...bars,
        {type: "scatter", mode: "lines", x, y, name: "by chance", line: {color: colours.muted}, hoverinfo: "skip", ...(drawn.length ? {} : {fill: "tozeroy"})},
        {type: "scatter", mode: "lines", x: [value, value], y: [0, 1.15 * peak], name: "observed", line: {color: colours.series[0], width: 3},
          hovertemplate: `observed: ${bits(value)} bits<extra></extra>`},
      ], layout: {height: 260, showlegend: true, bargap: 0.05, xaxis: {title: {text: "uncorrected MI (bits)"}, range: [low - room, high + room]}, yaxis: {visible: false}}};
    });
}

function errorPlot(x, y, sd, title, more = {}) {
  return () => ({
    data: [{type: "scatter", mode: "lines+markers", x, y, line: {color: theme().series[0]}, marker: {size: 8},
      error_y: {type: "data", array: sd.map(one => Number.isFinite(one) ? Z95 * one : 0), width: 0},
      hovertemplate: "%{y:.3f} bits<extra></extra>", ...more}],
    layout: {height: 260, xaxis: {title: {text: title}}, yaxis: {title: {text: "bits"}, rangemode: "tozero"}},
  });
}

function lagFigure(row) {
  if (!has("lag")) return null;
  const rows = [];
  for (let other = 0; other < nRows; other++) {
    if (arrays.dataset[other] === arrays.dataset[row] && arrays.x[other] === arrays.x[row] &&
        arrays.y[other] === arrays.y[row]) rows.push(other);
  }
  if (rows.length < 2) return null;
  rows.sort((a, b) => arrays.lag[a] - arrays.lag[b]);
  const of = name => rows.map(one => valueOf(name, one));
  return figure("pair-lag", "By lag", "Right of zero, y is that many samples later than x; bars are 95 % intervals.",
    errorPlot(of("lag"), of("mi_bits"), of("sd_bits"), "lag (samples)"));
}

function sizeFigure(row) {
  const n = valueOf("n_samples", row), mi = valueOf("mi_bits", row);
  const drift = valueOf("drift_bits", row), half = valueOf("half_samples_bits", row);
  const points = [[n / 3, mi - drift], [n / 2, half], [n, mi]].filter(([, value]) => Number.isFinite(value));
  if (points.length < 2) return null;
  return figure("pair-size", "By number of samples",
    "A value that still rises at the right end is probably too low.",
    errorPlot(points.map(([at]) => Math.round(at)), points.map(([, value]) => value),
      points.map(([at]) => at === n ? valueOf("sd_bits", row) : NaN), "samples"));
}

function strataFigure(row) {
  const within = valueOf("mi_within_bits", row);
  if (!Number.isFinite(within)) return null;
  const single = (has("within_strata") ? valueOf("within_strata", row) : "").split("; ")
    .map(text => text.match(/^(.*): (-?[\d.]+) \(n (\d+)\)$/s)).filter(Boolean);
  const bars = [["all samples", valueOf("mi_ksg_bits", row), ""], ["within strata", within, ""],
    ...single.map(([, name, value, n]) => [name, Number(value), `, ${n} samples`])].slice(0, 32);
  return figure("pair-strata", "Within strata",
    "Uncorrected MI over all samples, the mean within strata, and each stratum. What falls to zero, the strata explain.",
    () => ({
      data: [{type: "bar", orientation: "h", x: bars.map(bar => bar[1]), y: bars.map((_, i) => i),
        marker: {color: bars.map((_, i) => theme().series[i < 2 ? i : 5])},
        text: bars.map(bar => `${bits(bar[1])}${bar[2]}`), hovertemplate: "%{text}<extra></extra>", textposition: "none"}],
      layout: {height: 110 + 22 * bars.length, xaxis: {title: {text: "uncorrected MI (bits)"}},
        yaxis: {tickvals: bars.map((_, i) => i), ticktext: bars.map(bar => label(bar[0], 20)), autorange: "reversed"}},
    }));
}

// How many samples of each label the classifiers take for each, as shares of the row.
function takenFigure(row, its) {
  const ofPair = its.taken[its.pairs.indexOf(row)];
  if (!ofPair) return null;
  const {labels: names, counts, others} = ofPair;
  const total = counts.flat().reduce((sum, n) => sum + n, 0);
  const right = counts.reduce((sum, line, i) => sum + line[i], 0);
  const shown = names.map(name => label(name, 22));
  const said = counts.map((line, i) => line.map((n, j) => `${n} of ${line.reduce((sum, m) => sum + m, 0)} samples of ${label(names[i], 40)}` +
    (i === j ? " are told as such" : ` are taken for ${label(names[j], 40)}`)));
  return figure("pair-taken", "Which labels are told apart",
    `${whole(right)} of ${whole(total)} samples get their own label by a classifier that has not seen them. ` +
    "A row is a label, a column what its samples are taken for; colours are shares of the row." +
    (others ? ` ${whole(others)} samples have labels that are not shown.` : ""), () => ({
      data: [{type: "heatmap", x: shown.map((_, i) => i), y: shown.map((_, i) => i), zmin: 0, zmax: 1, xgap: 1, ygap: 1,
        z: counts.map(line => { const n = line.reduce((sum, m) => sum + m, 0); return line.map(m => n ? m / n : 0); }),
        customdata: said, hovertemplate: "%{customdata}<extra></extra>", colorscale: scaleOf(theme().mi, 0, 1),
        colorbar: {title: {text: "share of the row", side: "right"}, thickness: 12, outlinewidth: 0}}],
      layout: {height: 190 + 22 * shown.length, margin: {l: 60, r: 10, t: 26, b: 60},
        xaxis: {title: {text: "taken for"}, tickangle: -90, tickvals: shown.map((_, i) => i), ticktext: shown, showgrid: false},
        yaxis: {title: {text: "label"}, autorange: "reversed", tickvals: shown.map((_, i) => i), ticktext: shown, showgrid: false}},
    }));
}

function trainingFigure(row, dataset, its, heavy) {
  const at = its.trained.indexOf(row);
  if (at < 0) return null;
  const steps = Array.from(heavy[`step-${dataset}`]), n = steps.length;
  const of = name => Array.from(heavy[`${name}-${dataset}`].subarray(at * n, (at + 1) * n));
  const [train, validation] = [of("train"), of("validation")];
  const best = validation.reduce((low, value, i) => Number.isFinite(value) && !(value >= validation[low]) ? i : low, 0);
  return figure("pair-training", "Training",
    "The mean loss of the pair's networks. Marked: where it was lowest for validation. Each network is kept as it was at its own lowest: what comes after is not used.",
    () => {
      const colours = theme();
      return {data: [
        {type: "scatter", mode: "lines", name: "training", x: steps, y: train, line: {color: colours.muted, dash: "dash"}},
        {type: "scatter", mode: "lines", name: "validation", x: steps, y: validation, line: {color: colours.series[0]}},
      ], layout: {height: 260, xaxis: {title: {text: "training step"}}, yaxis: {title: {text: "loss"}},
        shapes: [{type: "line", x0: steps[best], x1: steps[best], yref: "paper", y0: 0, y1: 1,
          line: {color: colours.series[1], dash: "dot", width: 1.5}}]}};
    });
}

// ---- a variable

async function openVariable(code, dataset) {
  const {words: {details}} = await loadDetails();
  const name = words.variables[code], node = nodesOf(dataset).get(code);
  const rows = rowsOf(dataset, row => arrays.x[row] === code || arrays.y[row] === code);
  const told = details[dataset].features[code];
  const nodes = [...nodesOf(dataset).values()].sort((a, b) => b.hub - a.hub);
  const others = node?.community ? nodes.filter(one => one.community === node.community && one.code !== code) : [];
  const rank = nodes.findIndex(one => one.code === code) + 1;
  const about = facts([
    ["Hub score", node ? `${bits(node.hub)} bits over ${counted(node.degree, "significant pair")}; rank ${whole(rank)} of ${whole(nodes.length)}` : ""],
    ["Community", node?.community ? `${node.community}, with ${counted(others.length, "other")}` : "none: no significant pair"],
    ["Features", told ? whole(told.n_features) : ""],
    ["Missing", told && told.missing > 0 ? `${(100 * told.missing).toFixed(1)} % of the values` : ""],
    ["Cannot be used", told?.error ?? ""],
    ["Left out", (told?.dropped ?? []).map(([reason, n, names]) => `${counted(n, "feature")} (${reason}): ` +
      printable(names.join(", ") + (n > names.length ? ", …" : ""), 400)).join("; ")],
    ["Names", told?.features.length ? printable(told.features.join(", ") + (told.n_features > told.features.length ? ", …" : ""), 1500) : ""],
  ]);
  const all = element("button", {type: "button", className: "action"}, `Show its ${counted(rows.length, "pair")} in the table`);
  all.addEventListener("click", async () => {
    closePanel();
    await ready;
    ask(`"${name}"`);
    byId("table").scrollIntoView();
  });
  const good = rows.filter(finite).slice(0, 25);
  const members = element("p", {className: "members"}, ...others.slice(0, 40).flatMap((one, i) =>
    [i ? ", " : "Its community: ", linkTo(one.code, dataset)]), others.length > 40 ? ", …" : "");
  show(printable(name, 120), `Variable of ${printable(words.datasets[dataset].name)}`, about, members, all,
    ...(good.length ? [figure("variable-pairs", "Its strongest pairs", "MI with 95 % intervals; choose one to open it.",
      place => ({
        data: [{type: "scatter", mode: "markers", x: good.map(row => arrays.mi_bits[row]), y: good.map((_, i) => i), customdata: good,
          error_x: {type: "data", array: good.map(row => Z95 * (valueOf("sd_bits", row) || 0)), width: 0, color: theme().muted},
          marker: {size: 10, color: good.map(row => arrays.significant[row] ? theme().series[0] : theme().muted)},
          text: good.map(hover), hovertemplate: "%{text}<extra></extra>"}],
        layout: {height: 110 + 25 * good.length, xaxis: {title: {text: "mutual information (bits)"}},
          yaxis: {range: [good.length - 0.4, -0.6], tickvals: good.map((_, i) => i), showgrid: false,
            ticktext: good.map(row => label(words.variables[arrays.x[row] === code ? arrays.y[row] : arrays.x[row]], narrow(place) ? 16 : 40))}},
      }), point => openPair(point.customdata))] : [element("p", {className: "note"}, "None of its pairs has an estimate.")]));
  drawLater();
}
