// Compiles src/<Name>.sol into ../src/hansa/sdk/artifacts/<Name>.json (`abi` and `bin`), with the EVM version this chain
// runs. What a file has besides its namesake, such as interfaces, gets no artifact of its own.
"use strict";
const fs = require("fs");
const path = require("path");
const solc = require("solc");

const artifacts = path.join(__dirname, "..", "src", "hansa", "sdk", "artifacts");
const names = fs.readdirSync(path.join(__dirname, "src"));
const input = {
  language: "Solidity",
  sources: Object.fromEntries(
    names.map((name) => [name, { content: fs.readFileSync(path.join(__dirname, "src", name), "utf8") }])
  ),
  settings: {
    evmVersion: "istanbul",
    optimizer: { enabled: true, runs: 200 },
    outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } },
  },
};
const output = JSON.parse(solc.compile(JSON.stringify(input)));
const errors = (output.errors || []).filter((entry) => entry.severity === "error");
if (errors.length > 0) {
  console.error(errors.map((entry) => entry.formattedMessage).join("\n"));
  process.exit(1);
}
for (const [file, contracts] of Object.entries(output.contracts)) {
  const name = path.basename(file, ".sol");
  const contract = contracts[name];
  if (contract !== undefined) {
    const artifact = { compiler: `solc ${solc.version()}`, abi: contract.abi, bin: contract.evm.bytecode.object };
    fs.writeFileSync(path.join(artifacts, `${name}.json`), JSON.stringify(artifact, null, 1) + "\n");
  }
}
