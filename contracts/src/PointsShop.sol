// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.6.0;

/// The sample contract in Python, src/hansa/execution/samples/points.py, as Solidity sees it.
interface Points {
    function transfer(address target, uint256 amount) external returns (bool);
    function balanceOf(address holder) external view returns (uint256);
}

/// Sells things for points it has been given.
contract PointsShop {
    Points constant points = Points(0x5100);

    uint256 public sold;

    event Sold(address indexed buyer, uint256 price);

    function stock() public view returns (uint256) {
        return points.balanceOf(address(this));
    }

    /// Pay a customer back; nothing is sold if the shop has too few points.
    function refund(address customer, uint256 amount) public {
        sold = sold + 1;
        require(points.transfer(customer, amount), "no refund");
        emit Sold(customer, amount);
    }

    /// The same, but a refund that fails is only counted.
    function tryRefund(address customer, uint256 amount) public returns (bool) {
        try points.transfer(customer, amount) returns (bool paid) {
            return paid;
        } catch Error(string memory) {
            sold = sold + 100;
            return false;
        }
    }
}
