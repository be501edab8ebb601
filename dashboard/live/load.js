// Loads the module, and has it draw. Where it cannot be loaded, the server's answer is said.
const main = new URL("lab/live/VERSION/main.js", window.__streamlit?.BACKEND_BASE_URL ?? document.baseURI)

const sayServed = ({ data, parentElement }) => {
  if (data.part !== "answer") return
  const answer = data.served?.probabilities
  const words = answer ? `Read as ${answer.indexOf(Math.max(...answer))}` : data.empty ?? ""
  const place = parentElement.querySelector("h2") ?? document.createElement("h2")
  place.textContent = words
  parentElement.append(place)
}

export default (component) => {
  let isGone = false
  import(main).then(
    (module) => isGone || module.render(component),
    (error) => {
      console.info("The page stays with the server's answers:", error.message)
      sayServed(component)
    },
  )
  return () => {
    isGone = true
    if (component.parentElement.isConnected) return // overtaken by a newer update, not gone
    import(main).then((module) => module.unmount(component), () => {})
  }
}
