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

/** Draw weights, (784,), on a canvas of 28×28: red adds, blue takes away, by the largest of them. */
export function paintWeights(canvas, weights) {
  const largest = weights.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1
  paint(canvas, 28, weights, (weight) => {
    const share = Math.abs(weight) / largest
    return [...(weight > 0 ? RED : BLUE), Number.isFinite(share) ? 255 * share ** 0.7 : 0]
  })
}

/** Draw grey values from 0 to 1, (784,), on a canvas of 28×28: white ink on black. */
export function paintImage(canvas, image) {
  paint(canvas, 28, image ?? new Float32Array(784), (value) => {
    const grey = 255 * value
    return [grey, grey, grey, 255]
  })
}

/** Draw values on a canvas with `columns`, a pixel each, in the colour of each. */
export function paint(canvas, columns, values, colorOf) {
  const rows = Math.ceil(values.length / columns)
  if (canvas.width !== columns || canvas.height !== rows) {
    canvas.width = columns
    canvas.height = rows
  }
  const picture = new ImageData(columns, rows)
  for (let i = 0; i < values.length; i++) picture.data.set(colorOf(values[i], i), 4 * i)
  canvas.getContext("2d").putImageData(picture, 0, 0)
}

/** The bytes of base64. */
export const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))

/** Pictures of 784 grey bytes each, in base64, as Float32Arrays from 0 to 1. */
export function pictures(text) {
  const grey = Float32Array.from(bytes(text), (value) => value / 255)
  return Array.from({ length: grey.length / 784 }, (_, i) => grey.slice(784 * i, 784 * (i + 1)))
}
