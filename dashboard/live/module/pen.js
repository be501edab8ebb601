// The square that is drawn on, as it looks at this moment, with the stroke under the pen.

import { findInk } from "./prepare.js"

const SIDE = 280
const LOWER = "canvas.dc-canvas.lower-canvas"
const UPPER = "canvas.dc-canvas.upper-canvas"
const EDITS = ".dc-toolbar [aria-pressed='true']"
const CHECK_MS = 150 // the square is redrawn some time after Undo, Clear or a reload

/** Call `onInk(ink, isDown, start)` in each frame in which the square has changed, `start` being when
 * the work for it began; returns what ends that. */
export function watchPen(onInk) {
  const copy = new OffscreenCanvas(SIDE, SIDE)
  const context = copy.getContext("2d", { willReadFrequently: true })
  let isDown = false
  let isRequested = false
  let last = ""

  const read = () => {
    isRequested = false
    const start = performance.now()
    const root = findSquare()
    if (!root || root.querySelector(EDITS)) return // a stroke's handles are no ink
    context.fillStyle = "black"
    context.fillRect(0, 0, SIDE, SIDE)
    for (const name of [LOWER, UPPER]) {
      const canvas = root.querySelector(name)
      if (canvas?.width) context.drawImage(canvas, 0, 0, SIDE, SIDE)
    }
    const { data } = context.getImageData(0, 0, SIDE, SIDE)
    const mark = markOf(data)
    if (mark !== last) onInk(findInk(data, SIDE, SIDE), isDown, start)
    last = mark
  }
  const readSoon = () => {
    if (isRequested) return
    isRequested = true
    requestAnimationFrame(read)
  }
  let pen = null // the pointer that draws
  const isOther = (event) => isDown && event.pointerId !== pen
  const onDown = (event) => {
    if (isOther(event)) return
    pen = event.pointerId
    isDown = event.button === 0 && isSquare(event)
    last = isDown ? "" : last
  }
  const onMove = (event) => isDown && !isOther(event) && readSoon()
  const onUp = (event) => {
    if (isOther(event)) return
    if (isDown) last = ""
    isDown = false
    readSoon()
  }
  const events = { pointerdown: onDown, pointermove: onMove, pointerup: onUp, pointercancel: onUp }
  Object.entries(events).forEach(([name, on]) => document.addEventListener(name, on, true))
  const timer = setInterval(readSoon, CHECK_MS)
  readSoon()
  return () => {
    clearInterval(timer)
    Object.entries(events).forEach(([name, on]) => document.removeEventListener(name, on, true))
  }
}

function isSquare(event) {
  const [target] = event.composedPath()
  return target instanceof HTMLCanvasElement && target.matches(UPPER)
}

/** The shadow root that holds the square; null if there is none on the page. */
function findSquare() {
  for (const place of document.querySelectorAll("[class*='st-key-canvas_'] *")) {
    if (place.shadowRoot?.querySelector(LOWER)) return place.shadowRoot
  }
  return null
}

/** A short text that differs where two squares do, but for luck. */
function markOf(data) {
  let mark = 0
  for (let i = 0; i < data.length; i += 4) {
    if (data[i]) mark = (Math.imul(mark, 31) + data[i] * (i + 1)) | 0
  }
  return String(mark)
}
