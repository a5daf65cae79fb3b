"""A chain in one minute: build four nodes, start them, deploy a contract, use it, show that all nodes agree.

    make demo                           builds the package first, then runs this
    python examples/demo.py --help

The chain is left running. A second run uses the chain that is there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from hansa.sdk import Account, ChainClient, Receipt, load_artifact

HOST = "127.0.0.1"
NODE_COUNT = 4
P2P_PORT, CHANNEL_PORT, RPC_PORT = 30300, 20200, 8545
GREETINGS = ("Hello, Hansa", "Hello, consortium", "Hello, ledger")
HANSA = Path(sys.executable).with_name("hansa")


def main() -> None:
    """Run the demo."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--nodes", type=Path, default=Path("nodes"), help="folder of the chain (default: nodes)"
    )
    folder = parser.parse_args().nodes
    try:
        prepare(folder)
        asyncio.run(use(folder / HOST / "sdk"))
    except (subprocess.CalledProcessError, OSError) as error:
        sys.exit(f"the demo stopped: {error}\n  logs: {folder}/{HOST}/node*/nohup.out and node*/log/")
    farewell(folder)


def prepare(folder: Path) -> None:
    """Build the chain if it is not there, and start the nodes that do not run."""
    if folder.exists():
        say(f"using the chain under {folder}/")
    else:
        say(f"building a chain of {NODE_COUNT} nodes under {folder}/")
        ports = f"{P2P_PORT},{CHANNEL_PORT},{RPC_PORT}"
        command = [HANSA, "chain", "build", "-l", f"{HOST}:{NODE_COUNT}", "-p", ports, "-o", folder]
        subprocess.run(command, check=True)
    say("starting the nodes")
    subprocess.run([folder / HOST / "start_all.sh"], check=True)


async def use(sdk_folder: Path) -> None:
    """Deploy HelloWorld through node 0, greet through the others, read it back."""
    account, hello = Account.create(), load_artifact("HelloWorld")
    async with ChainClient.connect(sdk_folder, HOST, CHANNEL_PORT) as chain:
        say(f"deploying HelloWorld from account 0x{account.address.hex()}")
        deployed = await chain.deploy(account, hello)
        show(deployed)
        contract = deployed.contract_address
        say(f"the contract is at 0x{contract.hex()}")

    for index, greeting in enumerate(GREETINGS, start=1):
        async with ChainClient.connect(sdk_folder, HOST, CHANNEL_PORT + index) as chain:
            say(f"node{index}: set({greeting!r})")
            receipt = await chain.transact(account, contract, hello.call_data("set", greeting))
            show(receipt)

    await asyncio.to_thread(show_heads, receipt.height)
    async with ChainClient.connect(sdk_folder, HOST, CHANNEL_PORT) as chain:
        (answer,) = await chain.call(contract, hello, "get")
        say(f"node0: get() = {answer!r}")


def show(receipt: Receipt) -> None:
    """One receipt, one line."""
    print(
        f"  receipt: block {receipt.height}, status {receipt.status}, gas {receipt.gas_used:,}, "
        f"{len(receipt.logs)} log entries, hash 0x{receipt.hash.hex()[:16]}…"
    )


def show_heads(height: int) -> None:
    """The block of the last receipt as each node has it."""
    say("the heads")
    heads = set()
    for index in range(NODE_COUNT):
        block = wait_for_block(index, height)
        heads.add((block["hash"], block["stateRoot"]))
        print(f"  node{index}: block {height}  {block['hash']}")
    if len(heads) != 1:
        sys.exit("the nodes disagree: this must not happen, please report it with the logs")
    print("  all equal")


def wait_for_block(index: int, height: int) -> dict[str, Any]:
    """The block, once the node has it."""
    for _ in range(100):
        answer = rpc(index, "getBlockByNumber", 1, str(height), False)
        if "result" in answer:
            block: dict[str, Any] = answer["result"]
            return block
        time.sleep(0.1)
    sys.exit(f"node{index} does not reach block {height}")


def rpc(index: int, method: str, *parameters: object) -> dict[str, Any]:
    """JSON-RPC over HTTP, as curl would ask it."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
    with urllib.request.urlopen(f"http://{HOST}:{RPC_PORT + index}", body, timeout=10) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def farewell(folder: Path) -> None:
    """How to look further."""
    urls = " ".join(f"http://{HOST}:{RPC_PORT + index}" for index in range(NODE_COUNT))
    print(
        f"""
The chain is running.
  JSON-RPC      {urls}
  Channel       {HOST}:{CHANNEL_PORT} … {CHANNEL_PORT + NODE_COUNT - 1}
  certificates  {folder}/{HOST}/sdk  (ca.crt, sdk.crt, sdk.key)
  logs          {folder}/{HOST}/node0/log
  try           curl -s -d '{{"jsonrpc":"2.0","method":"getBlockNumber","params":[1],"id":1}}' http://{HOST}:{RPC_PORT}
  measure       make bench-demo
  stop          make demo-stop"""
    )


def say(text: str) -> None:
    """A step of the story."""
    print(f"• {text}", flush=True)


if __name__ == "__main__":
    main()
