// Small things that the parts of the page share: elements, colours, numbers.

/** An element with properties, and children that are elements or texts. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("aria-") || name === "role") element.setAttribute(name, value)
    else element[name] = value
  }
  element.append(...children)
  return element
}

export const percent = (share) => `${(100 * share).toFixed(2)} %`
export const number = (value) => value.toLocaleString("en")
export const decimal = (value) => {
  const size = Math.abs(value)
  if (size >= 1e5) return value.toExponential(1)
  return size >= 0.01 || !size ? value.toFixed(2) : value.toFixed(4)
}
export const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches

export const RED = [224, 57, 62] // positive
export const BLUE = [43, 135, 209] // negative

/** The colour of a value from -1 to 1 as 32 bits, red if it is positive, blue if negative; the
 * nearer to 0, the more of the background is seen. */
export function colorOf(value) {
  const [red, green, blue] = value > 0 ? RED : BLUE
  const opacity = Number.isFinite(value) ? 255 * Math.abs(value) ** 0.7 : 0
  return (opacity << 24) | (blue << 16) | (green << 8) | red
}

/** Draw weights, (784,), on a canvas of 28×28: red adds, blue takes away, by the largest of them. */
export function paintWeights(canvas, weights) {
  const largest = weights.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1
  paint(canvas, 28, weights, (weight) => colorOf(weight / largest))
}

/** Draw grey values from 0 to 1, (784,), on a canvas of 28×28: white ink on black. */
export function paintImage(canvas, image) {
  paintInk(canvas, { data: image ?? new Float32Array(784), width: 28, height: 28 })
}

/** Draw ink from 0 to 1 on a canvas of its size: white on black. */
export function paintInk(canvas, { data, width, height }) {
  fit(canvas, width, height)
  const picture = new ImageData(width, height)
  const pixels = new Uint32Array(picture.data.buffer)
  for (let i = 0; i < data.length; i++) pixels[i] = 0xff000000 | (Math.floor(255 * data[i]) * 0x010101)
  canvas.getContext("2d").putImageData(picture, 0, 0)
}

function fit(canvas, width, height) {
  if (canvas.width === width && canvas.height === height) return
  canvas.width = width
  canvas.height = height
}

/** Draw values on a canvas with `columns`, a pixel each, in the colour of each, 32 bits. */
export function paint(canvas, columns, values, colorOf) {
  const rows = Math.ceil(values.length / columns)
  fit(canvas, columns, rows)
  const picture = new ImageData(columns, rows)
  const pixels = new Uint32Array(picture.data.buffer)
  for (let i = 0; i < values.length; i++) pixels[i] = colorOf(values[i])
  canvas.getContext("2d").putImageData(picture, 0, 0)
}

/** The bytes of base64. */
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))

/** Pictures of 784 grey bytes each, in base64, as Float32Arrays from 0 to 1. */
export function pictures(text) {
  const grey = Float32Array.from(bytes(text), (value) => value / 255)
  return Array.from({ length: grey.length / 784 }, (_, i) => grey.slice(784 * i, 784 * (i + 1)))
}
