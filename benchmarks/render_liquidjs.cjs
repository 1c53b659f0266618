// Renders a Liquid template for people with LiquidJS; tells the page of one and pages a CPU second.
const { Liquid } = require("liquidjs")
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"))
const engine = new Liquid()
const symbols = { EUR: "€", USD: "$", GBP: "£" }
engine.registerFilter("money", (minor, currency) => {
  const amount = (minor / 100).toFixed(2).replace(/\B(?=(\d{3})+(?!\d))/g, ",")
  return (symbols[currency] ?? currency + " ") + amount
})
const template = engine.parse(asked.template)
const rates = []
const used = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
const end = used() + asked.seconds
while (used() < end || rates.length < 3) {
  const start = used()
  for (const values of asked.people) engine.renderSync(template, values)
  rates.push(asked.people.length / (used() - start))
}
const page = engine.renderSync(template, asked.people[3])
console.log(JSON.stringify({ rate: Math.max(...rates), page }))
