// A drawing with several digits -> the ink of each alone, as core/drawing/separate.py does.

import { LEAST_INK } from "./prepare.js"

const MAX_DIGITS = 20
const TALL = 0.5
const LARGE = 0.1
const MAX_PIECES = 30
const LEAST_GAP = 0.08
const LEAST_GAP_BELOW = 0.25
const BELOW = 0.3
const BELOW_IN_ONE_ROW = 0.6

/** The ink of each digit, in reading order; of one digit or none, the ink itself. */
export function separateDigits(ink) {
  const { labels, pieces } = findPieces(ink)
  if (pieces.length < 2) return [ink]
  const digitOf = findDigitOfPieces(pieces)
  const count = Math.max(...digitOf) + 1
  if (count === 1) return [ink]
  return readingOrder(pieces, digitOf, count).slice(0, MAX_DIGITS).map((digit) => {
    const data = new Float32Array(ink.data.length)
    let strongest = 0
    labels.forEach((label, i) => {
      if (label && digitOf[label - 1] === digit) {
        data[i] = ink.data[i]
        strongest = Math.max(strongest, data[i])
      }
    })
    return { ...ink, data: data.map((value) => value / strongest) }
  })
}

/** Connected ink, also over corners: the number of each pixel's piece, from 1, and the pieces. */
function findPieces({ data, width, height }) {
  const labels = new Int32Array(data.length)
  const pieces = []
  const stack = []
  for (let start = 0; start < data.length; start++) {
    if (data[start] <= LEAST_INK || labels[start]) continue
    const piece = { top: height, left: width, bottom: 0, right: 0, area: 0, edge: [] }
    pieces.push(piece)
    labels[start] = pieces.length
    stack.push(start)
    while (stack.length) {
      const at = stack.pop()
      const [y, x] = [Math.floor(at / width), at % width]
      piece.area++
      if (y < piece.top) piece.top = y
      if (y >= piece.bottom) piece.bottom = y + 1
      if (x < piece.left) piece.left = x
      if (x >= piece.right) piece.right = x + 1
      let isEdge = false
      for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, height - 1); row++) {
        for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, width - 1); column++) {
          const next = row * width + column
          if (data[next] <= LEAST_INK) {
            isEdge = true
          } else if (!labels[next]) {
            labels[next] = pieces.length
            stack.push(next)
          }
        }
      }
      if (isEdge) piece.edge.push(x, y)
    }
  }
  return { labels, pieces }
}

/** The number of the digit that each piece belongs to, from 0. */
function findDigitOfPieces(pieces) {
  const height = (piece) => piece.bottom - piece.top
  let large = pieces.map((_, i) => i)
  large = large.sort((a, b) => pieces[b].area - pieces[a].area || b - a).slice(0, MAX_PIECES)
  large = large.filter((i) => pieces[i].area >= LARGE * pieces[large[0]].area)
  const tallest = Math.max(...large.map((i) => height(pieces[i])))
  const tall = large.filter((i) => height(pieces[i]) >= TALL * tallest)
  const digits = tall.map((_, i) => i)
  for (let a = 0; a < tall.length; a++) {
    for (let b = 0; b < a; b++) {
      const [one, other] = [pieces[tall[a]], pieces[tall[b]]]
      const least = isBelow(one, other) ? LEAST_GAP_BELOW : LEAST_GAP
      if (gap(one, other) < least * Math.max(height(one), height(other))) {
        const joined = digits[a]
        digits.forEach((digit, i) => {
          if (digit === joined) digits[i] = digits[b]
        })
      }
    }
  }
  const numbers = [...new Set(digits)]
  return pieces.map((piece, i) => {
    let nearest = tall.indexOf(i)
    if (nearest < 0) {
      const gaps = tall.map((other) => gap(piece, pieces[other]))
      nearest = gaps.indexOf(Math.min(...gaps))
    }
    return numbers.indexOf(digits[nearest])
  })
}

/** The least distance between the edges of two pieces, in pixels. */
function gap({ edge: one }, { edge: other }) {
  let least = Infinity
  for (let i = 0; i < one.length; i += 2) {
    for (let j = 0; j < other.length; j += 2) {
      const [x, y] = [one[i] - other[j], one[i + 1] - other[j + 1]]
      const distance = x * x + y * y
      if (distance < least) least = distance
    }
  }
  return Math.sqrt(least)
}

/** Whether one piece is below the other, and not beside it. */
function isBelow(one, other) {
  const rows = overlap(one.top, one.bottom, other.top, other.bottom)
  const columns = overlap(one.left, one.right, other.left, other.right)
  return columns >= (rows >= 0.5 ? BELOW_IN_ONE_ROW : BELOW)
}

function overlap(start, end, otherStart, otherEnd) {
  const shared = Math.min(end, otherEnd) - Math.max(start, otherStart)
  return shared / Math.min(end - start, otherEnd - otherStart)
}

/** The digits line by line, each line from left to right. */
function readingOrder(pieces, digitOf, count) {
  let rest = Array.from({ length: count }, (_, digit) => {
    const own = pieces.filter((_, i) => digitOf[i] === digit)
    const least = (side) => Math.min(...own.map((piece) => piece[side]))
    const bottom = Math.max(...own.map((piece) => piece.bottom))
    return { digit, top: least("top"), left: least("left"), bottom }
  })
  const order = []
  while (rest.length) {
    const first = rest.reduce((a, b) => (b.top < a.top ? b : a))
    const middle = (first.top + first.bottom) / 2
    const line = rest.filter((box) => box.top < middle).sort((a, b) => a.left - b.left)
    order.push(...line.map((box) => box.digit))
    rest = rest.filter((box) => !line.includes(box))
  }
  return order
}
