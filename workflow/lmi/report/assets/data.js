// What the page holds: columns of all pairs and the words about them, taken out of gzip in base64.

const byId = id => document.getElementById(id);

async function inflate(id) {
  const text = byId(id).textContent.trim();
  const bytes = Uint8Array.fromBase64
    ? Uint8Array.fromBase64(text)
    : Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

// The policy of the page allows scripts of these contents alone, whatever puts them in.
async function load(id) {
  const script = document.createElement("script");
  script.textContent = new TextDecoder().decode(await inflate(id));
  document.head.append(script);
}

const TYPES = {
  uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, int32: Int32Array,
  float32: Float32Array, float64: Float64Array,
};

async function unpack(id) {
  const buffer = await inflate(id);
  const start = 4 + new DataView(buffer).getUint32(0, true);
  const words = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, start - 4)));
  const arrays = {};
  for (const [name, entry] of Object.entries(words.arrays)) {
    const levels = new TYPES[entry.type](buffer, start + entry.start, entry.length);
    if (entry.step === undefined) {
      arrays[name] = levels;
      continue;
    }
    const none = entry.type === "uint8" ? 255 : 65535;
    arrays[name] = Float32Array.from(
      levels, level => level === none ? NaN : entry.low + entry.step * level);
  }
  return {words, arrays};
}

let words, arrays, nRows;
const columnOf = {};

async function loadData() {
  ({words, arrays} = await unpack("light"));
  nRows = arrays.x.length;
  for (const column of words.columns) columnOf[column.name] = column;
}

// Of single pairs and variables: taken apart when the first of them is opened.
const loadDetails = (() => {
  let details;
  return () => details ??= unpack("heavy");
})();

function valueOf(name, row) {
  const column = columnOf[name];
  if (!column) return name === "lag" ? 0 : NaN;
  const value = arrays[name][row];
  if (column.kind === "variable") return words.variables[value];
  if (column.kind === "text") return column.texts[value];
  if (column.kind === "bool") return Boolean(value);
  return value;
}

const has = name => name in columnOf;

// ---- words

// One line whatever a name holds; long names lose their middle, because ends tell them apart.
function printable(name, width = 60) {
  const line = String(name).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\uFFFD");
  const letters = Array.from(line);
  if (letters.length <= width) return line;
  const head = Math.floor(width / 2);
  return letters.slice(0, head).join("") + "…" + letters.slice(head + 1 - width).join("");
}

// Plotly reads some tags and entities in its labels: a name is none.
const label = (name, width) =>
  printable(name, width).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

// A value with its error, or in as many decimals as one of that error has.
function bits(value, sd = NaN, told = true) {
  if (!Number.isFinite(value)) return "–";
  const decimals = sd >= 0.0095 ? 2 : 3;
  let number = value.toFixed(decimals);
  if (Number(number) === 0) number = number.replace("-", "");
  number = number.replace("-", "−");
  return told && Number.isFinite(sd) ? `${number} ± ${sd.toFixed(decimals)}` : number;
}

function probability(value) {
  if (!Number.isFinite(value)) return "–";
  if (value >= 0.00995 || value === 0) return String(Number(value.toPrecision(2)));
  return value.toExponential(0);
}

const whole = value => value.toLocaleString("en");
const counted = (n, noun) => `${whole(n)} ${noun}${n === 1 ? "" : "s"}`;
const signed = lag => lag ? (lag > 0 ? "+" : "−") + Math.abs(lag) : "0";

function pairName(row, width = 24) {
  const lag = valueOf("lag", row);
  return `${printable(valueOf("x", row), width)} – ${printable(valueOf("y", row), width)}` +
    (lag ? ` at lag ${signed(lag)}` : "");
}

// What hovering over a pair says.
function hover(row) {
  const q = valueOf("q_value", row);
  const reason = has("reason") ? valueOf("reason", row) : "";
  return `<b>${label(pairName(row, 40), 120)}</b><br>` +
    `${bits(valueOf("mi_bits", row), valueOf("sd_bits", row))} bits` +
    `<br>uncorrected ${bits(valueOf("mi_ksg_bits", row), valueOf("sd_ksg_bits", row))}` +
    (Number.isFinite(q) ? `<br>q ${probability(q)}` : "") +
    `<br>${valueOf("flag", row)}${reason ? ": " + label(reason, 70) : ""}`;
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}
