() => {
  // A picture or film that is pasted goes where a file may be dropped now.
  const give = (drop, file, patience) => {
    const input = drop.querySelector("input[type=file]");
    if (input) {
      const carrier = new DataTransfer();
      carrier.items.add(file);
      input.files = carrier.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    } else if (patience > 0) {
      setTimeout(() => give(drop, file, patience - 1), 50);
    }
  };
  document.addEventListener("paste", (event) => {
    const file = event.clipboardData?.files?.[0];
    const drop = [...document.querySelectorAll(".drop")].find((one) => one.offsetParent !== null);
    if (!file || !drop) return;
    event.preventDefault();
    drop.querySelector("button[aria-label=Clear]")?.click();
    give(drop, file, 40);
  });

  // R and N answer the survey's question, unless somebody types.
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches?.("input, textarea, select")) return;
    const name = { r: "real", n: "not-real" }[event.key.toLowerCase()];
    const button = name && document.getElementById(name);
    if (button && button.offsetParent !== null) button.click();
  });

  // Gradio's slider between two pictures follows the mouse alone: give it a name, keys and words.
  const STEPS = { ArrowLeft: -0.05, ArrowRight: 0.05, PageDown: -0.2, PageUp: 0.2, Home: -1, End: 1 };
  // Where the picture lies in its box, in pixels: a tall one has room on both sides.
  const frame = (handle) => {
    const box = handle.parentElement.getBoundingClientRect();
    const image = handle.parentElement.querySelector("img");
    const ratio = image?.naturalHeight ? image.naturalWidth / image.naturalHeight : Infinity;
    const width = Math.min(box.width, box.height * ratio);
    return { box, left: (box.width - width) / 2, width };
  };
  const place = (handle) => {
    const { left, width } = frame(handle);
    const x = new DOMMatrix(getComputedStyle(handle).transform).m41;
    return width ? (x - left) / width : 0.5;
  };
  const move = (handle, to) => {
    const { box, left, width } = frame(handle);
    const x = box.left + left + Math.min(1, Math.max(0, to)) * width;
    const at = { view: window, bubbles: true, clientX: x, clientY: box.top + box.height / 2 };
    handle.dispatchEvent(new MouseEvent("mousedown", at));
    window.dispatchEvent(new MouseEvent("mouseup", at));
  };
  const dress = (handle) => {
    handle.setAttribute("role", "slider");
    handle.setAttribute("tabindex", "0");
    handle.setAttribute("aria-label", "Line between before and after");
    handle.setAttribute("aria-valuemin", "0");
    handle.setAttribute("aria-valuemax", "100");
    const tell = () => handle.setAttribute("aria-valuenow", Math.round(100 * place(handle)));
    handle.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (step === undefined) return;
      event.preventDefault();
      move(handle, Math.abs(step) === 1 ? (step + 1) / 2 : place(handle) + step);
      setTimeout(tell, 50);
    });
    window.addEventListener("mouseup", tell);
    tell();
    const [before, after] = handle.parentElement.querySelectorAll("img");
    if (before) before.alt = "Before: the picture in grey";
    if (after) after.alt = "After: the picture in colour";
  };
  // What went wrong is brought into view; Gradio's own messages come folded up.
  const told = new WeakSet();
  const unfold = () => {
    for (const one of document.querySelectorAll(".notice [role=alert], [data-testid=toast-body]")) {
      if (told.has(one)) continue;
      told.add(one);
      if (one.role === "alert") one.scrollIntoView({ block: "nearest" });
      else if (!one.querySelector("[data-testid=toast-text]")) one.firstElementChild?.click();
    }
  };

  let waiting = false;
  new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      unfold();
      document.querySelectorAll("#slider [data-testid=slider]:not([role=slider])").forEach(dress);
    });
  }).observe(document.body, { childList: true, subtree: true });
}
