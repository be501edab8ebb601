// A drawn square -> the 28×28 that MNIST would have made of it, step by step as
// core/drawing/prepare.py does; Pillow's box filter included.

export const SIDE = 28
export const PIXELS = SIDE * SIDE
export const LEAST_INK = 0.1
export const ALL_STEPS = { crop: true, shrink: true, center: true }
const BOX_SIDE = 20
const MIDDLE = 14
const LEAST_CONTRAST = 8

/** How much ink is where, from 0 to 1, of RGBA bytes without transparency: {data, width, height}. */
export function findInk(rgba, width, height) {
  const data = new Float32Array(width * height)
  for (let i = 0, at = 0; i < data.length; i++, at += 4) {
    data[i] = (rgba[at] * 19595 + rgba[at + 1] * 38470 + rgba[at + 2] * 7471 + 0x8000) >> 16
  }
  return normalizeInk({ data, width, height })
}

/** Ink of grey values of any scale: paper, which most of the border shows, becomes 0. */
export function normalizeInk({ data, width, height }, leastContrast = LEAST_CONTRAST) {
  const paper = median(borderOf(data, width, height))
  let lowest = Infinity
  let highest = -Infinity
  for (const value of data) {
    if (value < lowest) lowest = value
    if (value > highest) highest = value
  }
  const isDark = paper - lowest > highest - paper
  const strongest = isDark ? paper - lowest : highest - paper
  const ink = new Float32Array(data.length)
  if (strongest >= leastContrast) {
    const scale = (isDark ? -1 : 1) / strongest
    for (let i = 0; i < ink.length; i++) ink[i] = Math.max((data[i] - paper) * scale, 0)
  }
  return { data: ink, width, height }
}

function borderOf(data, width, height) {
  const border = new Float32Array(2 * (width + height))
  for (let x = 0; x < width; x++) {
    border[2 * x] = data[x]
    border[2 * x + 1] = data[(height - 1) * width + x]
  }
  for (let y = 0; y < height; y++) {
    border[2 * (width + y)] = data[y * width]
    border[2 * (width + y) + 1] = data[y * width + width - 1]
  }
  return border
}

function median(values) {
  const sorted = values.sort()
  const half = sorted.length / 2
  return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2
}

/** The 28×28 of ink, Float32Array(784), or null if there is none; `steps` may be left out. */
export function prepareInk(ink, steps = ALL_STEPS) {
  return prepareSteps(ink, steps)?.image.data ?? null
}

/** As `prepareInk`, with what each step makes of the ink: {canvas, cropped, scaled, image}. */
export function prepareSteps(ink, steps) {
  const whole = { top: 0, bottom: ink.height, left: 0, right: ink.width }
  const marked = boundsOf(ink, 0)
  if (!marked) return null
  const bounds = (steps.crop && boundsOf(ink, LEAST_INK)) || whole
  const side = steps.shrink ? BOX_SIDE : SIDE
  const cropped = cut(ink, bounds)
  const box = fit(cropped, side)
  const [top, left] = steps.center
    ? findCenter(box)
    : [
        cornerOf((bounds.top + bounds.bottom) / 2 / ink.height, side),
        cornerOf((bounds.left + bounds.right) / 2 / ink.width, side),
      ]
  const image = new Float32Array(PIXELS)
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [row, column] = [y + top, x + left]
      if (row >= 0 && row < SIDE && column >= 0 && column < SIDE) {
        image[row * SIDE + column] = box.data[y * side + x]
      }
    }
  }
  return { canvas: ink, cropped, scaled: box, image: { data: image, width: SIDE, height: SIDE } }
}

function cornerOf(spot, side) {
  return clip(roundEven(spot * SIDE - side / 2), 0, SIDE - side)
}

/** The rows and columns in which there is more ink than `least`; null if there are none. */
function boundsOf({ data, width, height }, least) {
  let [top, bottom, left, right] = [height, 0, width, 0]
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (data[at] > least) {
        if (y < top) top = y
        bottom = y + 1
        if (x < left) left = x
        if (x >= right) right = x + 1
      }
    }
  }
  return bottom ? { top, bottom, left, right } : null
}

function cut({ data, width }, { top, bottom, left, right }) {
  const [rows, columns] = [bottom - top, right - left]
  const part = new Float32Array(rows * columns)
  for (let y = 0; y < rows; y++) {
    const start = (top + y) * width + left
    part.set(data.subarray(start, start + columns), y * columns)
  }
  return { data: part, width: columns, height: rows }
}

/** Scaled to fit side×side with the proportions kept, in the middle; the strongest is 1. */
function fit(ink, side) {
  const scale = side / Math.max(ink.height, ink.width)
  const height = Math.max(roundEven(ink.height * scale), 1)
  const width = Math.max(roundEven(ink.width * scale), 1)
  const small = resize(ink, width, height)
  const strongest = small.data.reduce((a, b) => Math.max(a, b), 0) || 1
  const box = new Float32Array(side * side)
  const [top, left] = [(side - height) >> 1, (side - width) >> 1]
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      box[(y + top) * side + x + left] = Math.max(small.data[y * width + x] / strongest, 0)
    }
  }
  return { data: box, width: side, height: side }
}

/** As Pillow's `resize` with its box filter: each pixel the mean of those whose middle it covers. */
function resize({ data, width, height }, newWidth, newHeight) {
  const across = spans(width, newWidth)
  const wide = new Float32Array(newWidth * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < newWidth; x++) {
      const [from, to] = across[x]
      let sum = 0
      for (let i = from; i < to; i++) sum += data[y * width + i]
      wide[y * newWidth + x] = sum / (to - from)
    }
  }
  const down = spans(height, newHeight)
  const result = new Float32Array(newWidth * newHeight)
  for (let y = 0; y < newHeight; y++) {
    const [from, to] = down[y]
    for (let x = 0; x < newWidth; x++) {
      let sum = 0
      for (let i = from; i < to; i++) sum += wide[i * newWidth + x]
      result[y * newWidth + x] = sum / (to - from)
    }
  }
  return { data: result, width: newWidth, height: newHeight }
}

/** From where to where each of `to` new pixels reaches over `from` old ones. */
function spans(from, to) {
  const scale = from / to
  const support = Math.max(scale, 1) / 2
  return Array.from({ length: to }, (_, place) => {
    const center = (place + 0.5) * scale
    let first = Math.max(Math.trunc(center - support + 0.5), 0)
    let last = Math.min(Math.trunc(center + support + 0.5), from)
    const isInside = (i) => {
      const away = (i - center + 0.5) / Math.max(scale, 1)
      return away > -0.5 && away <= 0.5
    }
    while (first < last - 1 && !isInside(first)) first++
    while (last > first + 1 && !isInside(last - 1)) last--
    return [first, last]
  })
}

/** Where to lay the box so that its centre of mass is in the middle and no ink falls off. */
function findCenter({ data, width: side }) {
  const sums = { rows: new Float64Array(side), columns: new Float64Array(side) }
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      sums.rows[y] += data[y * side + x]
      sums.columns[x] += data[y * side + x]
    }
  }
  return [sums.rows, sums.columns].map((sum) => {
    const mass = sum.reduce((a, b) => a + b, 0) || 1
    const mean = sum.reduce((a, b, i) => a + b * i, 0) / mass
    const first = sum.findIndex((value) => value > 0)
    const last = sum.findLastIndex((value) => value > 0)
    return clip(roundEven(MIDDLE - mean), -first, SIDE - (last + 1))
  })
}

const clip = (value, low, high) => Math.min(Math.max(value, low), high)

/** To the nearest whole number, halves to the even one, as Python does. */
function roundEven(value) {
  const rounded = Math.round(value)
  return rounded - value === 0.5 && rounded % 2 ? rounded - 1 : rounded
}
