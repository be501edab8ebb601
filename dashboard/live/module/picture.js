// The picture of a network: what goes in, every unit as a tile, lit by its activation, ten outputs,
// and the strongest contributions as lines. A unit is looked at by pointing or by keyboard.

import { MAX_TILES, arrange, placeAt, shownUnits, tileAt } from "./layout.js"
import { mostUseful } from "./mind.js"
import { ranking } from "./network.js"
import { BLUE, RED, colorOf, decimal, h, isStill, number, paint, paintImage, percent, pictures } from "./page.js"
import { loadDrawing } from "./load_drawing.js"
import { sceneOf } from "./scene.js"
import { mountUnit } from "./unit.js"

const MAX_LINES = 60
const FLICKER_MS = 450
const SAMPLE_MS = 2500
const STEP_MS = 120
const HINT =
  "Point at a unit to see what it looks for and what it says. Click it to switch it off. " +
  "By keyboard: the arrow keys go from unit to unit, Enter switches off."

export function mountPicture(root) {
  const canvas = h("canvas", { tabIndex: 0, role: "application", className: "picture" })
  const summary = h("p", { className: "unseen" })
  const note = h("p", { className: "note" })
  const useful = h("button", { type: "button", title: "One unit after another, the one that helps the answer most, until the network answers something else." }, "Switch off the most useful")
  const restore = h("button", { type: "button" })
  const status = h("span", { role: "status" })
  const controls = h("div", { className: "controls" }, useful, restore, status)
  const unit = mountUnit(HINT)
  const part = h("div", { className: "part" }, canvas, summary, note, controls, unit.element)
  root.append(part)
  const context = canvas.getContext("2d")
  const tiles = document.createElement("canvas")
  const ground = document.createElement("canvas") // what does not follow the pen
  let data = null
  let scene = null
  let shape = null
  let shown = []
  let selected = null // {layer, place}
  let dropped = []
  let timers = []
  let stop = () => {}
  let breaking = 0
  let told = [] // the network and the picture that the status is about
  let ink = "#333"
  let font = "12px sans-serif"

  // --- drawing

  function draw() {
    if (!shape) return
    if (scene.network) dropped = []
    const answer = scene.answer
    if (!scene.isDrawing && data.hidden.some((units) => units > MAX_TILES)) choose()
    if (!scene.isDrawing) {
      const theme = getComputedStyle(part) // which would have the page laid out anew each frame
      ink = theme.getPropertyValue("--st-text-color") || "#333"
      font = `12px ${theme.getPropertyValue("--st-font") || "sans-serif"}`
      drawGround()
    }
    prepare(context)
    context.drawImage(ground, 0, 0, shape.width, shape.height)
    drawLines(answer)
    paintImage(tiles, dropped.pixels ? scene.image?.map((v, i) => (dropped.pixels[i] ? 0 : v)) : scene.image)
    context.drawImage(tiles, shape.input.x, shape.input.y, shape.input.width, shape.input.height)
    shape.hidden.forEach((box, layer) => drawTiles(box, layer, scene.activations[layer]))
    drawOutputs(scene.probabilities)
    drawSelection()
    if (!scene.isDrawing) settle(answer)
  }

  function prepare(context) {
    const ratio = canvas.width / shape.width
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.clearRect(0, 0, shape.width, shape.height)
    context.imageSmoothingEnabled = false
    context.font = font
    context.textAlign = "center"
  }

  function drawGround() {
    ground.width = canvas.width
    ground.height = canvas.height
    const context = ground.getContext("2d")
    prepare(context)
    drawFans(context)
    shape.hidden.forEach((box, layer) => drawUnlit(context, box, shown[layer].length))
    drawTitles(context)
  }

  function drawUnlit(context, box, count) {
    const gap = box.size > 5 ? 1 : 0
    context.fillStyle = ink
    context.globalAlpha = 0.09
    for (let place = 0; place < count; place++) {
      const [x, y] = tileAt(box, place)
      context.fillRect(x - box.size / 2, y - box.size / 2, box.size - gap, box.size - gap)
    }
    context.globalAlpha = 1
  }

  function drawTiles(box, layer, activations) {
    const values = shown[layer].map((index) => activations?.[index] ?? 0)
    const largest = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1
    paint(tiles, box.columns, values, (value) => colorOf(value / largest))
    context.drawImage(tiles, box.x, box.y, box.columns * box.size, box.rows * box.size)
    context.strokeStyle = ink
    context.lineWidth = 1
    context.globalAlpha = 0.75
    const off = scene.off[layer]
    if (!off?.size && !dropped[layer]) return void (context.globalAlpha = 1)
    shown[layer].forEach((index, place) => {
      if (off?.has(index)) cross(box, place)
      else if (dropped[layer]?.[place]) clear(box, place)
    })
    context.globalAlpha = 1
  }

  function cross(box, place) {
    const [x, y] = tileAt(box, place)
    const half = Math.max(box.size / 2 - 1, 1.5)
    context.beginPath()
    context.moveTo(x - half, y - half)
    context.lineTo(x + half, y + half)
    context.moveTo(x - half, y + half)
    context.lineTo(x + half, y - half)
    context.stroke()
  }

  function clear(box, place) {
    const [x, y] = tileAt(box, place)
    context.clearRect(x - box.size / 2, y - box.size / 2, box.size, box.size)
  }

  /** Between two layers: that each unit hears all of the one before. */
  function drawFans(context) {
    const boxes = [shape.input, ...shape.hidden, shape.outputs]
    context.fillStyle = ink
    context.globalAlpha = 0.035
    for (let i = 1; i < boxes.length; i++) {
      const [a, b] = [boxes[i - 1], boxes[i]]
      context.beginPath()
      if (shape.isTall) {
        context.moveTo(a.x, a.y + a.height)
        context.lineTo(a.x + a.width, a.y + a.height)
        context.lineTo(b.x + b.width, b.y)
        context.lineTo(b.x, b.y)
      } else {
        context.moveTo(a.x + a.width, a.y)
        context.lineTo(b.x, b.y)
        context.lineTo(b.x, b.y + b.height)
        context.lineTo(a.x + a.width, a.y + a.height)
      }
      context.fill()
    }
    context.globalAlpha = 1
  }

  function drawLines(answer) {
    if (!answer) return
    const count = Math.floor(MAX_LINES / (shape.hidden.length + 1))
    for (let number = 0; number <= shape.hidden.length; number++) {
      const found = scene.network.contributions(answer, number, count)
      const largest = Math.abs(found[0]?.value ?? 1)
      for (const { from, to, value } of found) {
        const start = pointOf(number - 1, from)
        const end = pointOf(number, to)
        if (!start || !end) continue
        context.strokeStyle = `rgb(${value > 0 ? RED : BLUE})`
        context.globalAlpha = 0.12 + 0.5 * (Math.abs(value) / largest) ** 2
        context.beginPath()
        context.moveTo(...start)
        context.lineTo(...end)
        context.stroke()
      }
    }
    context.globalAlpha = 1
  }

  /** Where a unit is: of layer -1 a pixel, of the last a digit; undefined if it is not shown. */
  function pointOf(layer, index) {
    if (layer < 0) return tileAt(shape.input, index)
    if (layer === shape.hidden.length) {
      const [x, y] = tileAt(shape.outputs, index)
      return shape.isTall ? [x, shape.outputs.y] : [shape.outputs.x, y]
    }
    const place = data.hidden[layer] > MAX_TILES ? shown[layer].indexOf(index) : index
    return place < 0 ? undefined : tileAt(shape.hidden[layer], place)
  }

  function drawOutputs(probabilities) {
    const { outputs } = shape
    const first = probabilities ? ranking(probabilities)[0] : -1
    for (let digit = 0; digit < 10; digit++) {
      const share = probabilities?.[digit] ?? 0
      const [x, y] = tileAt(outputs, digit)
      context.fillStyle = ink
      context.font = context.font.replace(/^(bold )?/, digit === first ? "bold " : "")
      if (shape.isTall) {
        context.fillText(digit, x, outputs.y + 14)
        context.fillStyle = data.colors[digit]
        context.fillRect(x - 8, outputs.y + 70 - 48 * share, 16, Math.max(48 * share, 1))
        continue
      }
      context.fillText(digit, outputs.x + 12, y + 4)
      context.fillStyle = data.colors[digit]
      context.fillRect(outputs.x + 24, y - 7, Math.max(52 * share, 1), 14)
      context.fillStyle = ink
      context.textAlign = "left"
      if (share >= 0.005) context.fillText(percent(share), outputs.x + 28 + 52 * share, y + 4)
      context.textAlign = "center"
    }
    context.font = context.font.replace(/^bold /, "")
  }

  function drawTitles(context) {
    context.fillStyle = ink
    const titles = ["784 pixels", ...data.hidden.map(titleOf), "softmax"]
    const boxes = [shape.input, ...shape.hidden, shape.outputs]
    boxes.forEach((box, i) => {
      const y = shape.isTall ? box.y - (i && i <= shape.hidden.length ? 8 : 6) : 16
      if (!shape.isTall || i <= shape.hidden.length) context.fillText(titles[i], box.x + box.width / 2, y)
    })
    context.globalAlpha = 0.8
    data.parameters.forEach((count, i) => {
      const [a, b] = [boxes[i], boxes[i + 1]]
      if (shape.isTall) context.fillText(`${number(count)} parameters`, shape.width / 2, a.y + a.height + 18)
      else context.fillText(number(count), (a.x + a.width + b.x) / 2, shape.height - (i % 2 ? 4 : 18))
    })
    context.globalAlpha = 1
  }

  function titleOf(units, layer) {
    const some = `the ${number(MAX_TILES)} most active of ${number(units)}`
    const count = units > MAX_TILES ? some : number(units)
    const box = shape.hidden[layer]
    const long = `${count} units, ${data.activation}`
    const room = Math.max(box.width, shape.isTall ? shape.width : box.width + 60)
    return context.measureText(long).width <= room ? long : number(units)
  }

  function drawSelection() {
    if (!selected) return
    const box = shape.hidden[selected.layer]
    const [x, y] = tileAt(box, selected.place)
    context.strokeStyle = ink
    context.lineWidth = 2
    context.strokeRect(x - box.size / 2 - 2, y - box.size / 2 - 2, box.size + 4, box.size + 4)
  }

  /** What need not follow the pen: words, and the unit that is looked at. */
  function settle(answer) {
    const off = scene.offCount
    restore.hidden = !off
    restore.textContent = `${number(off)} ${off === 1 ? "unit" : "units"} off, put ${off === 1 ? "it" : "them"} back`
    const hasUnits = Boolean(scene.network && data.hidden.length)
    if (told.length && (told[0] !== scene.network || told[1] !== scene.image)) {
      told = []
      breaking = 0
      status.textContent = ""
    }
    controls.hidden = !answer || !hasUnits
    unit.element.hidden = !hasUnits
    note.textContent = scene.problem || (data.note ?? "")
    note.hidden = !note.textContent
    summary.textContent = describe(answer)
    canvas.setAttribute("aria-label", `Picture of the network. ${hasUnits ? HINT : ""}`)
    unit.show(scene, selected && { layer: selected.layer, unit: shown[selected.layer][selected.place] })
  }

  function describe(answer) {
    const layers = data.hidden.map((units) => `${units} units, ${data.activation}`)
    const words = [`The network: ${["784 pixels", ...layers, "10 digits"].join("; ")}.`]
    if (!answer) return words[0]
    const [first, second] = ranking(answer.probabilities)
    const shares = answer.probabilities
    words.push(`It reads the picture as ${first}, ${percent(shares[first])}; next ${second}, ${percent(shares[second])}.`)
    answer.activations.forEach((values, layer) => {
      const lit = values.filter((value) => value > 0).length
      const largest = decimal(values.reduce((a, b) => Math.max(a, b)))
      words.push(`Hidden layer ${layer + 1}: ${lit} of ${values.length} units above zero, the largest ${largest}.`)
    })
    return words.join(" ")
  }

  // --- looking at units

  const hitAt = (event) => {
    const edge = canvas.getBoundingClientRect()
    const [x, y] = [event.clientX - edge.left, event.clientY - edge.top]
    for (let layer = 0; layer < (shape?.hidden.length ?? 0); layer++) {
      const place = placeAt(shape.hidden[layer], x, y)
      if (place >= 0 && place < shown[layer].length) return { layer, place }
    }
    return null
  }
  const isSelected = (hit) => hit && selected && hit.layer === selected.layer && hit.place === selected.place
  const select = (hit) => {
    if (!scene.network || isSelected(hit)) return
    selected = hit
    draw()
  }
  const toggle = ({ layer, place }) => scene.toggle(layer, shown[layer][place])

  canvas.onpointermove = (event) => {
    const hit = event.pointerType === "touch" ? null : hitAt(event)
    canvas.style.cursor = hit && scene.network ? "pointer" : ""
    if (hit) select(hit)
  }
  let touched = null
  canvas.onpointerdown = (event) => (touched = event.pointerType === "touch" ? { was: selected } : null)
  canvas.onclick = (event) => {
    const hit = hitAt(event)
    if (!hit || !scene.network) return
    const { was } = touched ?? { was: hit } // a finger first looks, and then switches
    const isSecond = was && was.layer === hit.layer && was.place === hit.place
    select(hit)
    if (isSecond) toggle(hit)
  }
  canvas.onkeydown = (event) => {
    if (!scene.network || !shape.hidden.length) return
    if (event.key === "Escape") selected = null
    else if (event.key === "Enter" || event.key === " ") {
      if (selected) toggle(selected)
    } else if (!move(event.key)) return
    event.preventDefault()
    draw()
  }

  function move(key) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key]
    if (!way) return false
    if (!selected) {
      selected = { layer: 0, place: 0 }
      return true
    }
    const { layer, place } = selected
    const { columns } = shape.hidden[layer]
    const [column, row] = [(place % columns) + way[0], Math.floor(place / columns) + way[1]]
    const next = row * columns + column
    if (column >= 0 && column < columns && next >= 0 && next < shown[layer].length) {
      selected = { layer, place: next }
      return true
    }
    const beyond = layer + (shape.isTall ? way[1] : way[0])
    if (beyond !== layer && beyond >= 0 && beyond < shape.hidden.length) {
      selected = { layer: beyond, place: Math.min(next < 0 ? 0 : place, shown[beyond].length - 1) }
    }
    return true
  }

  unit.onToggle = () => selected && toggle(selected)
  restore.onclick = () => {
    breaking = 0
    status.textContent = ""
    scene.restore()
  }
  useful.onclick = () => {
    breaking = breaking ? 0 : 1
    told = [scene.network, scene.image]
    const [first] = scene.answer ? ranking(scene.answer.probabilities) : []
    let count = 0
    const step = () => {
      if (!breaking || !scene.answer) return end("Stopped.")
      const [now] = ranking(scene.answer.logits)
      if (now !== first) return end(`Without ${count} of its most useful units it answers ${now}, no longer ${first}.`)
      const found = mostUseful(scene.network, scene.answer)
      if (!found) return end(`No unit that is left speaks for ${first}.`)
      scene.toggle(found.layer, found.unit)
      count++
      status.textContent = `${count} switched off …`
      isStill() ? step() : setTimeout(step, STEP_MS)
    }
    const end = (words) => {
      breaking = 0
      useful.textContent = "Switch off the most useful"
      status.textContent = words
    }
    if (breaking) {
      useful.textContent = "Stop"
      step()
    }
  }

  // --- what it is given

  function choose() {
    const kept = selected && shown[selected.layer]?.[selected.place]
    shown = data.hidden.map((units, layer) =>
      shownUnits(units, scene.activations[layer], scene.off[layer]),
    )
    if (selected) selected.place = shown[selected.layer]?.indexOf(kept) ?? -1
    if (selected?.place < 0) selected = null
  }

  function lay() {
    const width = Math.floor(part.clientWidth)
    if (!width || !data) return
    choose()
    shape = arrange(width, shown.map((units) => units.length))
    const ratio = devicePixelRatio || 1
    canvas.width = shape.width * ratio
    canvas.height = shape.height * ratio
    canvas.style.height = `${shape.height}px`
    draw()
  }
  const observer = new ResizeObserver(lay)
  observer.observe(part)

  /** Units that dropout switches off in a step of the training: others each time. */
  function drop() {
    const draws = (count, share) => Array.from({ length: count }, () => Math.random() < share)
    dropped = scene.network ? [] : shown.map((units) => draws(units.length, data.dropout))
    if (!scene.network && data.input_dropout) dropped.pixels = draws(784, data.input_dropout)
    draw()
  }

  async function showSamples() {
    const own = await loadDrawing(data.drawing_key)
    scene.samples = [...pictures(data.digits), ...(own ? [own] : [])]
    scene.sample ??= own ? scene.samples.length - 1 : 0
    scene.setImage(scene.samples[scene.sample] ?? scene.samples[0])
  }
  function nextSample() {
    if (scene.isChosen || !scene.samples) return
    scene.sample = (scene.sample + 1) % scene.samples.length
    scene.setImage(scene.samples[scene.sample])
  }

  function update(given) {
    const before = JSON.stringify([data?.scene, data?.hidden])
    const isNew = JSON.stringify(data) !== JSON.stringify(given)
    data = given
    if (scene !== sceneOf(data.scene)) {
      stop()
      scene = sceneOf(data.scene)
      stop = scene.listen(draw)
    }
    if (before !== JSON.stringify([data.scene, data.hidden])) selected = null
    if (!isNew) return draw()
    timers.forEach(clearInterval)
    timers = []
    dropped = []
    if (data.network) scene.describe(data.network) // first: it drops another run's network
    lay()
    if (data.digits) {
      showSamples()
      if (!isStill()) timers.push(setInterval(nextSample, SAMPLE_MS))
    }
    if (data.digits && (data.dropout || data.input_dropout)) {
      drop()
      if (!isStill()) timers.push(setInterval(drop, FLICKER_MS))
    }
  }

  function unmount() {
    observer.disconnect()
    timers.forEach(clearInterval)
    breaking = 0
    stop()
  }

  return { update, unmount }
}
