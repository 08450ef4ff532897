// The page: pictures in, requests to the worker, results out.

const element = (id) => document.getElementById(id);
const [status, result, before, after] = ["status", "result", "before", "after"].map(element);

// Most pixels of a picture. Browsers cannot hold much larger ones in a canvas.
const MAX_PIXELS = 64e6;
// Milliseconds until a moved slider starts a computation.
const DELAY = 150;

let picture = null; // the picture that is shown: name, pixels, and its number
let opened = 0; // how many pictures were opened
let busy = false; // whether the worker computes
let wanted = null; // the request that waits for the worker
let ready = false;
let broken = ""; // why the colorizer cannot be loaded
let address = null; // of the download

const worker = new Worker("worker.js", { type: "module" });

function say(text, isError = false) {
  status.textContent = text;
  status.classList.toggle("error", isError);
}

worker.onmessage = ({ data }) => {
  if (data.kind === "ready") {
    ready = true;
    element("about").textContent =
      `Colorizer: ${data.plugin} (${data.license}), colortk ${data.colortk}, ` +
      `${data.threads} ${data.threads === 1 ? "thread" : "threads"}.`;
    document.documentElement.dataset.threads = data.threads;
    if (wanted === null) say("Ready.");
  } else {
    busy = false;
    if (data.kind === "failed") {
      if (!ready) broken = data.message;
      say(data.message, true);
    } else if (picture && data.number === picture.number) {
      show(data);
    }
  }
  send();
};
worker.onerror = (event) => {
  broken = `The colorizer cannot be loaded: ${event.message || "a file is missing"}.`;
  say(broken, true);
};

function request() {
  wanted = { number: picture.number, strength: Number(element("strength").value) };
  send();
}

function send() {
  if (busy || !ready || wanted === null) return;
  const { width, height, pixels } = picture;
  say(`Coloring ${picture.name}…`);
  busy = true;
  worker.postMessage({ ...wanted, width, height, pixels });
  wanted = null;
}

function show({ pixels, seconds, strength }) {
  const { width, height } = picture;
  after.width = width;
  after.height = height;
  after.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
  result.hidden = false;
  const { number, name } = picture;
  after.toBlob((blob) => {
    if (!picture || number !== picture.number) return;
    if (blob === null) return say(`${name} is too large to be saved as PNG.`, true);
    if (address) URL.revokeObjectURL(address);
    address = URL.createObjectURL(blob);
    const link = element("download");
    link.href = address;
    link.download = `${name.replace(/\.[^.]*$/, "")}-colorized.png`;
    link.hidden = false;
    if (wanted === null && !busy) say(`${name}: done in ${seconds.toFixed(1)} s.`);
    document.documentElement.dataset.shown = `${number} ${strength}`;
  }, "image/png");
}

async function open(file) {
  const number = ++opened;
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return say(`${file.name} cannot be read: it is not a picture that this browser knows.`, true);
  }
  if (number !== opened) return; // another picture was opened meanwhile
  const { width, height } = bitmap;
  if (width * height > MAX_PIXELS) {
    return say(`${file.name} has more than 64 megapixels. Use the command colortk run.`, true);
  }
  before.width = width;
  before.height = height;
  const context = before.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  result.hidden = true;
  element("download").hidden = true;
  const pixels = context.getImageData(0, 0, width, height).data;
  picture = { number, name: file.name, width, height, pixels };
  if (broken) return say(broken, true);
  if (!ready) say("Loading the colorizer…");
  request();
}

element("file").onchange = (event) => event.target.files.length && open(event.target.files[0]);
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    element("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files.length) open(event.dataTransfer.files[0]);
  });
}
document.addEventListener("paste", (event) => {
  if (event.clipboardData.files.length) open(event.clipboardData.files[0]);
});

element("split").oninput = (event) => {
  element("views").style.setProperty("--split", `${event.target.value}%`);
};
let timer = 0;
element("strength").oninput = (event) => {
  element("strength-value").textContent = Number(event.target.value).toFixed(1);
  clearTimeout(timer);
  timer = setTimeout(() => picture && request(), DELAY);
};

// The service worker stores all files, so that the page opens without a network.
const offline = element("offline");
if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register("offline.js").then(
    () => navigator.serviceWorker.ready.then(() => {
      offline.textContent = "This page works offline now.";
    }),
    (error) => { offline.textContent = `This page does not work offline: ${error.message}`; },
  );
} else {
  offline.textContent = "This page works offline only if it comes from localhost or over HTTPS.";
}
