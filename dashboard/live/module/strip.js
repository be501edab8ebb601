// The live strip: what the network thinks of ten test digits, and of one's own last drawing.

import { loadDrawing } from "./load_drawing.js"
import { h, paintImage, percent, pictures } from "./page.js"
import { follow } from "./scene.js"

const NAME = "Probabilities of ten test digits, and of your last drawing"

export function mountStrip(root) {
  const head = h("tr", {}, h("td"))
  const rows = Array.from({ length: 10 }, (_, digit) => h("tr", {}, h("th", { scope: "row" }, String(digit))))
  const table = h("table", { className: "strip", "aria-label": NAME }, h("thead", {}, head), h("tbody", {}, ...rows))
  root.append(h("div", { className: "part" }, table))
  let data = null
  const follower = follow(draw)
  let scene = null
  let own = null
  let columns = []

  function build(images) {
    columns = images.map((image, place) => {
      const name = place < 10 ? `test image of a ${place}` : "your last drawing"
      const picture = h("canvas", { width: 28, height: 28 })
      const button = h("button", { type: "button", title: `Show the network reading this ${name}` , "aria-label": name }, picture)
      paintImage(picture, image)
      button.onclick = () => {
        scene.isChosen = true
        scene.sample = place
        scene.setImage(image)
      }
      const cells = rows.map(() => h("td"))
      return { head: h("th", { scope: "col" }, button), cells }
    })
    head.replaceChildren(h("td"), ...columns.map((column) => column.head))
    rows.forEach((row, digit) => row.replaceChildren(row.firstChild, ...columns.map(({ cells }) => cells[digit])))
  }

  function draw() {
    const drawn = own && scene.network ? scene.network.answer(own).probabilities : null
    columns.forEach(({ head, cells }, place) => {
      const answer = place < 10 ? data.probabilities[place] : drawn
      head.classList.toggle("chosen", scene.sample === place)
      cells.forEach((cell, digit) => {
        const share = answer?.[digit] ?? 0
        cell.style.setProperty("--share", `${Math.round(100 * share)}%`)
        cell.title = answer ? `${digit}: ${percent(share)}` : ""
      })
    })
  }

  async function update(given) {
    const isFirst = !data
    data = given
    scene = follower.to(data.scene)
    scene.describe(data.network, data.is_training)
    if (isFirst) {
      build(pictures(data.digits))
      own = await loadDrawing(data.drawing_key)
      if (own) build([...pictures(data.digits), own])
    }
    draw()
  }

  return { update, unmount: follower.stop }
}
