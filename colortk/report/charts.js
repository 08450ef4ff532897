// Intervals, boxes, paired differences, quality against time, chroma histograms.

const ROW = 30;

/** Round steps over a range: at most about `most` of them. */
function ticks(low, high, most) {
  const rough = (high - low) / most || 1;
  const ten = 10 ** Math.floor(Math.log10(rough));
  const step = ten * [1, 2, 5, 10].find((factor) => factor * ten >= rough);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) found.push(k * step);
  return { at: found, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

/** A scale from values to pixels, with a margin so that nothing sits on the edge. */
function scale(values, from, to, log = false) {
  const of = log ? Math.log10 : (value) => value;
  let [low, high] = [Math.min(...values.map(of)), Math.max(...values.map(of))];
  const margin = (high - low) * 0.06 || Math.abs(high) * 0.05 || 0.5;
  [low, high] = [low - margin, high + margin];
  const at = (value) => from + ((of(value) - low) / (high - low)) * (to - from);
  return { at, low, high };
}

const svgText = (x, y, text, more = {}) => make("svg:text", { x, y, ...more }, text);

function svg(width, height, label) {
  return make("svg:svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
}

const pen = make("canvas").getContext("2d");

/** Width of a label in pixels. */
function textWidth(text) {
  pen.font = "12.5px system-ui, sans-serif";
  return pen.measureText(text).width;
}

/** As much of a text as fits into so many pixels. */
function cut(text, width) {
  if (textWidth(text) <= width) return text;
  let length = text.length - 1;
  while (length > 1 && textWidth(`${text.slice(0, length)}…`) > width) length--;
  return `${text.slice(0, length)}…`;
}

/** Names at the left, points with their intervals on a common scale. */
function intervalChart(box, rows, digits, zero, label) {
  box.replaceChildren();
  const drawn = rows.filter((row) => isNumber(row.value));
  if (drawn.length === 0) return box.append(make("p", { class: "note" }, "Nothing to show."));
  const width = box.clientWidth || 500;
  const left = Math.min(width * 0.36, Math.max(...drawn.map((row) => textWidth(row.name))) + 14);
  const right = width - 70;
  const height = drawn.length * ROW + 26;
  const chart = svg(width, height, label);
  const values = drawn.flatMap((row) => [row.value, row.low ?? row.value, row.high ?? row.value, ...(row.box?.scores ?? [])]);
  const x = scale(zero ? [...values, 0] : values, left, right);
  const steps = ticks(x.low, x.high, Math.max(2, (right - left) / 65));
  for (const tick of steps.at) {
    const of = zero && Math.abs(tick) < 1e-12 ? "axis" : "grid";
    chart.append(
      make("svg:line", { x1: x.at(tick), x2: x.at(tick), y1: 0, y2: height - 20, class: of }),
      svgText(x.at(tick), height - 5, number(tick, steps.digits, zero), { class: "tick", "text-anchor": "middle" }),
    );
  }
  drawn.forEach((row, k) => {
    const y = k * ROW + ROW / 2;
    const title = make("svg:title", {}, row.title);
    const group = make("svg:g", { class: row.muted ? "muted" : "" }, title);
    group.append(svgText(left - 10, y + 4, cut(row.name, left - 12), { "text-anchor": "end" }));
    if (isNumber(row.low)) {
      group.append(make("svg:line", { x1: x.at(row.low), x2: x.at(row.high), y1: y, y2: y, class: "interval" }));
    }
    if (row.box) drawBox(group, row.box, x, y);
    group.append(
      make("svg:circle", { cx: x.at(row.value), cy: y, r: 4.5, class: "point" }),
      svgText(width, y + 4, number(row.value, digits, zero), { class: "value", "text-anchor": "end" }),
    );
    chart.append(group);
  });
  box.append(chart);
}

/** Quartiles, whiskers and the scores beyond them. */
function drawBox(group, box, x, y) {
  const [left, right] = [x.at(box.quartiles[0]), x.at(box.quartiles[2])];
  group.append(
    make("svg:line", { x1: x.at(box.whiskers[0]), x2: x.at(box.whiskers[1]), y1: y, y2: y, class: "whisker" }),
    make("svg:rect", { x: left, y: y - 8, width: right - left, height: 16, class: "box" }),
    make("svg:line", { x1: x.at(box.quartiles[1]), x2: x.at(box.quartiles[1]), y1: y - 8, y2: y + 8, class: "median" }),
    ...box.beyond.map((value) => make("svg:circle", { cx: x.at(value), cy: y, r: 2, class: "beyond" })),
  );
}

/** The quartiles of scores, interpolated, and whiskers to the last score within 1.5 times their distance. */
function boxOf(scores) {
  const sorted = scores.slice().sort((a, b) => a - b);
  const quantile = (share) => {
    const at = share * (sorted.length - 1);
    const below = sorted[Math.floor(at)];
    return below + (at - Math.floor(at)) * (sorted[Math.ceil(at)] - below);
  };
  const quartiles = [0.25, 0.5, 0.75].map(quantile);
  const reach = 1.5 * (quartiles[2] - quartiles[0]);
  const inside = sorted.filter((v) => v >= quartiles[0] - reach && v <= quartiles[2] + reach);
  const whiskers = [Math.min(inside[0], quartiles[0]), Math.max(inside.at(-1), quartiles[2])];
  const beyond = sorted.filter((v) => v < whiskers[0] || v > whiskers[1]);
  return { scores: [sorted[0], sorted.at(-1)], quartiles, whiskers, beyond };
}

function drawBoxes() {
  const metric = metricOf(state.metric);
  const scores = new Map();
  for (const record of report.records ?? []) {
    const value = record.metrics?.[state.metric];
    if (!isNumber(value)) continue;
    if (!scores.has(record.plugin)) scores.set(record.plugin, []);
    scores.get(record.plugin).push(value);
  }
  const rows = visible().filter((plugin) => scores.has(plugin.name)).map((plugin) => {
    const box = boxOf(scores.get(plugin.name));
    const [first, median, third] = box.quartiles.map((value) => number(value, metric.digits));
    const title = `${plugin.name}: quartiles ${first}, ${median}, ${third}, ${scores.get(plugin.name).length} pictures`;
    return { name: plugin.name, value: plugin.metrics?.[state.metric]?.mean ?? box.quartiles[1], box, title };
  });
  rows.sort((a, b) => order(a.value, b.value, metric.higher_is_better ? -1 : 1));
  $("boxes-title").textContent = `${metric.label}: all pictures; quartiles, whiskers within 1.5 quartile ranges, and mean${direction(metric)}`;
  intervalChart($("boxes"), rows, metric.digits, false, "Box plots of the scores");
}

function drawMeans() {
  const metric = metricOf(state.metric);
  const sign = metric.higher_is_better ? -1 : 1;
  const rows = visible().map((plugin) => {
    const found = plugin.metrics?.[state.metric] ?? {};
    const [low, high] = found.ci95 ?? [null, null];
    const interval = isNumber(low) ? ` [${number(low, metric.digits)}, ${number(high, metric.digits)}]` : "";
    const title = `${plugin.name}: ${number(found.mean, metric.digits)}${interval}, ${found.n ?? "?"} pictures`;
    return { name: plugin.name, value: found.mean, low, high, title };
  });
  rows.sort((a, b) => order(a.value, b.value, sign));
  $("means-title").textContent = `${metric.label}: mean and 95 % interval${direction(metric)}`;
  intervalChart($("means"), rows, metric.digits, false, "Means with 95 % intervals");
}

/** What the others are compared with: the baseline that was named, or the best by a measure. */
function referenceBy(metric) {
  const ranks = metricOf(metric).higher_is_better === null ? report.ranking_metric : metric;
  return report.baseline ?? verdictBy(ranks)?.plugins[0]?.name ?? null;
}

/** Every plugin minus the reference, by the measure that is chosen, in the order of the table. */
function pairedRows() {
  const reference = referenceBy(state.metric);
  const turned = (pair) =>
    pair.second === reference
      ? { ...pair, plugin: pair.first }
      : { ...pair, plugin: pair.second, difference: -pair.difference, ci95: pair.ci95 && [-pair.ci95[1], -pair.ci95[0]], wins: pair.losses, losses: pair.wins };
  const pairs = (report.pairs?.[state.metric] ?? []).filter((p) => p.first === reference || p.second === reference);
  const places = new Map(verdictBy(state.metric)?.plugins.map((plugin, place) => [plugin.name, place]));
  const rows = pairs.map(turned).map((row) => ({ ...row, best: reference, metric: state.metric }));
  rows.sort((a, b) => places.get(a.plugin) - places.get(b.plugin));
  return rows.filter((row) => matches(row.plugin, state.words));
}

function probability(p) {
  if (!isNumber(p)) return "–";
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}

function drawPaired() {
  const metric = metricOf(state.metric);
  const rows = pairedRows();
  const digits = metric.digits;
  const drawn = rows.map((row) => {
    const [low, high] = row.ci95 ?? [null, null];
    const muted = !row.separated;
    const title = `${row.plugin} minus ${row.best}: ${number(row.difference, digits, true)}, p ${probability(row.p)}`;
    return { name: row.plugin, value: row.difference, low, high, muted, title };
  });
  const best = rows.length ? rows[0].best : "the best";
  $("paired-title").textContent = `${metric.label}: difference to ${best}, picture by picture; pale where they do not differ`;
  intervalChart($("paired"), drawn, digits, true, "Paired differences with 95 % intervals");
  const family = report.family?.length ? `, but for the family ${report.family.join(", ")}: corrected together (Holm)` : "";
  const many = rows.length === 1 ? "1 comparison" : `${rows.length} comparisons`;
  $("paired-note").textContent = rows.length ? `Against ${best}: ${many}, each by itself at the 95 % level${family}.` : "";
  $("paired-table").replaceChildren(...(rows.length ? [pairedTable(rows, digits)] : []));
}

function pairedTable(rows, digits) {
  const titles = ["plugin", "difference", "95 % interval", "p", "wins / ties / losses", "pictures"];
  const body = rows.map((row) => {
    const interval = row.ci95 ? row.ci95.map((end) => number(end, digits, true)).join(" … ") : "–";
    const cells = [number(row.difference, digits, true), interval, probability(row.p)];
    const won = metricOf(row.metric).higher_is_better === null ? "–" : `${row.wins} / ${row.ties} / ${row.losses}`;
    cells.push(won, row.n ?? "–");
    return make("tr", {}, make("th", { scope: "row" }, row.plugin), ...cells.map((text) => make("td", {}, String(text))));
  });
  const heads = titles.map((text) => make("th", { scope: "col" }, text));
  return make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...body));
}

/** Points that no other point beats in both time and quality, fastest first. */
function front(points, higher) {
  const better = (a, b) => (higher ? a > b : a < b);
  const found = [];
  for (const point of points.slice().sort((a, b) => a.time - b.time)) {
    if (found.length === 0 || better(point.value, found.at(-1).value)) found.push(point);
  }
  return found;
}

function drawScatter() {
  const metric = metricOf(state.metric);
  const box = $("scatter");
  box.replaceChildren();
  $("time-title").textContent = `${metric.label}${direction(metric)}, against median seconds a picture${metric.higher_is_better === null ? "" : "; dotted: no plugin is both faster and better"}`;
  const points = visible()
    .map((p) => ({ name: p.name, value: p.metrics?.[state.metric]?.mean, time: p.seconds?.median }))
    .filter((p) => isNumber(p.value) && isNumber(p.time) && p.time > 0);
  if (points.length === 0) return box.append(make("p", { class: "note" }, "Nothing to show."));
  const width = box.clientWidth || 800;
  const height = Math.max(260, Math.min(420, width * 0.42));
  const chart = svg(width, height, "Quality against time");
  const x = scale(points.map((p) => p.time), 56, width - 20, true);
  const y = scale(points.map((p) => p.value), height - 44, 16);
  scatterAxes(chart, x, y, width, height);
  if (metric.higher_is_better !== null) drawFront(chart, front(points, metric.higher_is_better), x, y);
  const unlabeled = [];
  const taken = points.map((point) => [x.at(point.time) - 7, y.at(point.value) - 7, 14, 14]);
  for (const point of points) {
    const [left, top] = [x.at(point.time), y.at(point.value)];
    const title = make("svg:title", {}, `${point.name}: ${number(point.value, metric.digits)}, ${seconds(point.time)}`);
    chart.append(make("svg:circle", { cx: left, cy: top, r: 6, class: "point" }, title));
    const label = placeLabel(point.name, left, top, width, height - 44, taken);
    if (label) chart.append(label);
    else unlabeled.push(title.textContent);
  }
  box.append(chart);
  if (unlabeled.length) box.append(make("p", { class: "note" }, `Without room for their names: ${unlabeled.join("; ")}`));
}

function scatterAxes(chart, x, y, width, height) {
  const times = [];
  for (let power = Math.floor(x.low); power <= Math.ceil(x.high); power++) {
    for (const factor of x.high - x.low > 2.5 ? [1] : [1, 2, 5]) times.push(factor * 10 ** power);
  }
  for (const time of times.filter((t) => Math.log10(t) >= x.low && Math.log10(t) <= x.high)) {
    const at = x.at(time);
    chart.append(make("svg:line", { x1: at, x2: at, y1: 6, y2: height - 38, class: "grid" }));
    chart.append(svgText(at, height - 22, seconds(time), { class: "tick", "text-anchor": "middle" }));
  }
  const steps = ticks(y.low, y.high, 5);
  for (const tick of steps.at) {
    chart.append(make("svg:line", { x1: 50, x2: width, y1: y.at(tick), y2: y.at(tick), class: "grid" }));
    chart.append(svgText(44, y.at(tick) + 4, number(tick, steps.digits), { class: "tick", "text-anchor": "end" }));
  }
  chart.append(svgText(width, height - 4, "time a picture (log)", { class: "tick", "text-anchor": "end" }));
}

function drawFront(chart, points, x, y) {
  const steps = points.map((p, k) => (k ? `H${x.at(p.time)}V${y.at(p.value)}` : `M${x.at(p.time)} ${y.at(p.value)}`));
  const title = make("svg:title", {}, "No plugin is both faster and better than these");
  chart.append(make("svg:path", { d: steps.join(""), class: "front" }, title));
}

/** A label beside its point where no other label or point lies, or null if there is no such place. */
function placeLabel(name, left, top, width, height, taken) {
  const [wide, high] = [textWidth(name), 15];
  const beside = left + 11 + wide < width ? left + 11 : left - 11 - wide;
  const places = [[beside, top - 7], [left - 11 - wide, top - 7]];
  for (const shift of [16, 32, 48, 64]) places.push([beside, top - 7 - shift], [beside, top - 7 + shift]);
  const free = ([px, py]) =>
    px >= 0 && px + wide <= width && py >= 0 && py + high <= height &&
    taken.every(([tx, ty, tw, th]) => px + wide < tx || tx + tw < px || py + high < ty || ty + th < py);
  const place = places.find(free);
  if (!place) return null;
  const [px, py] = place;
  taken.push([px, py, wide, high]);
  return svgText(px, py + 12, name, { class: "label" });
}

/** An 8-bit sRGB triple of CIELAB, D65, clipped. */
function labToRgb(lightness, a, b) {
  const fy = (lightness + 16) / 116;
  const decode = (f) => (f > 6 / 29 ? f ** 3 : (f - 16 / 116) / 7.787);
  const [x, y, z] = [0.95047 * decode(fy + a / 500), decode(fy), 1.08883 * decode(fy - b / 200)];
  const linear = [
    3.2406 * x - 1.5372 * y - 0.4986 * z,
    -0.9689 * x + 1.8758 * y + 0.0415 * z,
    0.0557 * x - 0.204 * y + 1.057 * z,
  ];
  return linear.map((v) => {
    const clipped = Math.min(1, Math.max(0, v));
    return Math.round(255 * (clipped > 0.0031308 ? 1.055 * clipped ** (1 / 2.4) - 0.055 : 12.92 * clipped));
  });
}

/** Counts (a*, b*) as a picture of as many pixels as bins, b* upwards. */
function histogram(bins, most) {
  const size = bins.length;
  const canvas = make("canvas", { width: size, height: size });
  const context = canvas.getContext("2d");
  const image = context.createImageData(size, size);
  bins.forEach((column, i) =>
    column.forEach((count, j) => {
      const at = 4 * ((size - 1 - j) * size + i);
      const middle = (k) => -110 + (220 * (k + 0.5)) / size;
      image.data.set(labToRgb(62, middle(i), middle(j)), at);
      image.data[at + 3] = count > 0 ? 40 + (215 * Math.log1p(count)) / Math.log1p(most) : 0;
    }),
  );
  context.putImageData(image, 0, 0);
  return canvas;
}

function drawHistograms() {
  const names = ["truth", ...visible().map((plugin) => plugin.name)].filter((name) => name in counts);
  const most = Math.max(1, ...Object.values(counts).flat(2));
  const figures = names.map((name) => {
    const canvas = histogram(counts[name], most);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `a*b* histogram of ${name}`);
    const caption = name === "truth" ? make("b", {}, "truth") : name;
    return make("figure", {}, make("div", { class: "plane" }, canvas), make("figcaption", {}, caption));
  });
  $("histograms").replaceChildren(...figures);
}

function drawCharts() {
  drawMeans();
  drawBoxes();
  drawPaired();
  drawScatter();
  drawHistograms();
}
