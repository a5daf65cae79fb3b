"""Loyalty points: a contract in Python to begin with.

One account, the issuer, gives points; holders pass them on. Every node of a chain installs it:

    [execution]
    contracts=hansa.execution.samples.points:Points
"""

from hansa.execution import Address, Context, Contract, Table, fail, method

UINT256_MAX = (1 << 256) - 1


class Points(Contract):
    """Balances by holder. Whoever asks first becomes the issuer."""

    address = 0x5100

    @method("becomeIssuer()", returns="bool")
    def become_issuer(self, context: Context) -> bool:
        """True if there was no issuer yet."""
        settings = self._settings(context)
        if settings.first("issuer") is not None:
            return False
        settings.insert("issuer", {"value": context.sender.hex()})
        return True

    @method("issue(address,uint256)")
    def issue(self, context: Context, holder: Address, amount: int) -> None:
        """Give points; only the issuer may."""
        issuer = self._settings(context).first("issuer")
        if issuer is None or issuer["value"] != context.sender.hex():
            fail("only the issuer may issue")
        self._change(context, holder, amount)
        context.emit("Transfer(address indexed,address indexed,uint256)", bytes(20), holder, amount)

    @method("transfer(address,uint256)", returns="bool")
    def transfer(self, context: Context, target: Address, amount: int) -> bool:
        """Pass points on."""
        self._change(context, context.sender, -amount)
        self._change(context, target, amount)
        context.emit("Transfer(address indexed,address indexed,uint256)", context.sender, target, amount)
        return True

    @method("balanceOf(address)", returns="uint256")
    def balance_of(self, context: Context, holder: Address) -> int:
        """How many points somebody has."""
        row = self._balances(context).first(holder.hex())
        return 0 if row is None else row.integer("amount")

    @method("balancesOf(address[])", returns="uint256[]")
    def balances_of(self, context: Context, holders: list[Address]) -> list[int]:
        """The same for many."""
        return [self.balance_of(context, holder) for holder in holders]

    def _change(self, context: Context, holder: Address, amount: int) -> None:
        balance = self.balance_of(context, holder) + amount
        if not 0 <= balance <= UINT256_MAX:
            fail("not enough points" if balance < 0 else "too many points")
        self._balances(context).put(holder.hex(), {"amount": balance})

    def _settings(self, context: Context) -> Table:
        return context.own_table("settings", key_field="name", fields=["value"])

    def _balances(self, context: Context) -> Table:
        return context.own_table("balances", key_field="holder", fields=["amount"])
