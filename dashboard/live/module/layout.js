// Where everything stands in the picture of a network: columns side by side, or, on a narrow page,
// layers one below the other.

const NARROW = 620 // pixels: below it layers stand one below the other
export const MAX_TILES = 1024
const TITLE = 34

/** The units of a layer that are shown: all, or the MAX_TILES most active, in their order. Those in
 * the Set `off` are, too: they were. */
export function shownUnits(units, activations, off) {
  const all = Array.from({ length: units }, (_, unit) => unit)
  if (units <= MAX_TILES) return all
  if (!activations) return all.slice(0, MAX_TILES)
  const size = (unit) => (off?.has(unit) ? Number.MAX_VALUE : Math.abs(activations[unit]))
  const strongest = all.sort((a, b) => size(b) - size(a))
  return strongest.slice(0, MAX_TILES).sort((a, b) => a - b)
}

/** {width, height, isTall, input, hidden: [], outputs}: boxes {x, y, width, height, size, columns,
 * rows}, of tiles of `size` pixels, for layers of which `counts` units are shown. */
export function arrange(width, counts) {
  return width < NARROW ? arrangeTall(width, counts) : arrangeWide(width, counts)
}

function arrangeWide(width, counts) {
  const height = 250
  const output = 132
  const size = width > 900 && counts.length < 4 ? 6 : 4
  const gap = Math.min(96, Math.max(34, width / (6 + 3 * counts.length)))
  const input = box(0, TITLE + (height - 28 * size) / 2, 28, 28, size)
  const room = width - input.width - output - gap * (counts.length + 1)
  const share = Math.min(room / Math.max(counts.length, 1), 270)
  const used = input.width + output + counts.length * share
  const space = (width - used) / (counts.length + 1)
  let x = input.width + space
  const hidden = counts.map((count) => {
    const tile = tileSize(count, share, height)
    const rows = Math.min(count, Math.floor(height / tile))
    const columns = Math.ceil(count / rows)
    const real = Math.ceil(count / columns)
    const placed = box(x + (share - columns * tile) / 2, TITLE + (height - real * tile) / 2, columns, real, tile)
    x += share + space
    return placed
  })
  const row = 24
  const outputs = box(width - output, TITLE + (height - 10 * row) / 2, 1, 10, row)
  outputs.width = output
  return { width, height: height + TITLE + 6, isTall: false, input, hidden, outputs }
}

function arrangeTall(width, counts) {
  const gap = 52
  const input = box((width - 112) / 2, TITLE - 14, 28, 28, 4)
  let y = input.y + input.height + gap
  const hidden = counts.map((count) => {
    const tile = tileSize(count, width, 110)
    const columns = Math.min(count, Math.floor(width / tile))
    const rows = Math.ceil(count / columns)
    const placed = box((width - columns * tile) / 2, y, columns, rows, tile)
    y += placed.height + gap
    return placed
  })
  const cell = width / 10
  const outputs = box(0, y, 10, 1, cell)
  outputs.height = 74
  return { width, height: y + 80, isTall: true, input, hidden, outputs }
}

/** The largest tile, of 3 to 16 pixels, of which `count` fit. */
function tileSize(count, width, height) {
  for (let size = 16; size > 3; size--) {
    if (Math.floor(width / size) * Math.floor(height / size) >= count) return size
  }
  return 3
}

function box(x, y, columns, rows, size) {
  return { x: Math.round(x), y: Math.round(y), columns, rows, size, width: columns * size, height: rows * size }
}

/** The middle of the tile at a place of a box. */
export function tileAt({ x, y, columns, size }, place) {
  return [x + ((place % columns) + 0.5) * size, y + (Math.floor(place / columns) + 0.5) * size]
}

/** The place of the tile at a point; -1 if there is none. */
export function placeAt({ x, y, columns, rows, size }, pointX, pointY) {
  const [column, row] = [Math.floor((pointX - x) / size), Math.floor((pointY - y) / size)]
  return column >= 0 && column < columns && row >= 0 && row < rows ? row * columns + column : -1
}
