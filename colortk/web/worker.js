// Runs the exported file with ONNX Runtime Web, apart from the page, which stays responsive.

import * as ort from "./runtime/ort.wasm.min.mjs";

// Most threads. More hardly help networks of this size.
const MAX_THREADS = 8;

// Threads need shared memory, which browsers allow only to pages with the headers that the service
// worker adds: from the second time that the page is opened.
const threads = self.crossOriginIsolated
  ? Math.min(MAX_THREADS, Math.max(1, navigator.hardwareConcurrency || 1))
  : 1;
ort.env.wasm.numThreads = threads;
ort.env.wasm.wasmPaths = new URL("./runtime/", import.meta.url).href;
ort.env.logLevel = "error";

async function load() {
  const [model, facts] = await Promise.all(
    ["colorize.onnx", "facts.json"].map(async (name) => {
      const reply = await fetch(name);
      if (!reply.ok) throw new Error(`${name}: ${reply.status} ${reply.statusText}`);
      return name.endsWith(".json") ? reply.json() : new Uint8Array(await reply.arrayBuffer());
    }),
  );
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  self.postMessage({ kind: "ready", threads, ...facts });
  return session;
}

const loading = load();
loading.catch((error) => fail(0, `The colorizer cannot be loaded: ${error.message}`));

function fail(number, message) {
  self.postMessage({ kind: "failed", number, message });
}

self.onmessage = async ({ data }) => {
  const { number, strength, width, height, pixels } = data;
  const start = performance.now();
  try {
    const session = await loading;
    const count = width * height;
    const rgb = new Uint8Array(3 * count);
    for (let i = 0, from = 0, to = 0; i < count; i++, from += 4, to += 3) {
      rgb[to] = pixels[from];
      rgb[to + 1] = pixels[from + 1];
      rgb[to + 2] = pixels[from + 2];
    }
    const { colorized } = await session.run({
      picture: new ort.Tensor("uint8", rgb, [height, width, 3]),
      strength: new ort.Tensor("float32", new Float32Array([strength]), []),
    });
    const colors = colorized.data;
    for (let i = 0, from = 0, to = 0; i < count; i++, from += 3, to += 4) {
      pixels[to] = colors[from];
      pixels[to + 1] = colors[from + 1];
      pixels[to + 2] = colors[from + 2];
    }
    colorized.dispose();
    const seconds = (performance.now() - start) / 1000;
    self.postMessage({ kind: "done", number, strength, seconds, pixels }, [pixels.buffer]);
  } catch (error) {
    fail(number, `The picture cannot be colored: ${error.message}`);
  }
};
