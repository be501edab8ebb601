// What would change a network's mind about a picture, and what excites a unit or a digit most: by
// gradient steps on the pixels, which stay from 0 to 1.

import { ranking } from "./network.js"
import { PIXELS } from "./prepare.js"

const STEPS = 150
const LARGEST_STEP = 0.6 // Euclidean, of one step
const MARGIN = 0.02 // in logits, by which the wanted digit shall lead
const HALVINGS = 12
const NORM = 9.2 // Euclidean, of a picture: the mean over MNIST's training images
const CLIMBS = 80

/** The smallest change found that has the network answer `wanted`: {image, answer}, or null.
 *
 * Steps as DeepFool's (Moosavi-Dezfooli and others 2016): along the gradient of the lead of the
 * highest other digit, as long as a straight line says; then halved back as far as it holds.
 */
export function changeMind(network, pixels, wanted, off = []) {
  let image = pixels.slice()
  for (let step = 0; step < STEPS; step++) {
    const answer = network.answer(image, off)
    const rival = ranking(answer.logits).find((digit) => digit !== wanted)
    const lead = answer.logits[rival] - answer.logits[wanted]
    if (lead < 0) return halveBack(network, pixels, image, wanted, off)
    const weights = new Float32Array(10)
    weights[wanted] = 1
    weights[rival] = -1
    const slopes = network.gradients(answer, weights).pixels
    for (let i = 0; i < PIXELS; i++) {
      if ((image[i] <= 0 && slopes[i] < 0) || (image[i] >= 1 && slopes[i] > 0)) slopes[i] = 0
    }
    const norm = length(slopes)
    if (!(norm > 0)) return null
    const stride = Math.min((lead + MARGIN) / norm, LARGEST_STEP) / norm
    image = image.map((value, i) => clip(value + stride * slopes[i]))
  }
  return null
}

function halveBack(network, from, to, wanted, off) {
  const between = (share) => from.map((value, i) => value + share * (to[i] - value))
  let [low, high] = [0, 1]
  for (let step = 0; step < HALVINGS; step++) {
    const share = (low + high) / 2
    const [first] = ranking(network.answer(between(share), off).logits)
    if (first === wanted) high = share
    else low = share
  }
  const image = between(high)
  return { image, answer: network.answer(image, off) }
}

/** The picture, of as much ink as MNIST's, that excites a unit or (of the last layer) a digit most
 * of those that were found, and the weighted sum that it gives it: {image, value}. */
export function excite(network, layer, unit) {
  const valueOf = (image) => {
    const answer = network.answer(image)
    return [answer, layer === network.depth ? answer.logits[unit] : answer.sums[layer][unit]]
  }
  let image = bound(network.picture(layer, unit))
  let [answer, value] = valueOf(image)
  let best = { image, value }
  for (let step = 0; step < CLIMBS; step++) {
    const slopes = network.unitGradient(answer, layer, unit)
    const norm = length(slopes)
    if (!(norm > 0)) break
    const stride = (2 * (1 - step / CLIMBS)) / norm
    image = bound(image.map((pixel, i) => pixel + stride * slopes[i]))
    ;[answer, value] = valueOf(image)
    if (value > best.value) best = { image, value }
  }
  return best
}

/** From 0 to 1, and with as much ink as MNIST's pictures have. */
function bound(pixels) {
  const ink = pixels.map(clip)
  const scale = NORM / (length(ink) || 1)
  return ink.map((value) => clip(value * scale))
}

const clip = (value) => Math.min(Math.max(value, 0), 1)

const length = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))

/** The unit that helps the answer most: whose activation times gradient of the answer's lead before
 * the next digit is largest. {layer, unit}, or null if none helps. */
export function mostUseful(network, answer) {
  const [first, second] = ranking(answer.logits)
  const weights = new Float32Array(10)
  weights[first] = 1
  weights[second] = -1
  let best = { help: 0 }
  network.gradients(answer, weights).activations.forEach((slopes, layer) => {
    slopes.forEach((slope, unit) => {
      const help = slope * answer.activations[layer][unit]
      if (help > best.help) best = { layer, unit, help }
    })
  })
  return best.help > 0 ? best : null
}
