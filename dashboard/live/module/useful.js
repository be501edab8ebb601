// The buttons below the picture of a network: switch off the most useful units one after another
// until the answer breaks, and put back what is off.

import { mostUseful } from "./mind.js"
import { ranking } from "./network.js"
import { h, isStill, number } from "./page.js"

const STEP_MS = 120
const START = "Switch off the most useful"
const TITLE =
  "One unit after another, the one that helps the answer most, until the network answers something else."

/** {element, show(scene, hasUnits), stop()}. */
export function mountUseful() {
  const useful = h("button", { type: "button", title: TITLE }, START)
  const restore = h("button", { type: "button" })
  const status = h("span", { role: "status" })
  const element = h("div", { className: "controls" }, useful, restore, status)
  let scene = null
  let isBreaking = false
  let told = [] // the network and the picture that the status is about

  const end = (words) => {
    isBreaking = false
    useful.textContent = START
    status.textContent = words
  }

  function breakAnswer() {
    told = [scene.network, scene.image]
    const [first] = ranking(scene.answer.logits)
    let count = 0
    const step = () => {
      if (!isBreaking || !scene.answer) return end("Stopped.")
      const [now] = ranking(scene.answer.logits)
      if (now !== first) {
        return end(`Without ${count} of its most useful units it answers ${now}, no longer ${first}.`)
      }
      const found = mostUseful(scene.network, scene.answer)
      if (!found) return end(`No unit that is left speaks for ${first}.`)
      scene.toggle(found.layer, found.unit)
      status.textContent = `${++count} switched off …`
      if (isStill()) step()
      else setTimeout(step, STEP_MS)
    }
    useful.textContent = "Stop"
    step()
  }

  useful.onclick = () => {
    isBreaking = !isBreaking
    if (isBreaking) breakAnswer()
  }
  restore.onclick = () => {
    isBreaking = false
    status.textContent = ""
    scene.restore()
  }

  function show(given, hasUnits) {
    scene = given
    element.hidden = !scene.answer || !hasUnits
    const off = scene.offCount
    restore.hidden = !off
    restore.textContent = off === 1 ? "1 unit off, put it back" : `${number(off)} units off, put them back`
    if (told.length && (told[0] !== scene.network || told[1] !== scene.image)) {
      told = []
      isBreaking = false
      status.textContent = ""
    }
  }

  return { element, show, stop: () => (isBreaking = false) }
}
