// Has this tab of the browser keep a drawing over a reload: tells the server what is kept as long
// as that does not know it, then keeps what the server gives. Where the browser keeps nothing, since
// its storage is full or forbidden, the drawing ends with the page.
const attempt = (action) => {
  try {
    return action()
  } catch {
    return null
  }
}

export default ({ data, setStateValue }) => {
  if (!data.is_known) {
    setStateValue("kept", attempt(() => sessionStorage.getItem(data.name)) ?? "")
  } else if (data.drawing) {
    attempt(() => sessionStorage.setItem(data.name, data.drawing))
  } else {
    attempt(() => sessionStorage.removeItem(data.name))
  }
}
