// Draws the picture of a network on a canvas: what goes in, every unit as a tile, ten outputs, the
// strongest contributions as lines. What is drawn is a view: {data, scene, shape, shown, dropped,
// selected}, as picture.js has it.

import { MAX_TILES, tileAt } from "./layout.js"
import { ranking } from "./network.js"
import { BLUE, RED, colorOf, number, paint, paintImage, percent } from "./page.js"

const MAX_LINES = 60

/** A function that draws a view on the canvas. What does not follow the pen is drawn anew only while
 * it is up: colours and font of the theme, layers without light, titles. */
export function makePainter(canvas) {
  const context = canvas.getContext("2d")
  const ground = document.createElement("canvas")
  const small = document.createElement("canvas") // a pixel for each tile
  let theme = {}

  return (view) => {
    const { scene, shape } = view
    if (!scene.isDrawing) {
      theme = readTheme(canvas) // which would have the page laid out anew each frame
      ground.width = canvas.width
      ground.height = canvas.height
      const below = prepare(ground.getContext("2d"), shape, theme)
      drawFans(below, shape)
      shape.hidden.forEach((box, layer) => drawUnlit(below, box, view.shown[layer].length))
      drawTitles(below, view)
    }
    prepare(context, shape, theme)
    context.drawImage(ground, 0, 0, shape.width, shape.height)
    drawLines(context, view)
    paintImage(small, withoutDropped(scene.image, view.dropped.pixels))
    context.drawImage(small, shape.input.x, shape.input.y, shape.input.width, shape.input.height)
    shape.hidden.forEach((box, layer) => drawTiles(context, small, view, box, layer, theme.ink))
    drawOutputs(context, view, theme.ink)
    drawSelection(context, view, theme.ink)
  }
}

function readTheme(element) {
  const style = getComputedStyle(element)
  const font = style.getPropertyValue("--st-font") || "sans-serif"
  return { ink: style.getPropertyValue("--st-text-color") || "#333", font: `12px ${font}` }
}

/** The context, empty, in the pixels of the page. */
function prepare(context, shape, { ink, font }) {
  const ratio = context.canvas.width / shape.width
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, shape.width, shape.height)
  context.imageSmoothingEnabled = false
  context.font = font
  context.textAlign = "center"
  context.fillStyle = ink
  return context
}

const withoutDropped = (image, dropped) =>
  dropped ? image?.map((value, i) => (dropped[i] ? 0 : value)) : image

/** Between two layers: that each unit hears all of the one before. */
function drawFans(context, shape) {
  const boxes = [shape.input, ...shape.hidden, shape.outputs]
  context.globalAlpha = 0.035
  boxes.slice(1).forEach((b, i) => {
    const a = boxes[i]
    const corners = shape.isTall
      ? [[a.x, a.y + a.height], [a.x + a.width, a.y + a.height], [b.x + b.width, b.y], [b.x, b.y]]
      : [[a.x + a.width, a.y], [b.x, b.y], [b.x, b.y + b.height], [a.x + a.width, a.y + a.height]]
    context.beginPath()
    corners.forEach((corner) => context.lineTo(...corner))
    context.fill()
  })
  context.globalAlpha = 1
}

function drawUnlit(context, box, count) {
  const side = box.size - (box.size > 5 ? 1 : 0)
  context.globalAlpha = 0.09
  for (let place = 0; place < count; place++) {
    const [x, y] = tileAt(box, place)
    context.fillRect(x - box.size / 2, y - box.size / 2, side, side)
  }
  context.globalAlpha = 1
}

function drawTitles(context, { data, shape, shown }) {
  const titles = ["784 pixels", ...shown.map((_, layer) => titleOf(context, data, shape, layer))]
  if (!shape.isTall) titles.push("softmax")
  const boxes = [shape.input, ...shape.hidden, shape.outputs]
  titles.forEach((title, i) => {
    const above = i ? 8 : 6
    context.fillText(title, boxes[i].x + boxes[i].width / 2, shape.isTall ? boxes[i].y - above : 16)
  })
  context.globalAlpha = 0.8
  data.parameters.forEach((count, i) => {
    const [a, b] = [boxes[i], boxes[i + 1]]
    if (shape.isTall) {
      context.fillText(`${number(count)} parameters`, shape.width / 2, a.y + a.height + 18)
    } else {
      const row = i % 2 ? 4 : 18 // in turns, so that long numbers do not meet
      context.fillText(number(count), (a.x + a.width + b.x) / 2, shape.height - row)
    }
  })
  context.globalAlpha = 1
}

function titleOf(context, data, shape, layer) {
  const units = data.hidden[layer]
  const some = `the ${number(MAX_TILES)} most active of ${number(units)}`
  const long = `${units > MAX_TILES ? some : number(units)} units, ${data.activation}`
  const { width } = shape.hidden[layer]
  const room = shape.isTall ? shape.width : width + 60
  return context.measureText(long).width <= room ? long : number(units)
}

function drawLines(context, { data, scene, shape, shown }) {
  if (!scene.answer) return
  const count = Math.floor(MAX_LINES / (shape.hidden.length + 1))
  for (let layer = 0; layer <= shape.hidden.length; layer++) {
    const found = scene.network.contributions(scene.answer, layer, count)
    const largest = Math.abs(found[0]?.value ?? 1)
    for (const { from, to, value } of found) {
      const start = pointOf(data, shape, shown, layer - 1, from)
      const end = pointOf(data, shape, shown, layer, to)
      if (!start || !end) continue
      context.strokeStyle = `rgb(${value > 0 ? RED : BLUE})`
      context.lineWidth = 1
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
function pointOf(data, shape, shown, layer, index) {
  if (layer < 0) return tileAt(shape.input, index)
  if (layer === shape.hidden.length) {
    const [x, y] = tileAt(shape.outputs, index)
    return shape.isTall ? [x, shape.outputs.y] : [shape.outputs.x, y]
  }
  const place = data.hidden[layer] > MAX_TILES ? shown[layer].indexOf(index) : index
  return place < 0 ? undefined : tileAt(shape.hidden[layer], place)
}

function drawTiles(context, small, { scene, shown, dropped }, box, layer, ink) {
  const values = shown[layer].map((index) => scene.activations[layer]?.[index] ?? 0)
  const largest = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1
  paint(small, box.columns, values, (value) => colorOf(value / largest))
  context.drawImage(small, box.x, box.y, box.columns * box.size, box.rows * box.size)
  const off = scene.off[layer]
  if (!off?.size && !dropped[layer]) return
  context.strokeStyle = ink
  context.lineWidth = 1
  shown[layer].forEach((index, place) => {
    const [x, y] = tileAt(box, place)
    if (off?.has(index)) drawCross(context, x, y, Math.max(box.size / 2 - 1, 1.5))
    else if (dropped[layer]?.[place]) {
      context.clearRect(x - box.size / 2, y - box.size / 2, box.size, box.size)
    }
  })
}

function drawCross(context, x, y, half) {
  context.globalAlpha = 0.75
  context.beginPath()
  context.moveTo(x - half, y - half)
  context.lineTo(x + half, y + half)
  context.moveTo(x - half, y + half)
  context.lineTo(x + half, y - half)
  context.stroke()
  context.globalAlpha = 1
}

function drawOutputs(context, { data, scene, shape }, ink) {
  const { probabilities } = scene
  const first = probabilities ? ranking(probabilities)[0] : -1
  const usual = context.font
  for (let digit = 0; digit < 10; digit++) {
    const share = probabilities?.[digit] ?? 0
    const [x, y] = tileAt(shape.outputs, digit)
    context.font = digit === first ? `bold ${usual}` : usual
    context.fillStyle = ink
    if (shape.isTall) {
      const bottom = shape.outputs.y + 70
      context.fillText(digit, x, shape.outputs.y + 14)
      context.fillStyle = data.colors[digit]
      context.fillRect(x - 8, bottom - 48 * share, 16, Math.max(48 * share, 1))
      continue
    }
    const left = shape.outputs.x
    context.textAlign = "center"
    context.fillText(digit, left + 12, y + 4)
    context.textAlign = "left"
    if (share >= 0.005) context.fillText(percent(share), left + 28 + 52 * share, y + 4)
    context.fillStyle = data.colors[digit]
    context.fillRect(left + 24, y - 7, Math.max(52 * share, 1), 14)
  }
  context.font = usual
}

function drawSelection(context, { shape, selected }, ink) {
  if (!selected) return
  const box = shape.hidden[selected.layer]
  const [x, y] = tileAt(box, selected.place)
  context.strokeStyle = ink
  context.lineWidth = 2
  context.strokeRect(x - box.size / 2 - 2, y - box.size / 2 - 2, box.size + 4, box.size + 4)
}
