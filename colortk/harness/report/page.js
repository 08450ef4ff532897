"use strict";
// Plain data, small functions. Text goes into the page as text only, never as HTML.

const $ = (id) => document.getElementById(id);
const report = JSON.parse($("report").textContent);
const counts = JSON.parse($("counts").textContent);
const plugins = report.plugins.slice().sort((a, b) => (a.rank ?? 1e9) - (b.rank ?? 1e9));
const state = { metric: report.lead, words: [], heat: false };

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
  const name = (row) => row.dataset.plugin;
  const rows = [...body.rows].sort((a, b) =>
    key === "name"
      ? (descending ? -1 : 1) * name(a).localeCompare(name(b))
      : order(value(a), value(b), descending ? -1 : 1),
  );
  body.append(...rows);
  for (const title of $("ranking").tHead.rows[0].cells) {
    const sorted = title.dataset.key === key;
    title.setAttribute("aria-sort", sorted ? (descending ? "descending" : "ascending") : "none");
  }
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
  const titles = [...$("ranking").tHead.rows[0].cells].slice(2);
  for (const title of titles) {
    const change = (event) => showColumn(title.dataset.key, event.target.checked);
    const box = make("input", { type: "checkbox", onchange: change });
    box.checked = !title.hidden;
    $("columns").append(make("label", { title: title.title }, box, ` ${title.textContent.trim()}`));
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
    make("tr", {}, make("td", {}, row.plugin ?? ""), make("td", {}, row.name ?? ""), make("td", {}, row.error ?? "")),
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
  refresh();
  $("ranking").tHead.addEventListener("click", sortByTitle);
  $("metric").addEventListener("change", () => {
    state.metric = $("metric").value;
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
