// Asks @cloud-copilot/iam-simulate: node ask_iam_simulate.mjs MODULE WORKLOAD REPETITIONS MODE
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const [module, workload, repetitions, mode] = process.argv.slice(2)
const { runSimulation, runUnsafeSimulation } = await import(pathToFileURL(module).href)
const { policies, sets, requests } = JSON.parse(readFileSync(workload, 'utf8'))

const simulations = requests.map(([set, principal, action, resource, contextVariables]) => ({
  request: {
    principal,
    action,
    resource: { resource, accountId: principal.split(':')[4] },
    contextVariables
  },
  identityPolicies: sets[set].map((name) => ({ name, policy: policies[name] })),
  serviceControlPolicies: [],
  resourceControlPolicies: []
}))

async function decide(simulation) {
  if (mode === 'unvalidated') return runUnsafeSimulation(simulation, {})
  const found = await runSimulation(simulation, {})
  return found.resultType === 'error' ? found.errors.message : found.overallResult
}

const answers = []
for (const simulation of simulations) answers.push(await decide(simulation))

// Processor time, as the other scripts measure it. Node counts that of its helper threads too: where
// the clock on the wall says less, that counts.
async function seconds(rounds) {
  const begin = process.hrtime.bigint()
  const before = process.cpuUsage()
  for (let round = 0; round < rounds; round++) {
    for (const simulation of simulations) await decide(simulation)
  }
  const { user, system } = process.cpuUsage(before)
  return Math.min(Number(process.hrtime.bigint() - begin) / 1e9, (user + system) / 1e6)
}
// at least a quarter of a second each, after as long to warm up
let rounds = 1
while ((await seconds(rounds)) < 0.25) rounds *= 2
const rates = []
for (let n = 0; n < Number(repetitions); n++) {
  rates.push((rounds * simulations.length) / (await seconds(rounds)))
}
console.log(JSON.stringify({ rates, answers }))
