// Filters: `q < .01 mi > .5 monocyte "B cell"` over all columns, `< .01` or words over one.

const ALIASES = {
  mi: "mi_bits", sd: "sd_bits", ksg: "mi_ksg_bits", uncorrected: "mi_ksg_bits", p: "p_value",
  q: "q_value", n: "n_samples", samples: "n_samples", truth: "truth_bits",
  within: "mi_within_bits",
};
const NUMBER = "[-−+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[-−+]?\\d+)?";
const COMPARE = {
  "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b,
  "=": (a, b) => Math.abs(a - b) <= 5e-7 * Math.abs(b), "!=": (a, b) => a !== b,
};
const toNumber = text => Number(text.replace("−", "-"));
const toSign = text => text.replace("≤", "<=").replace("≥", ">=").replace("==", "=");

function isNumeric(column) {
  return ["number", "probability", "count"].includes(column.kind);
}

// Return {test, problem}: what rows pass, and what of the text is not understood.
function parseQuery(text) {
  const tests = [];
  let problem = "";
  const comparison = new RegExp(`([A-Za-z_]\\w*)\\s*(<=|>=|==|!=|≤|≥|<|>|=)\\s*(${NUMBER})`, "gi");
  let rest = text.replace(/"([^"]*)"/g, (all, name) => {
    tests.push(row => valueOf("x", row) === name || valueOf("y", row) === name);
    return " ";
  });
  rest = rest.replace(comparison, (all, word, sign, number) => {
    const name = columnOf[ALIASES[word.toLowerCase()]] ? ALIASES[word.toLowerCase()] : word;
    const column = columnOf[name];
    if (!column || !isNumeric(column)) {
      problem = `There is no column of numbers called '${word}'.`;
      return " ";
    }
    const compare = COMPARE[toSign(sign)], limit = toNumber(number);
    tests.push(row => compare(arrays[name][row], limit));
    return " ";
  });
  const wanted = rest.toLowerCase().split(/\s+/).filter(word => word && word !== "and");
  const texts = ["dataset", "x", "y", "flag", "reason"].filter(has);
  for (const word of wanted) {
    // few names, many rows: whether it holds the word is asked once a name
    const known = texts.map(name => [name, new Map()]);
    tests.push(row => known.some(([name, seen]) => {
      const code = arrays[name][row];
      let answer = seen.get(code);
      if (answer === undefined) {
        answer = valueOf(name, row).toLowerCase().includes(word);
        seen.set(code, answer);
      }
      return answer;
    }));
  }
  return {test: row => tests.every(test => test(row)), problem, n: tests.length};
}

// The filter of one column of numbers: `< .01`, `.1 .. .5`, `0.3`; what is no filter passes all.
function parseRange(text) {
  const range = text.match(new RegExp(`^\\s*(${NUMBER})\\s*(?:\\.\\.|to|–)\\s*(${NUMBER})\\s*$`, "i"));
  if (range) {
    const [low, high] = [toNumber(range[1]), toNumber(range[2])];
    return value => value >= low && value <= high;
  }
  const one = text.match(new RegExp(`^\\s*(<=|>=|==|!=|≤|≥|<|>|=)?\\s*(${NUMBER})\\s*$`, "i"));
  if (!one) return () => true;
  const compare = COMPARE[toSign(one[1] ?? "=")], limit = toNumber(one[2]);
  return value => compare(value, limit);
}
