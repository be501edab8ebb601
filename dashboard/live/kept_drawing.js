// Has this tab of the browser keep a drawing over a reload: tells the server what is kept until that
// knows it, then keeps what the server gives. Where the browser keeps nothing, since its storage is
// full or forbidden, the drawing ends with the page.
const AGAIN_MS = 2000
let timer

const attempt = (action) => {
  try {
    return action()
  } catch {
    return null
  }
}

export default ({ data, setTriggerValue }) => {
  clearInterval(timer)
  if (!data.is_known) {
    const kept = attempt(() => sessionStorage.getItem(data.name)) ?? ""
    setTriggerValue("kept", kept)
    timer = setInterval(() => setTriggerValue("kept", kept), AGAIN_MS)
  } else if (data.drawing) {
    attempt(() => sessionStorage.setItem(data.name, data.drawing))
  } else {
    attempt(() => sessionStorage.removeItem(data.name))
  }
  return () => clearInterval(timer)
}
