// What the parts of one page show together: a network, a picture, the network's answer to it, the
// units that are switched off, and what the server answered. Tells the parts when it has changed.

import { Network } from "./network.js"
import { ALL_STEPS, PIXELS, prepareSteps } from "./prepare.js"
import { separateDigits } from "./separate.js"

const SAME = 0.02 // mean absolute difference of two pictures of the same drawing
const REST = 10 // while a run trains, fetching rests this many times as long as it took, ...
const LEAST_REST_MS = 1000 // ... and at least this long
const FRAMES = 200

const scenes = new Map()

/** The scene of this name, which the page's parts share. */
export function sceneOf(name) {
  if (!scenes.has(name)) scenes.set(name, new Scene())
  return scenes.get(name)
}

/** Has `draw` called as a scene changes: `to(name)` turns to the scene of this name and gives it. */
export function follow(draw) {
  let scene = null
  let stop = () => {}
  const to = (name) => {
    if (scene !== sceneOf(name)) {
      stop()
      scene = sceneOf(name)
      stop = scene.listen(draw)
    }
    return scene
  }
  return { to, stop: () => stop() }
}

class Scene {
  network = null
  description = null // of what it is: NetworkInBrowser in dashboard/live/components.py
  epoch = null // of the network
  problem = "" // why there is no network
  samples = null // pictures that go in one after another, of which `sample` is shown, ...
  sample = null
  isChosen = false // ... unless the user has chosen it
  image = null // Float32Array(784)
  ink = null // of the square that is drawn on, as findInk gives it
  preparation = null // of the ink, as prepareSteps gives it
  isDrawing = false
  off = []
  served = null // {image, probabilities, activations}: the server's answer
  frames = [] // milliseconds of the last frames while the pen was down
  #preparation = { steps: ALL_STEPS, chosen: 0 }
  #answer = null
  #listeners = new Set()
  #willTell = false
  #wanted = null // the address of the network that shall be shown
  #restsUntil = 0
  #later = 0 // the timer of what is fetched once fetching has rested

  /** Call `listener` once a frame after changes; returns what ends that. */
  listen(listener) {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  changed() {
    this.#answer = null
    if (this.#willTell) return
    this.#willTell = true
    requestAnimationFrame(() => {
      this.#willTell = false
      this.#listeners.forEach((listener) => listener())
    })
  }

  /** The network's answer to the picture, as `Network.answer` gives it; null without either. */
  get answer() {
    if (!this.network || !this.image) return null
    this.#answer ??= this.network.answer(this.image, this.off)
    return this.#answer
  }

  /** Each hidden layer's activations; the server's, if the browser does not know the network. */
  get activations() {
    return this.answer?.activations ?? (this.isDrawing ? [] : (this.served?.activations ?? []))
  }

  /** The ten probabilities: the server's for what it was asked, else the browser's; or null. */
  get probabilities() {
    const isChanged = this.network && this.offCount
    if (this.served && !this.isDrawing && !isChanged && this.#isServed()) {
      return this.served.probabilities
    }
    const own = this.answer?.probabilities
    return own?.every(Number.isFinite) ? own : null
  }

  #isServed() {
    if (!this.image || !this.network) return true
    const sum = this.image.reduce((total, value, i) => total + Math.abs(value - this.served.image[i]), 0)
    return sum / PIXELS < SAME
  }

  get offCount() {
    return this.off.reduce((count, units) => count + (units?.size ?? 0), 0)
  }

  setImage(image) {
    this.image = image
    this.changed()
  }

  /** Take the ink of the square, and have all that it changes drawn at once: within this frame. */
  draw(ink, isDown, start) {
    this.ink = ink
    this.isDrawing = isDown
    if (isDown && this.network) this.served = null // it is of the drawing before this stroke
    this.#prepare()
    this.#answer = null
    this.#listeners.forEach((listener) => listener())
    if (isDown) this.frames = [...this.frames.slice(1 - FRAMES), performance.now() - start]
  }

  /** Take the steps of the preparation, and which digit of several is looked at, from 0. */
  prepareBy(steps, chosen) {
    this.#preparation = { steps, chosen }
    if (this.ink) this.#prepare()
    this.changed()
  }

  #prepare() {
    const { steps, chosen } = this.#preparation
    const digits = separateDigits(this.ink)
    this.preparation = prepareSteps(digits[Math.min(chosen, digits.length - 1)], steps)
    this.image = this.preparation?.image.data ?? null
  }

  /** Take what the server answered, and the picture that it answered, unless a square is drawn on,
   * which may be ahead of it. */
  serve(served, hasSquare) {
    this.served = served
    if (!hasSquare) {
      this.ink = this.preparation = null
      this.isDrawing = false
      this.image = served?.image ?? null
    }
    this.changed()
  }

  toggle(layer, unit) {
    const units = (this.off[layer] ??= new Set())
    if (!units.delete(unit)) units.add(unit)
    this.changed()
  }

  restore() {
    this.off = []
    this.changed()
  }

  /** Show the network of this description, which is fetched; `isPassing` if another soon follows. */
  async describe(description, isPassing = false) {
    const { url } = description
    if (this.description?.run !== description.run) {
      this.off = []
      this.network = this.#wanted = null
      this.problem = ""
      this.changed()
    }
    if (description.problem) this.#drop(description.problem)
    this.description = description
    if (!url || this.#wanted === url) return
    clearTimeout(this.#later)
    const rest = this.#restsUntil - performance.now()
    if (isPassing && rest > 0) {
      this.#later = setTimeout(() => this.#isOf(description) && this.describe(description, true), rest)
      return
    }
    this.#wanted = url
    const start = performance.now()
    try {
      const buffer = await fetchWeights(url)
      if (this.#wanted !== url) return // another is by now
      this.network = new Network(description.hidden, description.activation, buffer)
      this.epoch = description.epoch
      this.problem = ""
    } catch (error) {
      console.info("The network stays with the server:", error.message)
      if (this.#wanted !== url) return
      if (isPassing && this.network) this.#wanted = null // another epoch soon follows
      else this.#drop("The network could not be fetched. The answers are the server's.")
    } finally {
      const took = performance.now() - start
      this.#restsUntil = performance.now() + Math.max(REST * took, LEAST_REST_MS)
    }
    this.changed()
  }

  #isOf({ run }) {
    return this.description.run === run
  }

  #drop(problem) {
    this.network = null
    this.#wanted = null
    this.problem = problem
    this.changed()
  }
}

/** The bytes at an address below the server's own. */
async function fetchWeights(url) {
  const response = await fetch(new URL(url, import.meta.url))
  if (!response.ok) throw new Error(`${response.status} for ${url}`)
  return response.arrayBuffer()
}
