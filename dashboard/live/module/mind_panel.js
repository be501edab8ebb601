// The panel "What would change its mind?": the smallest change of a drawing that was found, and the
// picture that excites a digit most.

import { changeMind, excite } from "./mind.js"
import { ranking } from "./network.js"
import { h, paintImage, paintWeights, percent } from "./page.js"
import { follow } from "./scene.js"

export function mountMind(root) {
  const choices = Array.from({ length: 10 }, (_, digit) =>
    h("button", { type: "button", "aria-pressed": "false" }, String(digit)),
  )
  const question = h("div", { className: "controls", role: "group", "aria-label": "The digit that it shall become" }, h("span", {}, "What would make it a"), ...choices)
  const figures = ["the drawing", "the difference", "read as"].map((name) => figure(name))
  const [drawing, difference, changed] = figures
  const ideal = figure("what excites it most")
  const words = h("p", { role: "status" })
  const pictures = h("div", { className: "figures" }, ...figures.map((one) => one.element), ideal.element)
  const empty = h("p", { className: "note" })
  root.append(h("div", { className: "part" }, question, pictures, words, empty))
  const follower = follow(draw)
  let scene = null
  let wanted = null
  let shownFor = null

  choices.forEach((choice, digit) => {
    choice.onclick = () => {
      wanted = digit
      draw()
    }
  })

  function draw() {
    if (scene.isDrawing) return
    const answer = scene.answer
    question.hidden = pictures.hidden = words.hidden = !answer
    empty.hidden = Boolean(answer)
    empty.textContent = scene.problem
    if (!answer) return
    const ranked = ranking(answer.probabilities)
    if (wanted === null || wanted === ranked[0]) wanted = ranked[1]
    choices.forEach((choice, digit) => {
      choice.disabled = digit === ranked[0]
      choice.setAttribute("aria-pressed", String(digit === wanted))
    })
    const now = [scene.network, scene.image, wanted, scene.offCount]
    if (shownFor?.every((value, i) => value === now[i])) return
    shownFor = now
    show(ranked[0])
  }

  function show(first) {
    const { network, image, off } = scene
    const found = changeMind(network, image, wanted, off)
    const best = excite(network, network.depth, wanted)
    paintImage(drawing.canvas, image)
    paintImage(ideal.canvas, best.image)
    drawing.name.textContent = `the drawing, read as ${first}`
    ideal.name.textContent = `what says ${wanted} loudest`
    difference.element.hidden = changed.element.hidden = !found
    if (!found) {
      words.textContent = `No small change that makes it a ${wanted} was found.`
      return
    }
    const change = found.image.map((value, i) => value - image[i])
    const size = sum(change.map(Math.abs)) / sum(image)
    paintWeights(difference.canvas, change)
    paintImage(changed.canvas, found.image)
    changed.name.textContent = `changed, read as ${ranking(found.answer.probabilities)[0]}`
    words.textContent =
      `Ink changed by ${percent(size)} of the drawing's makes it a ${wanted}: the smallest change ` +
      "that steps along the gradient found. Red is ink added, blue ink taken away. On the right, " +
      `the picture with as much ink as a digit that gives ${wanted} the highest score: no digit at all.`
  }

  function update(data) {
    scene = follower.to(data.scene)
    draw()
  }

  return { update, unmount: follower.stop }
}

function figure(caption) {
  const canvas = h("canvas", { width: 28, height: 28 })
  const name = h("figcaption", {}, caption)
  return { element: h("figure", {}, canvas, name), canvas, name }
}

const sum = (values) => values.reduce((a, b) => a + b, 0)
