//! The curve y² = x³ + x over F_q (execution §9.1).

use crypto_bigint::Uint;

use super::field::{is_zero, Element, Field};

/// How often hashing to the curve may try: each time succeeds with chance ½, so that only a made-up field gets here.
const HASH_ATTEMPTS_MAX: usize = 128;

/// A point other than infinity.
#[derive(Clone, Copy)]
pub struct Point<const L: usize> {
    /// The first coordinate.
    pub x: Element<L>,
    /// The second coordinate.
    pub y: Element<L>,
}

impl<const L: usize> Point<L> {
    /// From x ‖ y; `None` for another length or if it is not on the curve.
    pub fn decode(field: &Field<L>, bytes: &[u8]) -> Option<Self> {
        let (x, y) = bytes.split_at_checked(field.modulus.size)?;
        let (x, y) = (field.decode(x)?, field.decode(y)?);
        (y.square() == right_side(&x)).then_some(Self { x, y })
    }

    /// x ‖ y
    pub fn encode(&self, field: &Field<L>) -> Vec<u8> {
        [field.encode(&self.x), field.encode(&self.y)].concat()
    }

    /// The point of a message: the first of x, x² + 1, … on the curve, the odd one of its two y, times the cofactor.
    /// `None` if that is infinity, or none of many x is on the curve.
    pub fn hash(field: &Field<L>, cofactor: &Uint<L>, message: &[u8]) -> Option<Self> {
        let mut x = field.element(&field.modulus.reduce_hash(message));
        for _ in 0..HASH_ATTEMPTS_MAX {
            if let Some(root) = field.square_root(&right_side(&x)) {
                let is_odd = bool::from(root.retrieve().is_odd());
                let y = if is_odd { root } else { -root };
                return Self { x, y }.multiply(field, cofactor).to_point();
            }
            x = x.square() + field.one();
        }
        None
    }

    /// The multiple of a point.
    pub fn multiply(&self, field: &Field<L>, factor: &Uint<L>) -> ProjectivePoint<L> {
        Self::sum_of_multiples(field, (self, factor), (self, &Uint::ZERO))
    }

    /// The sum of multiples of two points, doubling once for both, two bits at a time.
    pub fn sum_of_multiples(
        field: &Field<L>,
        (left, left_factor): (&Self, &Uint<L>),
        (right, right_factor): (&Self, &Uint<L>),
    ) -> ProjectivePoint<L> {
        // sums[i + 4j] = i·left + j·right
        let (left, right) = (left.to_projective(field), right.to_projective(field));
        let mut sums = [ProjectivePoint::infinity(field); 16];
        for index in 1..16 {
            sums[index] =
                if index % 4 == 0 { sums[index - 4].add(&right) } else { sums[index - 1].add(&left) };
        }
        let digit = |factor: &Uint<L>, at: u32| {
            usize::from(factor.bit_vartime(2 * at)) + 2 * usize::from(factor.bit_vartime(2 * at + 1))
        };
        let bits = left_factor.bit_width_vartime().max(right_factor.bit_width_vartime());
        let mut result = ProjectivePoint::infinity(field);
        for at in (0..bits.div_ceil(2)).rev() {
            result = result.double().double();
            let chosen = digit(left_factor, at) + 4 * digit(right_factor, at);
            if chosen != 0 {
                result = result.add(&sums[chosen]);
            }
        }
        result
    }

    /// The point with z = 1.
    pub fn to_projective(self, field: &Field<L>) -> ProjectivePoint<L> {
        ProjectivePoint { x: self.x, y: self.y, z: field.one() }
    }
}

/// The point (x/z², y/z³), or infinity if z = 0.
#[derive(Clone, Copy)]
pub struct ProjectivePoint<const L: usize> {
    /// x·z²
    pub x: Element<L>,
    /// y·z³
    pub y: Element<L>,
    /// The common denominator.
    pub z: Element<L>,
}

/// What doubling a point knows of the tangent there.
pub struct Tangent<const L: usize> {
    /// 3x² + z⁴
    pub slope: Element<L>,
    /// z² of the point that was doubled
    pub z_square: Element<L>,
    /// y² of the point that was doubled
    pub y_square: Element<L>,
}

impl<const L: usize> ProjectivePoint<L> {
    fn infinity(field: &Field<L>) -> Self {
        Self { x: field.one(), y: field.one(), z: field.zero() }
    }

    /// Twice the point.
    pub fn double(&self) -> Self {
        self.double_with_tangent().0
    }

    /// Twice the point, and the tangent.
    pub fn double_with_tangent(&self) -> (Self, Tangent<L>) {
        let (x_square, y_square, z_square) = (self.x.square(), self.y.square(), self.z.square());
        let slope = x_square + x_square + x_square + z_square.square();
        let chord = (self.x * y_square).double().double();
        let y_fourth = y_square.square().double().double().double();
        let x = slope.square() - chord.double();
        let doubled = Self { x, y: slope * (chord - x) - y_fourth, z: (self.y * self.z).double() };
        (doubled, Tangent { slope, z_square, y_square })
    }

    /// The sum of two points.
    pub fn add(&self, other: &Self) -> Self {
        if is_zero(&self.z) {
            return *other;
        }
        if is_zero(&other.z) {
            return *self;
        }
        let (z_square, other_z_square) = (self.z.square(), other.z.square());
        let (x, y) = (self.x * other_z_square, self.y * other_z_square * other.z);
        let run = other.x * z_square - x;
        let rise = other.y * z_square * self.z - y;
        if is_zero(&run) && is_zero(&rise) {
            return self.double();
        }
        // Opposite points have run = 0 and so add up to z = 0, infinity.
        let run_square = run.square();
        let run_cube = run_square * run;
        let middle = x * run_square;
        let sum_x = rise.square() - run_cube - middle.double();
        Self { x: sum_x, y: rise * (middle - sum_x) - y * run_cube, z: self.z * other.z * run }
    }

    /// The point without denominators; `None` if it is infinity.
    pub fn to_point(self) -> Option<Point<L>> {
        if is_zero(&self.z) {
            return None;
        }
        let inverse = self.z.invert_vartime().into_option()?;
        let square = inverse.square();
        Some(Point { x: self.x * square, y: self.y * square * inverse })
    }
}

/// x³ + x
fn right_side<const L: usize>(x: &Element<L>) -> Element<L> {
    x.square() * *x + *x
}
