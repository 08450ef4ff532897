"use strict";
// Plain data, small functions. Text goes into the page as text only, never as HTML.

const $ = (id) => document.getElementById(id);
const report = JSON.parse($("report").textContent);
const counts = JSON.parse($("counts").textContent);
const verdictLines = JSON.parse($("verdict-lines").textContent);
const plugins = report.plugins;
const state = { metric: report.ranking_metric, words: [], heat: false };

/** An element with attributes and children; "svg:" before the name makes it one of SVG. */
function make(name, attributes = {}, ...children) {
  const node = name.startsWith("svg:")
    ? document.createElementNS("http://www.w3.org/2000/svg", name.slice(4))
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const metricOf = (name) => ({ label: name, digits: 3, higher_is_better: null, ...report.metrics[name] });
const visible = () => plugins.filter((plugin) => matches(plugin.name, state.words));

/** Whether `text` holds any of the words, upper and lower case alike; no words match all. */
function matches(text, words) {
  const lower = text.toLowerCase();
  return words.length === 0 || words.some((word) => lower.includes(word));
}

const wordsOf = (field) => field.value.toLowerCase().split(/[\s,]+/).filter(Boolean);

function number(value, digits, sign = false) {
  if (!isNumber(value)) return "–";
  const text = Math.abs(value).toFixed(digits);
  const zero = Number(text) === 0;
  return (zero ? "" : value < 0 ? "−" : sign ? "+" : "") + text;
}

function seconds(value) {
  if (!isNumber(value)) return "–";
  const unit = value < 1 ? [value * 1000, " ms"] : [value, " s"];
  return Number(unit[0].toPrecision(unit[0] < 100 ? 2 : 3)) + unit[1];
}

function direction(metric) {
  const higher = metric.higher_is_better;
  return higher === null ? "" : higher ? ", higher is better" : ", lower is better";
}

/** Compares two values, those that are missing last whichever way it goes. */
function order(a, b, sign) {
  if (isNumber(a) && isNumber(b)) return sign * (a - b);
  return isNumber(b) - isNumber(a);
}

// Scores, by picture and plugin.
const scores = new Map();
for (const record of report.records ?? []) {
  if (!scores.has(record.picture)) scores.set(record.picture, new Map());
  scores.get(record.picture).set(record.plugin, record);
}
const scoreOf = (picture, plugin, metric) => scores.get(picture)?.get(plugin)?.metrics?.[metric];

// The ranked table: what Python wrote, sorted and filtered.

const cellOf = (row, key) => row.querySelector(`[data-key="${CSS.escape(key)}"]`);

function sortTable(key, descending) {
  const body = $("ranking").tBodies[0];
  const value = (row) => Number.parseFloat(cellOf(row, key).dataset.value ?? "");
  const text = (row) => (key === "name" ? row.dataset.plugin : cellOf(row, key).dataset.value);
  const rows = [...body.rows].sort((a, b) =>
    key === "name" || key === "group"
      ? (descending ? -1 : 1) * text(a).localeCompare(text(b))
      : order(value(a), value(b), descending ? -1 : 1),
  );
  body.append(...rows);
  markSorted(key, descending);
}

function markSorted(key, descending) {
  for (const title of $("ranking").tHead.rows[0].cells) {
    const sorted = title.dataset.key === key;
    title.setAttribute("aria-sort", sorted ? (descending ? "descending" : "ascending") : "none");
  }
}

/** Order, ranks and groups by a measure, as the report has computed them; null without any. */
const verdictBy = (metric) => report.verdicts?.[metric] ?? null;

/** Ranks the table by a measure: its order, its ranks, its groups, and what they mean. */
function rankBy(metric) {
  // A measure of the whole set has no value of single pictures, and so no verdict.
  const unranked = () => report.plugins.map(({ name, n }) => ({ name, rank: null, group: "", n }));
  const verdict = verdictBy(metric) ?? { plugins: unranked() };
  const rows = new Map([...$("ranking").tBodies[0].rows].map((row) => [row.dataset.plugin, row]));
  for (const { name, rank, group, n } of verdict.plugins) {
    const row = rows.get(name);
    const cells = { rank: rank ?? "", group, n };
    for (const [key, value] of Object.entries(cells)) {
      const cell = cellOf(row, key);
      cell.dataset.value = value;
      cell.textContent = value === "" ? "–" : key === "n" && n !== report.images ? `${n} of ${report.images}` : value;
    }
    row.parentElement.append(row);
  }
  showColumn(metric, true);
  const box = $("columns").querySelector(`[data-column="${CSS.escape(metric)}"]`);
  if (box) box.checked = true;
  markSorted(metric, metricOf(metric).higher_is_better !== false);
  $("verdict").replaceChildren(...(verdictLines[metric] ?? [`plugins are not ranked by ${metricOf(metric).label}`]).map((line) => make("li", {}, line)));
}

function sortByTitle(event) {
  const title = event.target.closest("th");
  if (!title) return;
  const now = title.getAttribute("aria-sort");
  const descending = now === "none" || !now ? title.dataset.better === "higher" : now === "ascending";
  sortTable(title.dataset.key, descending);
}

function showColumn(key, shown) {
  for (const cell of $("ranking").querySelectorAll(`[data-key="${CSS.escape(key)}"]`)) {
    cell.hidden = !shown;
  }
}

function columnChoices() {
  const titles = [...$("ranking").tHead.rows[0].cells].slice(3);
  for (const title of titles) {
    const change = (event) => showColumn(title.dataset.key, event.target.checked);
    const box = make("input", { type: "checkbox", onchange: change, "data-column": title.dataset.key });
    box.checked = !title.hidden;
    $("columns").append(make("label", { title: title.title }, box, ` ${title.querySelector("button").textContent.trim()}`));
    intervalMarks(title.dataset.key);
  }
}

/** A line under every number of a column: its interval, on a scale that the column shares. */
function intervalMarks(key) {
  const cells = [...$("ranking").querySelectorAll(`tbody [data-key="${CSS.escape(key)}"][data-low]`)];
  const ends = cells.flatMap((cell) => [Number(cell.dataset.low), Number(cell.dataset.high)]);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const share = (value) => (high > low ? (100 * (value - low)) / (high - low) : 0);
  for (const cell of cells) {
    const line = make("s", { "aria-hidden": "true" }, make("i"), make("b"));
    line.firstChild.style.left = `${share(Number(cell.dataset.low))}%`;
    line.firstChild.style.right = `${100 - share(Number(cell.dataset.high))}%`;
    line.lastChild.style.left = `${share(Number(cell.dataset.value))}%`;
    cell.append(line);
  }
}

function filterTable() {
  for (const row of $("ranking").tBodies[0].rows) {
    row.hidden = !matches(row.dataset.plugin, state.words);
  }
}

function listFailures() {
  const failed = report.failures ?? [];
  if (failed.length === 0) return;
  const rows = failed.map((row) =>
    make("tr", {}, make("td", {}, row.plugin ?? ""), make("td", {}, row.picture ?? ""), make("td", {}, row.error ?? "")),
  );
  const titles = ["plugin", "picture", "why"].map((text) => make("th", { scope: "col" }, text));
  $("failures").hidden = false;
  $("failures").querySelector("summary").append(`${failed.length} without a result`);
  $("failures").lastElementChild.append(
    make("table", { class: "text" }, make("thead", {}, make("tr", {}, ...titles)), make("tbody", {}, ...rows)),
  );
}

function fillSelect(select, entries, chosen) {
  select.append(...entries.map(([value, label]) => make("option", { value }, label)));
  select.value = chosen;
}

/** Draws again all that depends on the measure and on the plugins shown. */
function refresh() {
  filterTable();
  drawCharts();
  drawExtremes();
  drawSheets();
}

function start() {
  document.documentElement.classList.add("scripted");
  if (!(state.metric in report.metrics)) state.metric = Object.keys(report.metrics)[0];
  const names = Object.keys(report.metrics).map((name) => [name, metricOf(name).label]);
  fillSelect($("metric"), names, state.metric);
  columnChoices();
  listFailures();
  startSheets();
  rankBy(state.metric);
  refresh();
  $("ranking").tHead.addEventListener("click", sortByTitle);
  $("metric").addEventListener("change", () => {
    state.metric = $("metric").value;
    rankBy(state.metric);
    refresh();
  });
  $("plugins").addEventListener("input", () => {
    state.words = wordsOf($("plugins"));
    refresh();
  });
  for (const form of document.forms) form.addEventListener("submit", (e) => e.preventDefault());
  let width = document.body.clientWidth;
  addEventListener("resize", () => {
    if (document.body.clientWidth !== width) drawCharts();
    width = document.body.clientWidth;
  });
}

document.addEventListener("DOMContentLoaded", start);
