// The editor of hints. Gradio runs this text as a function of `element`, `trigger` and `props`.
// props.value is the message to the server; messages from the server come as "colortk-view".
const MAX_POINTS = 200, MAX_UNDO = 200;
const $ = (selector) => element.querySelector(selector);
const stage = $(".stage"), image = $(".stage img"), markers = $(".points");
const picker = $("input[type=color]"), fileInput = $("input[type=file]");
const COMMON = [
  ["Light skin", "#e3b196"], ["Dark skin", "#8d5a3c"], ["Blond", "#c9a66b"], ["Brown", "#6b4a2f"],
  ["Blue", "#2a4d8f"], ["Sky", "#8db4dc"], ["Green", "#5b7d3a"], ["Red", "#a8322d"], ["Khaki", "#8a7d4f"],
];

let view = null; // the picture: identifier, name, width, height
let points = [], selected = -1, lastColor = picker.value;
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
const asHints = () => ({ version: 1, units: "pixels", points });
const send = () => {
  props.value = JSON.stringify({ picture: view.picture, hints: asHints() });
  trigger("input");
};
// Change the points in a way that can be undone. Changes with the same name are one step.
const change = (name, next) => {
  if (name === null || name !== running) {
    past.push(JSON.stringify(points));
    past = past.slice(-MAX_UNDO);
  }
  running = name;
  future = [];
  points = next;
  render();
  send();
};
const travel = (from, to) => {
  if (!from.length) return;
  to.push(JSON.stringify(points));
  points = JSON.parse(from.pop());
  selected = Math.min(selected, points.length - 1);
  running = null;
  render();
  send();
};
const replaceSelected = (name, values) => {
  const { x, y, radius } = points[selected];
  const point = radius ? { x, y, ...values, radius } : { x, y, ...values };
  change(name, points.map((other, i) => (i === selected ? point : other)));
};
const setColor = (name, color) => {
  lastColor = color;
  if (selected >= 0) replaceSelected(name, { color });
  else render();
};
const clampX = (x) => Math.min(view.width - 1, Math.max(0, Math.round(x)));
const clampY = (y) => Math.min(view.height - 1, Math.max(0, Math.round(y)));
const addPoint = (x, y) => {
  if (points.length >= MAX_POINTS) return say(`A picture takes ${MAX_POINTS} points at most.`);
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
const describe = (point) => (point.keep ? "keep" : point.neutral ? "neutral" : point.color);

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
    marker.setAttribute("aria-label", `Point ${i + 1} at ${point.x}, ${point.y}: ${describe(point)}`);
  });
  const point = points[selected];
  $(".title").textContent = point ? `Point ${selected + 1} of ${points.length}` : "Next point";
  picker.value = point?.color ?? lastColor;
  const lab = point && predictedAt(point.x, point.y);
  $(".possible").hidden = !(lab && point.color);
  if (lab && point.color) {
    const [, a, b] = toLab(parseHex(point.color));
    const shown = possible(a, b, lab[0]);
    $(".possible i").style.background = shown;
    $(".possible span").textContent = `at the lightness of this point: ${shown}`;
  }
  for (const [name, disabled] of [
    ["undo", !past.length], ["redo", !future.length], ["save", !points.length],
    ["keep", !point], ["neutral", !point], ["delete", !point],
  ]) $(`[data-do=${name}]`).disabled = disabled;
  for (const name of ["keep", "neutral"]) $(`[data-do=${name}]`).setAttribute("aria-pressed", Boolean(point?.[name]));
  const likely = lab ? likelyAt(point.x, point.y) : [];
  const swatches = [
    ...likely.map(([, a, b], i) => [`Likely color ${i + 1}`, possible(a, b, lab[0])]),
    ...COMMON.map(([name, color]) => {
      const [, a, b] = toLab(parseHex(color));
      return [name, lab ? possible(a, b, lab[0]) : color];
    }),
  ];
  const box = $(".swatches");
  while (box.children.length > swatches.length) box.lastElementChild.remove();
  while (box.children.length < swatches.length) {
    const swatch = document.createElement("button");
    swatch.type = "button";
    swatch.addEventListener("click", () => setColor(null, swatch.dataset.color));
    box.append(swatch);
  }
  swatches.forEach(([name, color], i) => {
    const swatch = box.children[i];
    swatch.style.background = color;
    swatch.dataset.color = color;
    swatch.title = name;
    swatch.setAttribute("aria-label", `${name} ${color}`);
  });
};

const save = () => {
  const text = JSON.stringify(asHints(), null, 2) + "\n";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = `${view.name}.hints.json`;
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
  load: () => fileInput.click(),
};
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button && view) {
    say("");
    actions[button.dataset.do]();
  }
});
stage.addEventListener("click", (event) => {
  if (view && event.target === image) addPoint(...at(event));
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
