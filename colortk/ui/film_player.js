// The player of the film tab: in color, and left of a line in gray. Gradio runs this text as a
// function of `element`, `props` and `watch`. props.value is the URL of the film.
//
// The gray side is the same video, drawn into a canvas with the filter of the template. Colorizing
// keeps the lightness L*, and the filter keeps it, too. So it is the gray film that was colorized,
// and it cannot be out of step as a second video could.
const $ = (selector) => element.querySelector(selector);
const video = $("video"), canvas = $("canvas"), line = $(".line"), position = $(".position");
const play = $("[data-do=play]"), sound = $("[data-do=sound]");
const brush = canvas.getContext("2d");

const draw = () => {
  if (!video.videoWidth) return;
  if (canvas.width !== video.videoWidth || canvas.height !== video.videoHeight) {
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
  }
  brush.drawImage(video, 0, 0);
};
// Draw each frame that the browser shows, as long as the player is on the page.
const nextFrame = video.requestVideoFrameCallback?.bind(video) ?? requestAnimationFrame;
const follow = () => {
  draw();
  if (element.isConnected) nextFrame(follow);
};
const clock = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
const moveLine = () => $(".stage").style.setProperty("--line", `${line.value}%`);
const render = () => {
  const length = video.duration || 0;
  position.max = length;
  position.value = video.currentTime;
  position.setAttribute("aria-valuetext", `${clock(video.currentTime)} of ${clock(length)}`);
  $(".time").textContent = `${clock(video.currentTime)} / ${clock(length)}`;
  play.textContent = video.paused ? "Play" : "Pause";
  sound.setAttribute("aria-pressed", String(!video.muted));
};
const actions = {
  play: () => (video.paused ? video.play() : video.pause()),
  sound: () => { video.muted = !video.muted; },
  full: () => (document.fullscreenElement ? document.exitFullscreen() : $(".film").requestFullscreen()),
};
element.addEventListener("click", (event) => {
  actions[event.target.closest("[data-do]")?.dataset.do]?.();
});
line.addEventListener("input", moveLine);
position.addEventListener("input", () => { video.currentTime = Number(position.value); });
for (const name of ["timeupdate", "durationchange", "play", "pause", "ended", "volumechange"]) {
  video.addEventListener(name, render);
}
for (const name of ["loadeddata", "seeked"]) video.addEventListener(name, draw);
const load = () => {
  if (props.value) video.src = props.value;
  else video.removeAttribute("src");
};
watch("value", load);
load();
nextFrame(follow);
moveLine();
render();
