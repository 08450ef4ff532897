// The editor of hints. Gradio runs this text as a function of `element`, `trigger` and `props`.
// props.value is the message to the server; messages from the server come as "colortk-view".
const MAX_POINTS = 200, MAX_STROKE = 24, MAX_UNDO = 200, MAX_RUNS = 20000;
const SWATCH_LIGHTNESS = 60; // at which a hue is easy to see
const MASK_SIDE = 640; // pixels of the longer side of a painted mask, which is enlarged smoothly
const $ = (selector) => element.querySelector(selector);
const stage = $(".stage"), image = $(".stage img"), markers = $(".points");
const overlay = $(".stage canvas"), cursor = $(".cursor"), brushSize = $("input[type=range]");
const picker = $("input[type=color]"), fileInput = $("input[type=file]");
const COMMON = [
  ["Light skin", "#e3b196"], ["Dark skin", "#8d5a3c"], ["Blond", "#c9a66b"], ["Brown", "#6b4a2f"],
  ["Blue", "#2a4d8f"], ["Sky", "#8db4dc"], ["Green", "#5b7d3a"], ["Red", "#a8322d"], ["Khaki", "#8a7d4f"],
];

const HELP = {
  point: "Click where you know the color, then choose it below. It spreads to the next edges. Drag to move.",
  stroke: "Draw a line through an area, then choose its color. The color spreads to the next edges.",
  gray: "Paint what is to stay gray.",
  ungray: "Paint what is to have colors again.",
};

let view = null; // the picture: identifier, name, width, height
// A point, or a stroke: `path` has the further points of a stroke, relative to its first point.
let points = [], selected = -1, lastColor = picker.value;
let mask = null; // { width, height, bits }: 1 is colored, 0 stays gray; null if all is colored
let tool = "point", drawing = null, position = null; // `position` is that of the keyboard's cursor
let past = [], future = [], running = null; // `running` names a change that goes on, as a drag
const prediction = document.createElement("canvas");

// Color: sRGB (0 to 1) and CIELAB under D65.
const toLinear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const toGamma = (v) => (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055);
const toLab = (rgb) => {
  const [r, g, b] = rgb.map(toLinear);
  const f = (t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
};
const labToLinear = (l, a, b) => {
  const f = (t) => (t > 6 / 29 ? t ** 3 : (t - 16 / 116) / 7.787);
  const y = (l + 16) / 116;
  const X = 0.95047 * f(y + a / 500), Y = f(y), Z = 1.08883 * f(y - b / 200);
  return [
    3.2404542 * X - 1.5371385 * Y - 0.4985314 * Z,
    -0.969266 * X + 1.8760108 * Y + 0.041556 * Z,
    0.0556434 * X - 0.2040259 * Y + 1.0572252 * Z,
  ];
};
const parseHex = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255);
const byte = (v) => Math.round(255 * Math.min(1, Math.max(0, v))).toString(16).padStart(2, "0");
const toHex = (rgb) => "#" + rgb.map(byte).join("");
// The color of this hue that sRGB has at the lightness l: the result keeps the lightness.
const possible = (a, b, l) => {
  const inside = (k) => labToLinear(l, k * a, k * b).every((v) => v >= -0.0005 && v <= 1.0005);
  let low = 0, high = 1;
  if (!inside(1)) {
    for (let i = 0; i < 20; i++) {
      const middle = (low + high) / 2;
      if (inside(middle)) low = middle;
      else high = middle;
    }
  } else low = 1;
  return toHex(labToLinear(l, low * a, low * b).map((v) => toGamma(Math.min(1, Math.max(0, v)))));
};

// The plugin's color at a point of the full-size picture, as CIELAB.
const predictedAt = (x, y) => {
  if (!prediction.width || !view) return null;
  const column = Math.floor(((x + 0.5) / view.width) * prediction.width);
  const row = Math.floor(((y + 0.5) / view.height) * prediction.height);
  if (column < 0 || row < 0 || column >= prediction.width || row >= prediction.height) return null;
  const { data } = prediction.getContext("2d").getImageData(column, row, 1, 1);
  return toLab([data[0] / 255, data[1] / 255, data[2] / 255]);
};
// Different colors that the plugin has at a point and around it.
const likelyAt = (x, y) => {
  const found = [];
  for (const distance of [0, 0.01, 0.025, 0.05]) {
    const reach = distance * Math.min(view.width, view.height);
    for (let turn = 0; turn < (distance ? 8 : 1); turn++) {
      const angle = (turn * Math.PI) / 4;
      const lab = predictedAt(Math.round(x + reach * Math.cos(angle)), Math.round(y + reach * Math.sin(angle)));
      if (lab && found.every((other) => Math.hypot(other[1] - lab[1], other[2] - lab[2]) > 6)) found.push(lab);
    }
  }
  return found.slice(0, 4);
};

const say = (text) => { $(".message").textContent = text; };
const flat = ({ path, ...point }) =>
  [point, ...(path ?? []).map(([dx, dy]) => ({ ...point, x: point.x + dx, y: point.y + dy }))];
const asHints = () => ({ version: 1, units: "pixels", points: points.flatMap(flat) });
// A mask as the lengths of runs: first of colored pixels, then of gray ones, and so on.
const toRuns = ({ width, height, bits }) => {
  const runs = [0];
  let value = 1;
  for (const bit of bits) {
    if (bit !== value) {
      value = bit;
      runs.push(0);
    }
    runs[runs.length - 1]++;
  }
  return { width, height, runs };
};
const fromRuns = (packed) => {
  if (!packed) return null;
  const { width, height, runs } = packed, bits = new Uint8Array(width * height);
  let at = 0;
  runs.forEach((length, i) => { bits.fill((i + 1) % 2, at, (at += length)); });
  return { width, height, bits };
};
const snapshot = () => JSON.stringify({ points, mask: mask && toRuns(mask) });
const restore = (text) => {
  const state = JSON.parse(text);
  points = state.points;
  mask = fromRuns(state.mask);
};
const send = () => {
  const message = { picture: view.picture, hints: asHints() };
  if (mask) message.mask = toRuns(mask);
  props.value = JSON.stringify(message);
  trigger("input");
};
// Change points and mask in a way that can be undone. Changes with the same name are one step.
const change = (name, next, nextMask = mask) => {
  if (name === null || name !== running) {
    past.push(snapshot());
    past = past.slice(-MAX_UNDO);
  }
  running = name;
  future = [];
  points = next;
  mask = nextMask;
  render();
  send();
};
const travel = (from, to) => {
  if (!from.length) return;
  to.push(snapshot());
  restore(from.pop());
  selected = Math.min(selected, points.length - 1);
  running = null;
  render();
  send();
};
const replaceSelected = (name, values) => {
  const { x, y, radius, path } = points[selected];
  const point = { x, y, ...values, ...(radius && { radius }), ...(path && { path }) };
  change(name, points.map((other, i) => (i === selected ? point : other)));
};
// `next` is the color with which the next point begins.
const setColor = (name, color, next = color) => {
  lastColor = next;
  if (selected >= 0) replaceSelected(name, { color });
  else render();
};
const clampX = (x) => Math.min(view.width - 1, Math.max(0, Math.round(x)));
const clampY = (y) => Math.min(view.height - 1, Math.max(0, Math.round(y)));
const isFull = (count) => {
  const full = asHints().points.length + count > MAX_POINTS;
  if (full) say(`A picture takes ${MAX_POINTS} points at most. Delete a stroke or some points.`);
  return full;
};
const addPoint = (x, y) => {
  if (isFull(1)) return;
  selected = points.length;
  change(null, [...points, { x: clampX(x), y: clampY(y), color: lastColor }]);
  markers.children[selected].focus({ preventScroll: true });
};
const deleteSelected = () => {
  if (selected < 0) return;
  const at = selected;
  selected = Math.min(at, points.length - 2);
  change(null, points.filter((_, i) => i !== at));
  (markers.children[selected] ?? $("[data-do=add]")).focus({ preventScroll: true });
};
const at = (event) => {
  const box = image.getBoundingClientRect();
  return [
    ((event.clientX - box.left) / box.width) * view.width - 0.5,
    ((event.clientY - box.top) / box.height) * view.height - 0.5,
  ];
};
// Brushes. `drawing` has the positions of the stroke that is being drawn.
const radius = () => Math.max(1, Math.round((brushSize.value / 200) * Math.min(view.width, view.height)));
const brushes = {
  stroke: (path) => {
    // A stroke is a row of points: colors spread between them, and each point costs time.
    const step = Math.max(1, Math.min(view.width, view.height) / 60, length(path) / (MAX_STROKE - 1));
    const some = spaced(path, step).slice(0, MAX_STROKE);
    if (isFull(some.length)) return;
    const [[x, y], ...rest] = some;
    selected = points.length;
    const offsets = rest.map(([u, v]) => [u - x, v - y]);
    change(null, [...points, { x, y, color: lastColor, ...(rest.length && { path: offsets }) }]);
    markers.children[selected].focus({ preventScroll: true });
  },
  gray: (path) => paintMask(path, 0),
  ungray: (path) => paintMask(path, 1),
};
const length = (path) => path.slice(1).reduce((sum, [x, y], i) => sum + Math.hypot(x - path[i][0], y - path[i][1]), 0);
const spaced = (path, step) => {
  const out = [path[0]];
  let [u, v] = path[0];
  for (const [x, y] of path) {
    for (let far = Math.hypot(x - u, y - v); far >= step; far = Math.hypot(x - u, y - v)) {
      u += ((x - u) * step) / far;
      v += ((y - v) * step) / far;
      out.push([clampX(u), clampY(v)]);
      if (out.length > MAX_STROKE) return out;
    }
  }
  return out.filter(([x, y], i) => !i || x !== out[i - 1][0] || y !== out[i - 1][1]);
};
const maskSize = () => {
  // A very long picture is not scaled: rounding would change its proportions.
  const scale = Math.min(1, Math.max(MASK_SIDE / Math.max(view.width, view.height), 100 / Math.min(view.width, view.height)));
  return [Math.round(view.width * scale), Math.round(view.height * scale)];
};
const drawPath = (context, path, width) => {
  const [w, h] = [context.canvas.width / view.width, context.canvas.height / view.height];
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = width * w;
  context.beginPath();
  path.forEach(([x, y]) => context.lineTo((x + 0.5) * w, (y + 0.5) * h));
  if (path.length === 1) context.lineTo((path[0][0] + 0.5) * w + 0.01, (path[0][1] + 0.5) * h);
  context.stroke();
};
const paintMask = (path, value) => {
  const [width, height] = maskSize();
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  drawPath(context, path, 2 * radius());
  const { data } = context.getImageData(0, 0, width, height);
  const bits = mask ? mask.bits.slice() : new Uint8Array(width * height).fill(1);
  for (let i = 0; i < bits.length; i++) if (data[4 * i + 3] > 127) bits[i] = value;
  const next = bits.includes(0) ? { width, height, bits } : null;
  if (next && toRuns(next).runs.length > MAX_RUNS) return say("The gray areas have too many parts. Use a larger brush.");
  change(null, points, next);
};
const drawOverlay = () => {
  if (!view) return;
  [overlay.width, overlay.height] = maskSize();
  const context = overlay.getContext("2d");
  if (mask && tool !== "point" && tool !== "stroke") {
    const shade = context.createImageData(mask.width, mask.height);
    mask.bits.forEach((bit, i) => {
      const stripe = (i % mask.width + Math.floor(i / mask.width)) % 8 < 2;
      if (!bit) shade.data.set(stripe ? [255, 255, 255, 150] : [0, 0, 0, 90], 4 * i);
    });
    context.putImageData(shade, 0, 0);
  }
  for (const point of points) {
    if (!point.path) continue;
    const path = flat(point).map(({ x, y }) => [x, y]);
    const thin = (1.5 * view.width) / overlay.width;
    for (const [style, width] of [["#000", 2 * thin], [point.color ?? "#fff", thin]]) {
      context.strokeStyle = style;
      drawPath(context, path, width);
    }
  }
  if (drawing) {
    context.strokeStyle = tool === "stroke" ? lastColor : tool === "gray" ? "#808080" : "#fff";
    context.globalAlpha = 0.7;
    drawPath(context, drawing, tool === "stroke" ? (4 * view.width) / overlay.width : 2 * radius());
    context.globalAlpha = 1;
  }
};
const finish = () => {
  const path = drawing;
  drawing = null;
  if (path) brushes[tool](path);
  render();
};
const cancelDrawing = () => {
  drawing = null;
  drawOverlay();
};
const clamped = (event) => {
  const [x, y] = at(event);
  return [clampX(x), clampY(y)];
};
image.addEventListener("pointerdown", (event) => {
  if (!view || tool === "point" || event.button !== 0) return;
  event.preventDefault();
  image.setPointerCapture(event.pointerId);
  say("");
  drawing = [clamped(event)];
  drawOverlay();
});
image.addEventListener("pointermove", (event) => {
  if (!drawing || !image.hasPointerCapture(event.pointerId)) return;
  drawing.push(clamped(event));
  drawOverlay();
});
image.addEventListener("pointerup", () => { if (drawing) finish(); });
image.addEventListener("pointercancel", cancelDrawing);
// The keyboard's cursor: Enter sets a point, or lowers and lifts the brush.
const placeCursor = () => {
  const visible = view && position && document.activeElement === stage;
  cursor.hidden = !visible;
  if (visible) place(cursor, ...position);
};
stage.addEventListener("focus", () => {
  if (!view) return;
  position ??= [clampX(view.width / 2), clampY(view.height / 2)];
  placeCursor();
});
stage.addEventListener("blur", () => {
  if (drawing) finish();
  placeCursor();
});
stage.addEventListener("keydown", (event) => {
  if (!view || event.target !== stage || event.ctrlKey || event.metaKey) return;
  const step = (event.shiftKey ? 10 : 1) * Math.max(1, Math.round(view.width / 160));
  const move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
  if (move) {
    position = [clampX(position[0] + move[0]), clampY(position[1] + move[1])];
    if (drawing) drawing.push(position);
    drawOverlay();
  } else if (event.key === "Escape" && drawing) cancelDrawing();
  else if (event.key !== "Enter" && event.key !== " ") return;
  else if (tool === "point") addPoint(...position);
  else if (drawing) finish();
  else {
    drawing = [position];
    drawOverlay();
    say("The brush is down: arrow keys draw, Enter ends the stroke, Escape discards it.");
  }
  placeCursor();
  event.preventDefault();
});
const setTool = (name) => {
  cancelDrawing();
  tool = name;
  stage.classList.toggle("brush", tool !== "point");
  render();
};

const describe = (point) => (point.keep ? "automatic" : point.neutral ? "gray" : point.color);

const makeMarker = () => {
  const marker = document.createElement("button");
  marker.type = "button";
  marker.className = "point";
  const number = () => [...markers.children].indexOf(marker);
  let start = null;
  marker.addEventListener("focus", () => { selected = number(); render(); });
  marker.addEventListener("pointerdown", (event) => {
    start = [event.clientX, event.clientY];
    marker.setPointerCapture(event.pointerId);
  });
  marker.addEventListener("pointermove", (event) => {
    // A finger trembles: a movement of a few pixels is no drag.
    if (!start || (!marker.dragged && Math.hypot(event.clientX - start[0], event.clientY - start[1]) < 4)) return;
    marker.dragged = true;
    const [x, y] = at(event);
    place(marker, clampX(x), clampY(y));
  });
  const drop = (event) => {
    if (marker.dragged && event.type === "pointerup") {
      const [x, y] = at(event);
      selected = number();
      change(null, points.map((point, i) => (i === selected ? { ...point, x: clampX(x), y: clampY(y) } : point)));
    } else if (marker.dragged) render();
    start = null;
    marker.dragged = false;
  };
  marker.addEventListener("pointerup", drop);
  marker.addEventListener("pointercancel", drop);
  marker.addEventListener("keydown", (event) => {
    const step = (event.shiftKey ? 10 : 1) * Math.max(1, Math.round(view.width / 640));
    const move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (move) {
      const i = number();
      const { x, y } = points[i];
      selected = i;
      change(`move ${i}`, points.map((point, k) =>
        k === i ? { ...point, x: clampX(x + move[0]), y: clampY(y + move[1]) } : point));
    } else if (event.key === "Delete" || event.key === "Backspace") deleteSelected();
    else return;
    event.preventDefault();
  });
  return marker;
};
const place = (marker, x, y) => {
  marker.style.left = `${(100 * (x + 0.5)) / view.width}%`;
  marker.style.top = `${(100 * (y + 0.5)) / view.height}%`;
};
const render = () => {
  while (markers.children.length > points.length) markers.lastElementChild.remove();
  while (markers.children.length < points.length) markers.append(makeMarker());
  points.forEach((point, i) => {
    const marker = markers.children[i];
    place(marker, point.x, point.y);
    marker.style.background = point.color ?? (point.neutral ? "#808080" : "transparent");
    marker.setAttribute("aria-pressed", i === selected);
    marker.title = `${point.path ? "Stroke" : "Point"} ${i + 1} at ${point.x}, ${point.y}: ${describe(point)}`;
    marker.setAttribute("aria-label", marker.title);
  });
  const point = points[selected];
  const kind = point?.path || (!point && tool === "stroke") ? "Stroke" : "Point";
  $(".title").textContent = point ? `${kind} ${selected + 1} of ${points.length}` : `Next ${kind.toLowerCase()}`;
  $(".help").textContent = HELP[tool];
  $(".size").hidden = tool === "point" || tool === "stroke";
  $(".panel").hidden = tool === "gray" || tool === "ungray";
  for (const button of element.querySelectorAll("[data-tool]")) {
    button.setAttribute("aria-checked", button.dataset.tool === tool);
    button.tabIndex = button.dataset.tool === tool ? 0 : -1;
  }
  drawOverlay();
  placeCursor();
  picker.value = point?.color ?? lastColor;
  const lab = point && predictedAt(point.x, point.y);
  $(".possible").hidden = !(lab && point.color);
  if (lab && point.color) {
    const [, a, b] = toLab(parseHex(point.color));
    const shown = possible(a, b, lab[0]);
    $(".possible i").style.background = shown;
    $(".possible span").textContent = `here: ${shown}`;
  }
  for (const [name, disabled] of [
    ["undo", !past.length], ["redo", !future.length], ["save", !points.length], ["mask", !mask],
    ["keep", !point], ["neutral", !point], ["delete", !point],
  ]) $(`[data-do=${name}]`).disabled = disabled;
  for (const name of ["keep", "neutral"]) $(`[data-do=${name}]`).setAttribute("aria-pressed", Boolean(point?.[name]));
  const likely = lab ? likelyAt(point.x, point.y) : [];
  // Name, the color by itself, and the color at the lightness of the point. In the dark part of
  // a picture the latter are all nearly black, so that a swatch shows both.
  const swatches = [
    ...likely.map(([, a, b], i) => [`Likely color ${i + 1}`, possible(a, b, SWATCH_LIGHTNESS), possible(a, b, lab[0])]),
    ...COMMON.map(([name, color]) => {
      const [, a, b] = toLab(parseHex(color));
      return [name, color, lab ? possible(a, b, lab[0]) : color];
    }),
  ];
  const box = $(".swatches");
  while (box.children.length > swatches.length) box.lastElementChild.remove();
  while (box.children.length < swatches.length) {
    const swatch = document.createElement("button");
    swatch.type = "button";
    swatch.addEventListener("click", () => setColor(null, swatch.dataset.color, swatch.dataset.next));
    box.append(swatch);
  }
  swatches.forEach(([name, itself, color], i) => {
    const swatch = box.children[i];
    swatch.style.background = `linear-gradient(135deg, ${itself} 50%, ${color} 50%)`;
    swatch.dataset.color = color;
    // The next point may be brighter: it begins with the color itself, not with a dark, pale one.
    swatch.dataset.next = i < likely.length ? color : itself;
    swatch.title = name;
    swatch.setAttribute("aria-label", `${name} ${color}`);
  });
};

const save = () => {
  const text = JSON.stringify(asHints(), null, 2) + "\n";
  offer(new Blob([text], { type: "application/json" }), `${view.name}.hints.json`);
};
const saveMask = () => {
  const { width, height, bits } = mask;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pixels = new ImageData(width, height);
  bits.forEach((bit, i) => pixels.data.set([255 * bit, 255 * bit, 255 * bit, 255], 4 * i));
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  canvas.toBlob((blob) => offer(blob, `${view.name}.mask.png`), "image/png");
};
const offer = (blob, name) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
};
const readPoint = (point, fractions) => {
  const number = (value) => {
    if (typeof value !== "number" || !Number.isFinite(value)) throw new Error("a position is not a number");
    return value;
  };
  let x = number(point.x), y = number(point.y), radius = number(point.radius ?? 0);
  if (fractions) {
    x = x * view.width - 0.5;
    y = y * view.height - 0.5;
    radius *= Math.min(view.width, view.height);
  }
  if (radius < 0) throw new Error("a radius is negative");
  const size = radius ? { radius } : {};
  if (point.keep === true) return { x, y, keep: true, ...size };
  if (point.neutral === true) return { x, y, neutral: true, ...size };
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(point.color);
  const color = short ? `#${short.slice(1).map((c) => c + c).join("")}` : point.color;
  if (!/^#[0-9a-f]{6}$/i.test(color)) throw new Error("a color is not written as #RRGGBB");
  return { x, y, color: color.toLowerCase(), ...size };
};
const load = async (file) => {
  try {
    if (file.size > 1000000) throw new Error("it is over 1 MB");
    const content = JSON.parse(await file.text());
    if (!Array.isArray(content?.points)) throw new Error("it has no list of points");
    if (![undefined, "pixels", "fractions"].includes(content.units)) throw new Error("its units are not known");
    const still = content.points.filter((point) => !point?.frame && !point?.time);
    if (still.length > MAX_POINTS) throw new Error(`a picture takes ${MAX_POINTS} points at most`);
    const read = still.map((point) => readPoint(point, content.units === "fractions"));
    selected = -1;
    change(null, read);
    say(`${read.length} points loaded from ${file.name}.`);
  } catch (error) {
    const reason = error instanceof SyntaxError ? "it is not JSON" : error.message;
    say(`Cannot read the hints '${file.name}': ${reason}.`);
  }
};

const actions = {
  add: () => addPoint(view.width / 2, view.height / 2),
  undo: () => travel(past, future),
  redo: () => travel(future, past),
  keep: () => replaceSelected(null, { keep: true }),
  neutral: () => replaceSelected(null, { neutral: true }),
  delete: deleteSelected,
  save,
  mask: saveMask,
  load: () => fileInput.click(),
};
element.addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-tool]");
  if (chosen && view) setTool(chosen.dataset.tool);
  const button = event.target.closest("[data-do]");
  if (button && view) {
    say("");
    actions[button.dataset.do]();
  }
});
stage.addEventListener("click", (event) => {
  if (view && event.target === image && tool === "point") addPoint(...at(event));
});
$(".tools").addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
  const tools = [...element.querySelectorAll("[data-tool]")], now = tools.indexOf(event.target);
  if (!step || now < 0 || !view) return;
  const next = tools[(now + step + tools.length) % tools.length];
  setTool(next.dataset.tool);
  next.focus();
  event.preventDefault();
});
element.addEventListener("keydown", (event) => {
  if (!view || !(event.ctrlKey || event.metaKey)) return;
  const key = event.key.toLowerCase();
  if (key === "z" && !event.shiftKey) travel(past, future);
  else if (key === "y" || key === "z") travel(future, past);
  else return;
  event.preventDefault();
});
picker.addEventListener("input", () => setColor(`color ${selected}`, picker.value));
picker.addEventListener("change", () => { running = null; });
fileInput.addEventListener("change", () => {
  if (fileInput.files[0] && view) load(fileInput.files[0]);
  fileInput.value = "";
});

const receive = () => {
  const next = window.colortkView ? JSON.parse(window.colortkView) : null;
  // A preview of an earlier change may come after that of a later one.
  if (next && next.picture === view?.picture && next.revision < view.revision) return;
  if (next?.picture !== view?.picture) {
    points = [];
    mask = drawing = position = null;
    past = [];
    future = [];
    selected = -1;
    running = null;
    prediction.width = 0;
    say("");
  }
  view = next && { ...view, ...next };
  if (!view) {
    image.removeAttribute("src");
    render();
    return;
  }
  image.src = next.src;
  $(".notes").replaceChildren(...(next.notes ?? []).map((note) =>
    Object.assign(document.createElement("p"), { textContent: note })));
  if (next.prediction) {
    const predicted = new Image();
    predicted.onload = () => {
      prediction.width = predicted.naturalWidth;
      prediction.height = predicted.naturalHeight;
      prediction.getContext("2d", { willReadFrequently: true }).drawImage(predicted, 0, 0);
      render();
    };
    predicted.src = next.prediction;
  }
  render();
};
document.addEventListener("colortk-view", receive);
receive();
