// The network in the browser: mounts a part of the page where Streamlit has made room for it.

import { mountAnswer } from "./answer.js"
import { mountMind } from "./mind_panel.js"
import { h } from "./page.js"
import { mountPicture } from "./picture.js"
import { mountSteps } from "./steps.js"
import { mountStrip } from "./strip.js"

const PARTS = {
  answer: mountAnswer,
  mind: mountMind,
  picture: mountPicture,
  steps: mountSteps,
  strip: mountStrip,
}
const mounted = new WeakMap()

/** Draw the part that `data.part` names, with its data; again whenever they change. */
export function render({ data, parentElement }) {
  if (!mounted.has(parentElement)) {
    const style = h("link", { rel: "stylesheet", href: new URL("live.css", import.meta.url) })
    parentElement.append(style)
    mounted.set(parentElement, PARTS[data.part](parentElement))
  }
  mounted.get(parentElement).update(data)
}

export function unmount({ parentElement }) {
  mounted.get(parentElement)?.unmount()
  mounted.delete(parentElement)
}
