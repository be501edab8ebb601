// The drawing that this tab of the browser keeps, prepared as MNIST was.

import { findInk, prepareInk } from "./prepare.js"
import { separateDigits } from "./separate.js"

const SIDE = 280

/** The first digit of the drawing that is kept under this name, (784,); null if there is none. */
export async function loadDrawing(key) {
  try {
    const url = key && sessionStorage.getItem(key)
    if (!url) return null
    const picture = await createImageBitmap(await (await fetch(url)).blob())
    const context = new OffscreenCanvas(SIDE, SIDE).getContext("2d")
    context.fillRect(0, 0, SIDE, SIDE)
    context.drawImage(picture, 0, 0, SIDE, SIDE)
    const ink = findInk(context.getImageData(0, 0, SIDE, SIDE).data, SIDE, SIDE)
    return prepareInk(separateDigits(ink)[0])
  } catch {
    return null // storage is forbidden, or holds no picture
  }
}
