// A dense network: its answer, what each unit does to it, and its gradients. Weights come as
// core/runs/browser_weights.py packs them. Arrays are Float32Array; a layer's number counts from 0.

import { PIXELS } from "./prepare.js"

/** Each activation, of a weighted sum, and its slope, of the sum and what became of it. */
const ACTIVATIONS = {
  relu: { of: (z) => (z > 0 ? z : 0), slope: (z, a) => (a > 0 ? 1 : 0) },
  tanh: { of: Math.tanh, slope: (z, a) => 1 - a * a },
  sigmoid: { of: (z) => 1 / (1 + Math.exp(-z)), slope: (z, a) => a * (1 - a) },
  elu: { of: (z) => (z > 0 ? z : Math.expm1(z)), slope: (z, a) => (z > 0 ? 1 : a + 1) },
  gelu: { of: (z) => z * normal(z), slope: (z) => normal(z) + z * density(z) },
}

/** The standard normal distribution, by Abramowitz and Stegun 7.1.26: within 1e-7. */
function normal(z) {
  const x = Math.abs(z) / Math.SQRT2
  const t = 1 / (1 + 0.3275911 * x)
  const sum = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  const tail = (sum * Math.exp(-x * x)) / 2
  return z > 0 ? 1 - tail : tail
}

const density = (z) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)

let halves

/** float16 bytes as Float32Array. */
export function decodeHalves(buffer) {
  halves ??= Float32Array.from({ length: 65536 }, (_, bits) => {
    const [sign, power, rest] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023]
    if (power === 31) return rest ? NaN : sign * Infinity
    return sign * (power ? 2 ** (power - 15) * (1 + rest / 1024) : 2 ** -14 * (rest / 1024))
  })
  const bits = new DataView(buffer)
  const values = new Float32Array(buffer.byteLength / 2)
  for (let i = 0; i < values.length; i++) values[i] = halves[bits.getUint16(2 * i, true)]
  return values
}

export class Network {
  /** `hidden` are the hidden layers' units; `buffer` holds each kernel and bias. */
  constructor(hidden, activation, buffer) {
    const values = decodeHalves(buffer)
    const widths = [PIXELS, ...hidden, 10]
    this.activation = ACTIVATIONS[activation]
    this.isRelu = activation === "relu"
    let at = 0
    const take = (length) => values.subarray(at, (at += length))
    this.layers = widths.slice(1).map((units, number) => {
      const inputs = widths[number]
      const kernel = take(inputs * units)
      return { inputs, units, kernel, bias: take(units), largest: largestOfRows(kernel, units) }
    })
    if (at !== values.length) throw new Error(`${values.length} weights, expected ${at}`)
  }

  get depth() {
    return this.layers.length - 1
  }

  /** What the network makes of pixels, with `off`, a Set of units for each hidden layer. */
  answer(pixels, off = []) {
    const result = { pixels, sums: [], activations: [], off }
    return this.#continue(result, 0, pixels)
  }

  #continue(result, first, values) {
    for (let number = first; number < this.layers.length; number++) {
      const sums = this.#sum(this.layers[number], values)
      if (number === this.depth) {
        return { ...result, logits: sums, probabilities: softmax(sums) }
      }
      const { of } = this.activation
      values = new Float32Array(sums.length)
      for (let i = 0; i < values.length; i++) values[i] = of(sums[i])
      result.off[number]?.forEach((unit) => (values[unit] = 0))
      result.sums[number] = sums
      result.activations[number] = values
    }
  }

  #sum({ units, kernel, bias }, values) {
    const sums = bias.slice()
    for (let i = 0; i < values.length; i++) {
      const value = values[i]
      if (value === 0) continue
      const row = i * units
      for (let j = 0; j < units; j++) sums[j] += value * kernel[row + j]
    }
    return sums
  }

  /** How the sum of the logits, each times its `weight`, depends on pixels and activations. */
  gradients(result, weights) {
    let slopes = Float32Array.from(weights)
    const activations = []
    for (let number = this.depth; number >= 0; number--) {
      const below = this.#back(this.layers[number], slopes)
      if (number === 0) return { pixels: below, activations }
      activations[number - 1] = below
      slopes = this.#throughActivation(result, number - 1, below)
    }
  }

  /** How a unit's weighted sum depends on the pixels. */
  unitGradient(result, layer, unit) {
    let slopes = new Float32Array(this.layers[layer].units)
    slopes[unit] = 1
    for (let number = layer; number > 0; number--) {
      slopes = this.#throughActivation(result, number - 1, this.#back(this.layers[number], slopes))
    }
    return this.#back(this.layers[0], slopes)
  }

  #throughActivation({ sums, activations, off }, number, slopes) {
    const { slope } = this.activation
    const through = new Float32Array(slopes.length)
    for (let i = 0; i < through.length; i++) {
      through[i] = slopes[i] * slope(sums[number][i], activations[number][i])
    }
    off[number]?.forEach((unit) => (through[unit] = 0))
    return through
  }

  #back({ inputs, units, kernel }, slopes) {
    const marked = []
    for (let j = 0; j < units; j++) if (slopes[j] !== 0) marked.push(j)
    const below = new Float32Array(inputs)
    for (let i = 0; i < inputs; i++) {
      const row = i * units
      let sum = 0
      for (const j of marked) sum += kernel[row + j] * slopes[j]
      below[i] = sum
    }
    return below
  }

  /** What a unit says to each digit: how much its logit falls when the unit is switched off. */
  effect(result, layer, unit) {
    const values = result.activations[layer].slice()
    values[unit] = 0
    const without = this.#continue({ ...result, sums: [], activations: [] }, layer + 1, values)
    return result.logits.map((logit, digit) => logit - without.logits[digit])
  }

  /** The picture that a unit looks for, (784,): its weights, or the sum of the pictures below it,
   * each times its weight, which leaves out the activations between. The last layer's are the
   * digits. */
  picture(layer, unit) {
    const { inputs, units, kernel } = this.layers[layer]
    let weights = new Float32Array(inputs)
    for (let i = 0; i < inputs; i++) weights[i] = kernel[i * units + unit]
    for (let number = layer - 1; number >= 0; number--) {
      weights = this.#back(this.layers[number], weights)
    }
    return weights
  }

  /** The `count` strongest of activation times weight from one layer to the next, the pixels being
   * number 0: [{from, to, value}]. Only what reaches a unit that is not at 0. */
  contributions(result, number, count) {
    const { units, kernel, largest } = this.layers[number]
    const values = number ? result.activations[number - 1] : result.pixels
    const reached = number === this.depth ? result.probabilities : result.activations[number]
    const found = []
    let least = 0
    for (let from = 0; from < values.length; from++) {
      if (Math.abs(values[from]) * largest[from] <= least) continue
      for (let to = 0, at = from * units; to < units; to++, at++) {
        const value = values[from] * kernel[at]
        if ((value > least || -value > least) && reached[to] !== 0) {
          found.push({ from, to, value })
          if (found.length >= 4 * count) least = keepStrongest(found, count)
        }
      }
    }
    keepStrongest(found, count)
    return found
  }
}

/** The largest weight of each row, whatever its sign. */
function largestOfRows(kernel, units) {
  const largest = new Float32Array(kernel.length / units)
  for (let row = 0, at = 0; row < largest.length; row++) {
    for (let j = 0; j < units; j++, at++) {
      const size = Math.abs(kernel[at])
      if (size > largest[row]) largest[row] = size
    }
  }
  return largest
}

/** Shorten `found` to the `count` strongest; the strength of the weakest of them. */
function keepStrongest(found, count) {
  found.sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
  found.length = Math.min(found.length, count)
  return found.length < count ? 0 : Math.abs(found[count - 1].value)
}

function softmax(logits) {
  const highest = logits.reduce((a, b) => Math.max(a, b))
  const powers = logits.map((logit) => Math.exp(logit - highest))
  const sum = powers.reduce((a, b) => a + b)
  return powers.map((power) => power / sum)
}

/** The digits from the most to the least probable. */
export function ranking(probabilities) {
  return Array.from(probabilities.keys()).sort((a, b) => probabilities[b] - probabilities[a])
}
