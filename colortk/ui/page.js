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
  const move = (handle, to) => {
    const box = handle.parentElement.getBoundingClientRect();
    const now = handle.getBoundingClientRect();
    const at = { view: window, bubbles: true, clientY: now.top + now.height / 2 };
    const from = now.left + now.width / 2;
    const x = box.left + Math.min(1, Math.max(0, to)) * box.width;
    handle.dispatchEvent(new MouseEvent("mousedown", { ...at, clientX: from }));
    window.dispatchEvent(new MouseEvent("mousemove", { ...at, clientX: x }));
    window.dispatchEvent(new MouseEvent("mouseup", { ...at, clientX: x }));
  };
  const place = (handle) => {
    const box = handle.parentElement.getBoundingClientRect();
    const now = handle.getBoundingClientRect();
    return box.width ? (now.left + now.width / 2 - box.left) / box.width : 0.5;
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
      requestAnimationFrame(tell);
    });
    window.addEventListener("mouseup", tell);
    tell();
    const [before, after] = handle.parentElement.querySelectorAll("img");
    if (before) before.alt = "Before: the picture in grey";
    if (after) after.alt = "After: the picture in colour";
  };
  let waiting = false;
  new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      document.querySelectorAll("#slider [data-testid=slider]:not([role=slider])").forEach(dress);
    });
  }).observe(document.body, { childList: true, subtree: true });
}
