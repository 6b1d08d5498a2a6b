// The table of all pairs, by Tabulator.

let table, question = {test: () => true, problem: "", n: 0}, everyLag = false;

function shownValue(column, value) {
  if (column.kind === "probability") return probability(value);
  if (column.name === "lag") return signed(value);
  if (column.kind === "count") return whole(value);
  if (column.kind === "number") return bits(value);
  if (column.kind === "bool") return value ? "yes" : "no";
  return printable(value, 400);
}

// Numbers that are missing come last, whichever way the others go.
function byNumber(a, b, first, second, column, direction) {
  if (Number.isNaN(a) || Number.isNaN(b)) {
    return (Number.isNaN(a) - Number.isNaN(b)) * (direction === "asc" ? 1 : -1);
  }
  return a - b;
}

const TEXTS = new Intl.Collator(undefined, {numeric: true});

const WIDTHS = {dataset: 112, x: 158, y: 158, reason: 360, flag: 72, mi_bits: 82, sd_bits: 74, mi_ksg_bits: 134, p_value: 78, q_value: 78};

function tableColumn(column) {
  const numeric = isNumeric(column);
  const ranges = new Map();
  return {
    title: column.head, field: column.name, visible: column.shown,
    headerTooltip: `${column.name}: ${column.text}${column.unit ? ` (${column.unit})` : ""}`,
    hozAlign: numeric ? "right" : "left", headerHozAlign: numeric ? "right" : "left",
    minWidth: 60, width: WIDTHS[column.name] ?? (numeric ? 96 : 120),
    download: true, print: column.name !== "reason" && column.shown, titleDownload: column.name,
    sorter: numeric ? byNumber : (a, b) => TEXTS.compare(a, b),
    headerSortStartingDir: numeric && column.kind !== "probability" ? "desc" : "asc",
    headerFilter: "input", headerFilterPlaceholder: numeric ? "> < .." : "words",
    headerFilterParams: {elementAttributes: {"aria-label": `Filter ${column.head}`}},
    headerFilterFunc: numeric
      ? (asked, value) => {
        if (!ranges.has(asked)) ranges.set(asked, parseRange(asked));
        return ranges.get(asked)(value);
      }
      : (asked, value) => String(value).toLowerCase().includes(asked.toLowerCase()),
    formatter: cell => {
      const text = shownValue(column, cell.getValue());
      if (column.name === "flag") return element("span", {className: `flag ${text}`}, text);
      return document.createTextNode(text);
    },
  };
}

// A row as Tabulator sees it: it reads the columns, which stay arrays. What it writes back is what
// it has read, and changes nothing.
class Pair {
  constructor(row) {
    this.row = row;
  }

  static add(name, get) {
    Object.defineProperty(Pair.prototype, name, {get, set() {}});
  }

  copy(type) {
    const digits = (column, value) => type === "download" && isNumeric(column)
      ? Number.isNaN(value) ? "NaN" : Number(value.toPrecision(6)) : value;
    return Object.fromEntries(words.columns.map(column =>
      [column.name, digits(column, valueOf(column.name, this.row))]));
  }
}

function buildTable() {
  for (const column of words.columns) {
    Pair.add(column.name, function () {
      return valueOf(column.name, this.row);
    });
  }
  Pair.add("open", () => "");
  const open = {
    title: "", field: "open", width: 72, minWidth: 72, headerSort: false, download: false, print: false,
    resizable: false,
    formatter: cell => element("button", {
      type: "button", className: "open", textContent: "Open",
      ariaLabel: `Open the pair ${pairName(cell.getData().row)}`,
    }),
  };
  const height = Math.min(620, 140 + 34 * nRows);
  return new Promise(built => {
    table = new Tabulator("#pairs", {
      data: Array.from({length: nRows}, (_, row) => new Pair(row)),
      columns: [open, ...words.columns.map(tableColumn)],
      height: `${height}px`, layout: "fitData", nestedFieldSeparator: false,
      headerFilterLiveFilterDelay: 250, placeholder: "No pair passes the filters.",
      printAsHtml: true, printStyled: false,
      printRowRange: () => table.getRows("active").slice(0, 15),
    });
    // for what is downloaded or printed, it would copy what a row holds by itself: a number alone
    table.eventBus.subscribe("row-data-retrieve", (row, type) => row.data.copy(type), 90000);
    table.on("rowClick", (event, row) => openPair(row.getData().row));
    table.on("dataFiltered", (filters, rows) => tellCount(rows.length));
    table.on("tableBuilt", () => {
      table.setFilter(passes);
      built();
    });
    buildChooser();
  });
}

function passes(pair) {
  return (everyLag || arrays.peak[pair.row]) && question.test(pair.row);
}

function tellCount(n) {
  const all = everyLag ? nRows : nPeaks();
  byId("count").textContent = question.problem ||
    (n === all ? counted(all, "row") : `${whole(n)} of ${counted(all, "row")}`);
}

const nPeaks = (() => {
  let n;
  return () => n ??= arrays.peak.reduce((sum, one) => sum + one, 0);
})();

function ask(text) {
  byId("query").value = text;
  question = parseQuery(text);
  table.refreshFilter();
}

function buildChooser() {
  const list = byId("columns");
  for (const column of words.columns) {
    const box = element("input", {type: "checkbox", checked: column.shown});
    box.addEventListener("change", () => {
      if (box.checked) table.showColumn(column.name);
      else table.hideColumn(column.name);
      table.redraw();
    });
    const said = column.head === column.name ? "" : ` (${column.name})`;
    list.append(element("label", {title: column.text}, box, ` ${column.head}${said}`));
  }
  const query = byId("query");
  let waiting;
  query.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => ask(query.value), 250);
  });
  byId("every-lag").addEventListener("change", event => {
    everyLag = event.target.checked;
    table.refreshFilter();
  });
  byId("download").addEventListener("click", () => table.download("csv", "pairs.csv"));
  byId("clear").addEventListener("click", () => {
    table.clearHeaderFilter();
    table.clearSort();
    ask("");
  });
}
