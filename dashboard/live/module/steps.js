// How a drawing is prepared as MNIST was, step by step, as it is drawn.

import { h, paintInk } from "./page.js"
import { follow } from "./scene.js"

const SIDE = 132

export function mountSteps(root) {
  const figures = ["canvas", "cropped", "scaled", "image"].map((step) => {
    const canvas = h("canvas", { width: SIDE, height: SIDE, role: "img" })
    const caption = h("figcaption")
    return { step, canvas, caption, element: h("figure", {}, canvas, caption) }
  })
  const strip = h("div", { className: "figures steps" }, ...figures.map((one) => one.element))
  root.append(h("div", { className: "part" }, strip))
  const copy = document.createElement("canvas")
  const follower = follow(draw)
  let scene = null

  function draw() {
    strip.hidden = !scene.preparation
    if (!scene.preparation) return
    figures.forEach(({ step, canvas, caption }) => {
      const ink = scene.preparation[step]
      const name = step === "scaled" || step === "image" ? `${ink.width}×${ink.height}` : step
      if (caption.textContent !== name) {
        caption.textContent = name
        canvas.setAttribute("aria-label", `The drawing, ${name}`)
      }
      show(ink, canvas.getContext("2d"))
    })
  }

  function show(ink, context) {
    paintInk(copy, ink)
    const scale = SIDE / Math.max(ink.width, ink.height)
    const [width, height] = [scale * ink.width, scale * ink.height]
    context.imageSmoothingEnabled = scale < 1
    context.clearRect(0, 0, SIDE, SIDE)
    context.drawImage(copy, (SIDE - width) / 2, (SIDE - height) / 2, width, height)
  }

  function update(data) {
    scene = follower.to(data.scene)
    draw()
  }

  return { update, unmount: follower.stop }
}
