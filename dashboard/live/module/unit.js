// One unit of a network: what it looks for, and what it says to each digit.

import { excite } from "./mind.js"
import { decimal, h, paintImage, paintWeights } from "./page.js"

const REST_MS = 250 // looked at for so long, a unit is worth the search for what excites it

const FIRST = "It looks for its weights: red adds, blue takes away."
const DEEPER =
  "What it looks for is an approximation: the pictures of the units below it, each times its " +
  "weight, added up. That leaves out what the activations between do."

/** {element, show(scene, {layer, unit} or null), onToggle}. */
export function mountUnit(hint) {
  const picture = h("canvas", { width: 28, height: 28 })
  const exciting = h("canvas", { width: 28, height: 28 })
  const found = h("figcaption", {}, "what excites it most")
  const pictures = h(
    "div",
    { className: "figures" },
    h("figure", {}, picture, h("figcaption", {}, "what it looks for")),
    h("figure", {}, exciting, found),
  )
  const words = h("p", { className: "words" })
  const effects = h("ol", { className: "effects", role: "list" })
  const button = h("button", { type: "button" })
  const title = h("strong")
  const text = h("div", {}, title, words, button)
  const says = h("div", {}, h("span", { className: "caption" }, "What it says to each digit: how much the digit's score, before softmax, owes to it"), effects)
  const element = h("div", { className: "unit" }, pictures, text, says)
  const empty = h("p", { className: "note" }, hint)
  const whole = h("div", { className: "unit-place" }, empty, element)
  const bars = Array.from({ length: 10 }, (_, digit) => {
    const [bar, value] = [h("i"), h("span")]
    effects.append(h("li", {}, h("span", {}, String(digit)), h("div", {}, bar), value))
    return { bar, value }
  })
  let shown = null
  let timer
  const self = { element: whole, show, onToggle: () => {} }
  button.onclick = () => self.onToggle()

  function show(scene, chosen) {
    const isShown = Boolean(chosen && scene.network)
    element.hidden = !isShown
    empty.hidden = isShown
    if (!isShown) return clearTimeout(timer)
    const { layer, unit } = chosen
    const isOff = Boolean(scene.off[layer]?.has(unit))
    const now = [scene.network, layer, unit]
    if (!shown?.every((value, i) => value === now[i])) {
      shown = now
      paintWeights(picture, scene.network.picture(layer, unit))
      exciting.getContext("2d").clearRect(0, 0, 28, 28)
      found.textContent = "what excites it most …"
      clearTimeout(timer)
      const { network } = scene
      timer = setTimeout(() => {
        paintImage(exciting, excite(network, layer, unit).image)
        found.textContent = "what excites it most"
      }, REST_MS)
    }
    const activation = scene.answer ? `activation ${decimal(scene.answer.activations[layer][unit])}` : "nothing goes in"
    title.textContent = `Hidden layer ${layer + 1}, unit ${unit}: ${isOff ? "switched off" : activation}`
    words.textContent = layer ? DEEPER : FIRST
    button.textContent = isOff ? "Switch it on" : "Switch it off"
    const effect = scene.answer ? scene.network.effect(scene.answer, layer, unit) : new Float32Array(10)
    const largest = effect.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1
    bars.forEach(({ bar, value }, digit) => {
      const share = effect[digit] / largest
      bar.className = share < 0 ? "minus" : "plus"
      bar.style.width = `${50 * Math.abs(share)}%`
      value.textContent = decimal(effect[digit])
    })
  }

  return self
}
