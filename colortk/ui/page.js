() => {
  // Put a pasted picture or film into the visible drop area.
  const setFile = (drop, file, attempts) => {
    const input = drop.querySelector("input[type=file]");
    if (input) {
      const carrier = new DataTransfer();
      carrier.items.add(file);
      input.files = carrier.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    } else if (attempts > 0) {
      setTimeout(() => setFile(drop, file, attempts - 1), 50);
    }
  };
  document.addEventListener("paste", (event) => {
    const file = event.clipboardData?.files?.[0];
    const drop = [...document.querySelectorAll(".drop")].find((area) => area.offsetParent !== null);
    if (!file || !drop) return;
    event.preventDefault();
    drop.querySelector("button[aria-label=Clear]")?.click();
    setFile(drop, file, 40);
  });

  // The keys R and N, or L and R, answer the question of the survey, except in a text field.
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches?.("input, textarea, select")) return;
    const names = { r: ["real", "right"], n: ["not-real"], l: ["left"] }[event.key.toLowerCase()] ?? [];
    for (const button of names.map((name) => document.getElementById(name))) {
      if (button && button.offsetParent !== null) button.click();
    }
  });

  // Gradio's slider between two pictures follows the mouse only: add keys, and names for screen readers.
  const STEPS = { ArrowLeft: -0.05, ArrowRight: 0.05, PageDown: -0.2, PageUp: 0.2, Home: -1, End: 1 };
  // Position of the picture in its box, in pixels: a tall picture has margins on both sides.
  const frame = (handle) => {
    const box = handle.parentElement.getBoundingClientRect();
    const image = handle.parentElement.querySelector("img");
    const ratio = image?.naturalHeight ? image.naturalWidth / image.naturalHeight : Infinity;
    const width = Math.min(box.width, box.height * ratio);
    return { box, left: (box.width - width) / 2, width };
  };
  const position = (handle) => {
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
  const addKeyboard = (handle) => {
    handle.setAttribute("role", "slider");
    handle.setAttribute("tabindex", "0");
    handle.setAttribute("aria-label", "Line between before and after");
    handle.setAttribute("aria-valuemin", "0");
    handle.setAttribute("aria-valuemax", "100");
    const update = () => handle.setAttribute("aria-valuenow", Math.round(100 * position(handle)));
    handle.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (step === undefined) return;
      event.preventDefault();
      move(handle, Math.abs(step) === 1 ? (step + 1) / 2 : position(handle) + step);
      setTimeout(update, 50);
    });
    window.addEventListener("mouseup", update);
    update();
    const [before, after] = handle.parentElement.querySelectorAll("img");
    if (before) before.alt = "Before: the picture in gray";
    if (after) after.alt = "After: the picture in color";
  };
  // Scroll to error messages, and open Gradio's own messages, which are collapsed at first.
  const handled = new WeakSet();
  const showErrors = () => {
    for (const message of document.querySelectorAll(".notice [role=alert], [data-testid=toast-body]")) {
      if (handled.has(message)) continue;
      handled.add(message);
      if (message.role === "alert") message.scrollIntoView({ block: "nearest" });
      else if (!message.querySelector("[data-testid=toast-text]")) message.firstElementChild?.click();
    }
  };

  // Gradio announces "common.complete", a name without a translation.
  const translate = () => {
    for (const status of document.querySelectorAll(".sr-only[role=status]")) {
      if (status.textContent.trim() === "common.complete") status.firstChild.nodeValue = "Done";
    }
  };

  // Gradio gives each radio button a name of its own, so that arrow keys do not move among them.
  const groupRadios = () => {
    for (const radio of document.querySelectorAll("fieldset input[type=radio], .plugins input[type=radio]")) {
      const group = radio.closest("fieldset, .plugins");
      const { name } = group.querySelector("input[type=radio]");
      if (radio.name !== name) radio.name = name;
    }
  };

  let waiting = false;
  new MutationObserver(() => {
    translate(); // at once, so that a screen reader never gets the name
    groupRadios(); // at once, so that the next key finds the group
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      showErrors();
      document.querySelectorAll("#slider [data-testid=slider]:not([role=slider])").forEach(addKeyboard);
    });
  }).observe(document.body, {
    childList: true, subtree: true, characterData: true, attributeFilter: ["name"],
  });
}
