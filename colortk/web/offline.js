// Stores all files of this page at its first visit, and serves them afterwards.
//
// It also adds the headers without which browsers forbid shared memory, and so threads: servers of
// static files, such as `python -m http.server`, cannot send them.

const VERSION = "__VERSION__"; // SHA-256 of all files
const FILES = __FILES__;
const PREFIX = `colortk ${self.registration.scope} `;
const NAME = PREFIX + VERSION;

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(NAME);
    // "reload" passes by the browser's own cache, which may hold files of an older version.
    await cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" })));
    // A new version waits until all tabs with the old one are closed, so that no page mixes both.
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const names = await caches.keys();
    const old = names.filter((name) => name.startsWith(PREFIX) && name !== NAME);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== self.location.origin) return;
  event.respondWith((async () => {
    const cache = await caches.open(NAME);
    const stored = await cache.match(event.request, { ignoreSearch: true });
    const reply = stored || (await fetch(event.request));
    const headers = new Headers(reply.headers);
    headers.set("Cross-Origin-Opener-Policy", "same-origin");
    headers.set("Cross-Origin-Embedder-Policy", "require-corp");
    headers.set("Cross-Origin-Resource-Policy", "same-origin");
    return new Response(reply.body, { status: reply.status, statusText: reply.statusText, headers });
  })());
});
