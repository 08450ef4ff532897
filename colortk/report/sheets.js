// Pictures: sheets, their order, ΔE94 maps, best and worst, the large view.

// Document 004's bands of ΔE and their colors here, dark to light, so that order shows in gray
// too. It gives none for 10 to 11: whole numbers are meant, so the border is put at 10.5.
const BANDS = [
  { to: 1, label: "≤ 1", text: "not perceptible", colors: ["#17151f", "#17151f"] },
  { to: 2, label: "1–2", text: "perceptible through close observation", colors: ["#3d2b78", "#3d2b78"] },
  { to: 10.5, label: "2–10", text: "perceptible at a glance", colors: ["#74308f", "#d2466e"] },
  { to: 49.5, label: "11–49", text: "more similar than opposite", colors: ["#ee6f3c", "#fbd560"] },
  { to: 51, label: "> 49", text: "toward opposite", colors: ["#fffde6", "#fffde6"] },
];
const HEAT_SCALE = 5; // gray levels of a map for each unit of ΔE94
const EXTREMES = 5;
const PRINTED = 30; // sheets that are printed in any case

const sheets = [...document.querySelectorAll("script.sheet")].map((source) => ({
  picture: source.dataset.picture,
  name: source.dataset.name,
  nearGray: source.dataset.nearGray === "1",
  source,
  element: null,
  tiles: null,
}));
const sheetOf = new Map(sheets.map((sheet) => [sheet.picture, sheet]));
const imagesOf = (sheet) => JSON.parse(sheet.source.textContent);
const jpeg = (base64) => `data:image/jpeg;base64,${base64}`;
let inOrder = sheets;

const channels = (color) => [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255);

/** Red, green and blue, 0..1, of a ΔE94. */
function heatColor(difference) {
  const k = BANDS.findIndex((band) => difference <= band.to);
  const band = BANDS[k] ?? BANDS.at(-1);
  const from = k > 0 ? BANDS[k - 1].to : 0;
  const share = Math.min(1, (difference - from) / (band.to - from));
  const [start, end] = band.colors.map(channels);
  return start.map((value, c) => value + share * (end[c] - value));
}

/** The maps are gray JPEGs; an SVG filter with a table of 256 colors paints the bands. */
function paintBands() {
  const table = Array.from({ length: 256 }, (_, level) => heatColor(level / HEAT_SCALE));
  const transfer = $("perception").firstElementChild;
  ["R", "G", "B"].forEach((letter, c) => {
    const values = table.map((color) => color[c].toFixed(4)).join(" ");
    transfer.append(make(`svg:feFunc${letter}`, { type: "discrete", tableValues: values }));
  });
  for (const band of BANDS) {
    const swatch = make("i");
    swatch.style.background = `linear-gradient(90deg, ${band.colors.join(", ")})`;
    $("bands").append(make("span", {}, swatch, make("b", {}, band.label), ` ${band.text}`));
  }
}

function picture(base64, alt, more = {}) {
  return make("img", { src: jpeg(base64), alt, decoding: "async", ...more });
}

/** A result with its map over it; the map is decoded when it is first asked for. */
function resultImages(result, heat, name) {
  const box = make("div", { class: "stack" });
  box.append(result ? picture(result, name) : make("p", { class: "missing" }, "no result"));
  if (result && heat) {
    const map = make("img", { class: "heat", alt: `ΔE94 of ${name}`, "data-heat": "" });
    map.reveal = () => map.src || (map.src = jpeg(heat));
    box.addEventListener("pointerenter", map.reveal);
    if (state.heat) map.reveal();
    box.append(map);
  }
  return box;
}

function plainTile(base64, label) {
  return make("figure", {}, make("div", { class: "stack" }, picture(base64, label)), make("figcaption", {}, label));
}

function fill(sheet) {
  if (sheet.tiles) return;
  const images = imagesOf(sheet);
  const row = make("div", { class: "tiles" }, plainTile(images.gray, "gray"), plainTile(images.truth, "truth"));
  sheet.tiles = new Map();
  for (const { name } of plugins) {
    const value = make("b");
    const caption = make("figcaption", {}, value, make("span", {}, name));
    const tile = make("figure", {}, resultImages(images.results[name], images.heats[name], name), caption);
    sheet.tiles.set(name, { tile, value });
    row.append(tile);
  }
  row.addEventListener("click", () => openLarge(sheet));
  sheet.element.append(row);
  sheet.element.classList.add("filled");
  label(sheet);
}

/** The best of `names` on a picture, if the measure has a better side and there are two to compare. */
function bestOn(sheet, metric, names) {
  const higher = metricOf(metric).higher_is_better;
  const values = names.map((name) => scoreOf(sheet.picture, name, metric)).filter(isNumber);
  if (higher === null || values.length < 2) return null;
  return higher ? Math.max(...values) : Math.min(...values);
}

/** Puts the measure's values under the results of a sheet that is filled. */
function label(sheet) {
  if (!sheet.tiles) return;
  const shown = visible().map((plugin) => plugin.name);
  const best = bestOn(sheet, state.metric, shown);
  for (const [name, { tile, value }] of sheet.tiles) {
    const score = scoreOf(sheet.picture, name, state.metric);
    tile.hidden = !shown.includes(name);
    value.textContent = number(score, metricOf(state.metric).digits);
    value.className = isNumber(score) && score === best ? "best" : "";
  }
}

/** How far plugin `a` leads over `b`: positive where `a` is better (or higher, if neither is). */
function lead(sheet, a, b) {
  const [mine, theirs] = [a, b].map((name) => scoreOf(sheet.picture, name, state.metric));
  if (!isNumber(mine) || !isNumber(theirs)) return null;
  return (metricOf(state.metric).higher_is_better === false ? -1 : 1) * (mine - theirs);
}

function sorted(list, by, first, second) {
  const better = metricOf(state.metric).higher_is_better === false ? 1 : -1;
  const score = (sheet) => scoreOf(sheet.picture, first, state.metric);
  const compare = {
    name: (a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }),
    best: (a, b) => order(score(a), score(b), better),
    worst: (a, b) => order(score(a), score(b), -better),
    difference: (a, b) => order(lead(a, first, second), lead(b, first, second), -1),
  }[by];
  return compare ? list.slice().sort(compare) : list.slice();
}

function drawSheets() {
  const by = $("order").value;
  $("first").parentElement.hidden = by === "given" || by === "name";
  $("second").parentElement.hidden = by !== "difference";
  const [words, gray] = [wordsOf($("names")), $("gray").value];
  const wanted = sheets.filter(
    (sheet) => matches(sheet.name, words) && (gray === "" || sheet.nearGray === (gray === "1")),
  );
  inOrder = sorted(wanted, by, $("first").value, $("second").value);
  $("sheets").style.setProperty("--count", visible().length + 2);
  for (const sheet of inOrder) {
    const gain = by === "difference" ? lead(sheet, $("first").value, $("second").value) : null;
    sheet.note.textContent = isNumber(gain) ? `lead ${number(gain, metricOf(state.metric).digits, true)}` : "";
    label(sheet);
  }
  $("sheets").replaceChildren(...inOrder.map((sheet) => sheet.element));
  $("shown").textContent = `${inOrder.length} of ${sheets.length}`;
}

function setHeat(on) {
  state.heat = on;
  document.body.classList.toggle("maps", on);
  if (on) for (const map of document.querySelectorAll("[data-heat]")) map.reveal();
}

/** The scored pictures of a plugin, best first (highest, if the measure has no better side). */
function ranked(name) {
  const scored = sheets.filter((sheet) => isNumber(scoreOf(sheet.picture, name, state.metric)));
  return sorted(scored, "best", name);
}

function extreme(sheet, name) {
  const images = imagesOf(sheet);
  const value = number(scoreOf(sheet.picture, name, state.metric), metricOf(state.metric).digits);
  const pair = [picture(images.truth, "truth")];
  if (images.results[name]) pair.push(picture(images.results[name], name));
  return make("button", { type: "button", title: sheet.name, onclick: () => openLarge(sheet) }, ...pair, make("b", {}, value));
}

function extremeRow(name) {
  const all = ranked(name);
  const count = Math.min(EXTREMES, Math.floor(all.length / 2) || all.length);
  const best = make("div", {}, ...all.slice(0, count).map((sheet) => extreme(sheet, name)));
  const worst = make("div", {}, ...all.slice(Math.max(count, all.length - count)).map((sheet) => extreme(sheet, name)));
  return [best, worst];
}

const extremesSeen = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      extremesSeen.unobserve(target);
      target.append(...extremeRow(target.dataset.plugin));
    }
  },
  { rootMargin: "300px" },
);

function drawExtremes() {
  const metric = metricOf(state.metric);
  const ends = metric.higher_is_better === null ? ["highest", "lowest"] : ["best", "worst"];
  $("extremes-title").textContent = `By ${metric.label}; ${ends.join(" first, then ")}. The original above, the result under it.`;
  extremesSeen.disconnect();
  const rows = visible().map((plugin) => make("div", { class: "extremes", "data-plugin": plugin.name }, make("h3", {}, plugin.name)));
  $("extreme-rows").replaceChildren(...rows);
  for (const row of rows) extremesSeen.observe(row);
}

// The large view.

function scoreTable(sheet, shown) {
  const keys = Object.keys(report.metrics);
  const best = Object.fromEntries(keys.map((key) => [key, bestOn(sheet, key, shown)]));
  const titles = keys.map((key) => make("th", { scope: "col", title: metricOf(key).summary }, metricOf(key).label));
  const rows = shown.map((name) => {
    const record = scores.get(sheet.picture)?.get(name);
    const cells = keys.map((key) => {
      const value = record?.metrics?.[key];
      const text = number(value, metricOf(key).digits);
      return make("td", {}, isNumber(value) && value === best[key] ? make("b", { class: "best" }, text) : text);
    });
    if (record?.error) cells.splice(0, cells.length, make("td", { colspan: keys.length, class: "failed" }, record.error));
    return make("tr", {}, make("th", { scope: "row" }, name), ...cells, make("td", {}, seconds(record?.seconds)));
  });
  const first = make("tr", {}, make("th", { scope: "col" }, "plugin"), ...titles, make("th", { scope: "col" }, "time"));
  return make("table", {}, make("thead", {}, first), make("tbody", {}, ...rows));
}

function largeTile(sheet, images, name) {
  const score = number(scoreOf(sheet.picture, name, state.metric), metricOf(state.metric).digits);
  const pair = make("div", { class: "pair" }, resultImages(images.results[name], null, name));
  if (images.heats[name]) pair.append(picture(images.heats[name], `ΔE94 of ${name}`, { class: "map" }));
  return make("figure", { class: "double" }, pair, make("figcaption", {}, make("b", {}, score), make("span", {}, name)));
}

function openLarge(sheet) {
  const images = imagesOf(sheet);
  const shown = visible().map((plugin) => plugin.name);
  const step = (by) => {
    const at = inOrder.indexOf(sheet);
    const next = inOrder[(at + by + inOrder.length) % inOrder.length];
    if (next) openLarge(next);
  };
  const button = (text, what, onclick) => make("button", { type: "button", "aria-label": what, title: what, onclick }, text);
  const name = make("h2", { id: "large-name" }, sheet.name);
  if (sheet.nearGray) name.append(" ", make("small", { class: "flag" }, "gray original"));
  const bar = make("header", {}, name, button("←", "previous picture", () => step(-1)), button("→", "next picture", () => step(1)), button("×", "close", () => $("large").close()));
  const tiles = make("div", { class: "tiles" }, plainTile(images.gray, "gray"), plainTile(images.truth, "truth"), ...shown.map((plugin) => largeTile(sheet, images, plugin)));
  const legend = $("bands").cloneNode(true);
  legend.removeAttribute("id");
  legend.className = "bands";
  const table = make("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "All scores" }, scoreTable(sheet, shown));
  const used = $("large").contains(document.activeElement) && document.activeElement.title;
  $("large").replaceChildren(bar, tiles, legend, table, make("p", { class: "note" }, `SHA-256 ${sheet.picture}`));
  $("large").onkeydown = (event) => {
    if (event.target.closest(".wide")) return; // arrows scroll the table
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  };
  if (!$("large").open) $("large").showModal();
  $("large").scrollTop = 0;
  (used && [...bar.children].find((child) => child.title === used) || $("large")).focus();
}

function placeholder(sheet, seen) {
  const open = make("button", { type: "button", title: "Large view", onclick: () => openLarge(sheet) }, sheet.name);
  const title = make("h3", {}, open);
  if (sheet.nearGray) title.append(" ", make("small", { class: "flag" }, "gray original"));
  sheet.note = make("small");
  title.append(" ", sheet.note);
  sheet.element = make("li", {}, title);
  sheet.element.sheet = sheet;
  seen.observe(sheet.element);
}

function startSheets() {
  paintBands();
  const names = plugins.map((plugin) => [plugin.name, plugin.name]);
  fillSelect($("first"), names, names[0]?.[0]);
  fillSelect($("second"), names, (names[1] ?? names[0])?.[0]);
  const seen = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) fill(target.sheet);
      }
    },
    { rootMargin: "600px" },
  );
  for (const sheet of sheets) placeholder(sheet, seen);
  for (const id of ["order", "first", "second", "gray"]) $(id).addEventListener("change", drawSheets);
  $("names").addEventListener("input", drawSheets);
  $("heat").addEventListener("change", () => setHeat($("heat").checked));
  addEventListener("beforeprint", () => {
    inOrder.slice(0, PRINTED).forEach(fill);
    const filled = inOrder.filter((sheet) => sheet.tiles).length;
    $("printed").textContent = `${filled} of ${inOrder.length} pictures are printed: the first ${PRINTED}, and those scrolled to.`;
  });
}
