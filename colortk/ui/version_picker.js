// The choice of a version. Gradio runs this text as a function of `element`, `trigger` and `props`.
// props.value is the message to the server; messages from the server come as "colortk-versions".
const MAX_COUNT = 16, DEFAULT_COUNT = 4;
const $ = (selector) => element.querySelector(selector);
const count = $("select"), choices = $(".choices");
for (let number = 2; number <= MAX_COUNT; number++) count.add(new Option(number, number));
count.value = DEFAULT_COUNT;

// The message of the server: picture, plugin, whether the plugin makes versions, and the versions.
let view = null, seed = 0, chosen = 0;

const send = (event, number) => {
  chosen = number;
  const { count: shown } = view;
  props.value = JSON.stringify({
    picture: view.picture, plugin: view.plugin, count: event === "submit" ? Number(count.value) : shown,
    seed: event === "submit" ? seed : view.seed, number,
  });
  trigger(event);
};
// Ask for versions. The result shown may be of a version that is not offered any more.
const request = () => {
  const earlier = chosen;
  send("submit", 0);
  if (earlier) trigger("input");
};
const makeChoice = (source, index) => {
  const label = document.createElement("label"), radio = document.createElement("input");
  const image = Object.assign(new Image(), { src: source, alt: "" });
  Object.assign(radio, { type: "radio", name: "colortk-version", value: index + 1 });
  radio.checked = index + 1 === chosen;
  radio.addEventListener("change", () => {
    send("input", index + 1);
    render();
  });
  label.append(radio, ` ${index + 1}`, image);
  return label;
};
const render = () => {
  const possible = Boolean(view?.possible);
  $(".request").hidden = !possible;
  $(".help").textContent = !view ? "Colorize a picture first."
    : possible ? "A gray picture can have been of many colors. Choose the version that you find right."
    : `'${view.plugin}' makes one version of each picture. Choose another plugin, such as ${view.other}.`;
  $("[data-do=other]").hidden = !view?.versions;
  $("[data-do=reset]").hidden = !chosen;
  showResult();
};
// The editor of hints gets the result of each change. It has the points and masks, too.
const showResult = () => {
  const result = window.colortkView && JSON.parse(window.colortkView), image = $(".result");
  image.hidden = !chosen || result?.picture !== view?.picture;
  if (!image.hidden && image.getAttribute("src") !== result.src) image.src = result.src;
};
const actions = {
  show: () => { seed = 0; request(); },
  other: () => { seed += 1; request(); },
  reset: () => {
    for (const radio of choices.querySelectorAll("input")) radio.checked = false;
    send("input", 0);
    $("[data-do=show]").focus();
  },
};
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (!button || !view) return;
  actions[button.dataset.do]();
  render();
});
const receive = () => {
  const next = window.colortkVersions ? JSON.parse(window.colortkVersions) : null;
  const same = next && next.picture === view?.picture && next.plugin === view?.plugin;
  if (!same) {
    chosen = seed = 0;
    choices.replaceChildren();
  }
  view = next && { ...(same ? view : {}), ...next };
  if (next?.versions) choices.replaceChildren(...next.versions.map(makeChoice));
  render();
};
document.addEventListener("colortk-versions", receive);
document.addEventListener("colortk-view", showResult);
receive();
