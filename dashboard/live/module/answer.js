// What the network reads: a heading and ten bars, which follow the pen.

import { ranking } from "./network.js"
import { h, percent, pictures } from "./page.js"
import { watchPen } from "./pen.js"
import { follow } from "./scene.js"

export function mountAnswer(root) {
  const heading = h("h2")
  const rows = Array.from({ length: 10 }, (_, digit) => {
    const [name, bar, share] = [h("span", { className: "digit" }, String(digit)), h("i"), h("span")]
    const row = h("div", { className: "bar" }, name, h("div", {}, bar), share)
    return { row, name, bar, share }
  })
  const bars = h("div", { className: "bars", role: "img" }, ...rows.map(({ row }) => row))
  const note = h("p", { className: "note" })
  root.append(h("div", { className: "part" }, heading, bars, note))
  let data = {}
  const follower = follow(draw)
  let scene = null
  let endWatch = null

  function draw() {
    const answer = scene.probabilities
    heading.hidden = bars.hidden = !answer
    note.hidden = Boolean(answer)
    note.textContent = data.empty
    if (!answer) return
    const [first, second] = ranking(answer)
    const next = `${percent(answer[first])} sure; next ${second}, ${percent(answer[second])}`
    heading.replaceChildren(`Read as ${first} `, h("small", {}, next))
    rows.forEach(({ row, bar, share }, digit) => {
      bar.style.transform = `scaleX(${answer[digit]})`
      share.textContent = answer[digit] >= 0.005 ? percent(answer[digit]) : ""
      row.classList.toggle("first", digit === first)
    })
    if (!scene.isDrawing) {
      const all = Array.from(answer, (share, digit) => `${digit} ${percent(share)}`)
      bars.setAttribute("aria-label", `Ten probabilities: ${all.join(", ")}`)
    }
  }

  function update(given) {
    data = given
    scene = follower.to(data.scene)
    if (data.has_square) endWatch ??= watchPen((...drawn) => scene.draw(...drawn))
    else stopWatching()
    const served = data.served && { ...data.served, image: pictures(data.served.image)[0] }
    rows.forEach(({ name, bar }, digit) => {
      name.textContent = digit === data.true_digit ? `true ${digit}` : digit
      bar.style.background = data.colors[digit]
    })
    if (data.steps) scene.prepareBy(data.steps, data.chosen)
    scene.describe(data.network)
    scene.serve(served ?? null, data.has_square)
  }

  function stopWatching() {
    endWatch?.()
    endWatch = null
  }

  function unmount() {
    stopWatching()
    follower.stop()
  }

  return { update, unmount }
}
