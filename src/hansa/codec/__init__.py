"""Bytes ↔ values for what Python handles itself: consensus and sync packets, genesis.

Transactions, receipts, headers and blocks are encoded by the kernel.
"""
