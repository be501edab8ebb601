// The picture of a network, in which units are looked at by pointing or by keyboard, and switched off.

import { MAX_TILES, arrange, placeAt, shownUnits } from "./layout.js"
import { loadDrawing } from "./load_drawing.js"
import { ranking } from "./network.js"
import { decimal, h, isStill, percent, pictures } from "./page.js"
import { makePainter } from "./painter.js"
import { follow } from "./scene.js"
import { mountUnit } from "./unit.js"
import { mountUseful } from "./useful.js"

const FLICKER_MS = 450
const SAMPLE_MS = 2500
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
const HINT =
  "Point at a unit to see what it looks for and what it says. Click it to switch it off. " +
  "By keyboard: the arrow keys go from unit to unit, Enter switches off."

export function mountPicture(root) {
  const canvas = h("canvas", { tabIndex: 0, role: "application", className: "picture" })
  const summary = h("p", { className: "unseen" })
  const note = h("p", { className: "note" })
  const useful = mountUseful()
  const unit = mountUnit(HINT)
  const part = h("div", { className: "part" }, canvas, summary, note, useful.element, unit.element)
  root.append(part)
  const paint = makePainter(canvas)
  const follower = follow(draw)
  // As painter.js takes it; `shown` are the units of each layer, `selected` a {layer, place} among
  // them, `dropped` for each layer and for the pixels whether dropout drops it.
  const view = { data: null, scene: null, shape: null, shown: [], dropped: [], selected: null }
  let timers = []

  function draw() {
    const { data, scene, shape } = view
    if (!shape) return
    if (scene.network) view.dropped = []
    if (!scene.isDrawing && data.hidden.some((units) => units > MAX_TILES)) choose()
    paint(view)
    if (!scene.isDrawing) settle()
  }

  /** What need not follow the pen: words, and the unit that is looked at. */
  function settle() {
    const { data, scene, selected, shown } = view
    const hasUnits = Boolean(scene.network && data.hidden.length)
    useful.show(scene, hasUnits)
    unit.element.hidden = !hasUnits
    unit.show(scene, selected && { layer: selected.layer, unit: shown[selected.layer][selected.place] })
    note.textContent = scene.problem
    note.hidden = !scene.problem
    summary.textContent = describe(data, scene.answer)
    canvas.setAttribute("aria-label", `Picture of the network. ${hasUnits ? HINT : ""}`)
  }

  /** The units of each layer that are shown; the one that is looked at stays it. */
  function choose() {
    const { data, scene, selected, shown } = view
    const kept = selected && shown[selected.layer]?.[selected.place]
    view.shown = data.hidden.map((units, layer) =>
      shownUnits(units, scene.activations[layer], scene.off[layer]),
    )
    const place = selected ? (view.shown[selected.layer]?.indexOf(kept) ?? -1) : -1
    view.selected = place < 0 ? null : { ...selected, place }
  }

  function lay() {
    const width = Math.floor(part.clientWidth)
    if (!width || !view.data) return
    choose()
    view.shape = arrange(width, view.shown.map((units) => units.length))
    const ratio = devicePixelRatio || 1
    canvas.width = view.shape.width * ratio
    canvas.height = view.shape.height * ratio
    canvas.style.height = `${view.shape.height}px`
    draw()
  }
  const observer = new ResizeObserver(lay)
  observer.observe(part)

  // --- looking at units

  const hitAt = (event) => {
    const edge = canvas.getBoundingClientRect()
    const [x, y] = [event.clientX - edge.left, event.clientY - edge.top]
    for (const [layer, box] of (view.shape?.hidden ?? []).entries()) {
      const place = placeAt(box, x, y)
      if (place >= 0 && place < view.shown[layer].length) return { layer, place }
    }
    return null
  }
  const isSame = (a, b) => Boolean(a && b && a.layer === b.layer && a.place === b.place)
  const toggle = ({ layer, place }) => view.scene.toggle(layer, view.shown[layer][place])
  const select = (hit) => {
    if (!view.scene.network || isSame(hit, view.selected)) return
    view.selected = hit
    draw()
  }

  canvas.onpointermove = (event) => {
    const hit = event.pointerType === "touch" ? null : hitAt(event)
    canvas.style.cursor = hit && view.scene.network ? "pointer" : ""
    if (hit) select(hit)
  }
  let touched = null
  canvas.onpointerdown = (event) => {
    touched = event.pointerType === "touch" ? { was: view.selected } : null
  }
  canvas.onclick = (event) => {
    const hit = hitAt(event)
    if (!hit || !view.scene.network) return
    const isSwitched = !touched || isSame(touched.was, hit) // a finger first looks
    select(hit)
    if (isSwitched) toggle(hit)
  }
  canvas.onkeydown = (event) => {
    if (!view.scene.network || !view.shape.hidden.length) return
    const { selected } = view
    if (event.key in WAYS) view.selected = selected ? move(...WAYS[event.key]) : { layer: 0, place: 0 }
    else if (event.key === "Escape") view.selected = null
    else if (event.key !== "Enter" && event.key !== " ") return
    else if (selected) toggle(selected)
    event.preventDefault()
    draw()
  }
  unit.onToggle = () => view.selected && toggle(view.selected)

  /** The unit that many columns and rows away; from the edge of a layer, one of the next layer. */
  function move(columnsAway, rowsAway) {
    const { selected, shape, shown } = view
    const { layer, place } = selected
    const { columns } = shape.hidden[layer]
    const column = (place % columns) + columnsAway
    const next = place + columnsAway + columns * rowsAway
    if (column >= 0 && column < columns && next >= 0 && next < shown[layer].length) {
      return { layer, place: next }
    }
    const beyond = layer + (shape.isTall ? rowsAway : columnsAway)
    if (beyond === layer || !shape.hidden[beyond]) return selected
    return { layer: beyond, place: Math.min(Math.max(place, 0), shown[beyond].length - 1) }
  }

  // --- what moves by itself

  /** Units that dropout switches off in a step of the training: others each time. */
  function drop() {
    const { data, scene, shown } = view
    if (scene.network) return
    const draws = (count, share) => Array.from({ length: count }, () => Math.random() < share)
    view.dropped = shown.map((units) => draws(units.length, data.dropout))
    if (data.input_dropout) view.dropped.pixels = draws(784, data.input_dropout)
    draw()
  }

  async function showSamples() {
    const { data, scene } = view
    const own = await loadDrawing(data.drawing_key)
    scene.samples = [...pictures(data.digits), ...(own ? [own] : [])]
    scene.sample ??= own ? scene.samples.length - 1 : 0
    scene.setImage(scene.samples[scene.sample] ?? scene.samples[0])
  }

  function nextSample() {
    const { scene } = view
    if (scene.isChosen || !scene.samples) return
    scene.sample = (scene.sample + 1) % scene.samples.length
    scene.setImage(scene.samples[scene.sample])
  }

  function update(given) {
    const { data } = view
    const isNew = JSON.stringify(data) !== JSON.stringify(given)
    if (data?.scene !== given.scene || String(data.hidden) !== String(given.hidden)) view.selected = null
    view.data = given
    view.scene = follower.to(given.scene)
    if (!isNew) return draw()
    timers.forEach(clearInterval)
    timers = []
    view.dropped = []
    if (given.network) view.scene.describe(given.network) // first: it drops another run's network
    lay()
    if (!given.digits) return
    showSamples()
    drop()
    if (!isStill()) timers = [setInterval(nextSample, SAMPLE_MS)]
    if (!isStill() && (given.dropout || given.input_dropout)) timers.push(setInterval(drop, FLICKER_MS))
  }

  function unmount() {
    observer.disconnect()
    timers.forEach(clearInterval)
    useful.stop()
    follower.stop()
  }

  return { update, unmount }
}

/** The picture in words, for a screen reader. */
function describe(data, answer) {
  const layers = data.hidden.map((units) => `${units} units, ${data.activation}`)
  const words = [`The network: ${["784 pixels", ...layers, "10 digits"].join("; ")}.`]
  if (!answer) return words[0]
  const [first, second] = ranking(answer.probabilities)
  const [sure, next] = [answer.probabilities[first], answer.probabilities[second]]
  words.push(`It reads the picture as ${first}, ${percent(sure)}; next ${second}, ${percent(next)}.`)
  answer.activations.forEach((values, layer) => {
    const lit = values.filter((value) => value > 0).length
    const largest = decimal(values.reduce((a, b) => Math.max(a, b)))
    words.push(
      `Hidden layer ${layer + 1}: ${lit} of ${values.length} units above zero, the largest ${largest}.`,
    )
  })
  return words.join(" ")
}
